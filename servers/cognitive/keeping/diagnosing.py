"""Examines a mind: reads it with its logs and says what is as it should be and what is not. Nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.domain import soundness
from servers.cognitive.domain.adaptation import KEPT_VERSIONS
from servers.cognitive.domain.modulation import Mind
from servers.cognitive.domain.soundness import Finding
from servers.cognitive.keeping.mind_store import MindStore
from servers.cognitive.keeping.replaying import replay_log
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.sleeping.cycle_rows import CycleRows
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/diagnosing.sql")
# So many of the newest are looked at.
_CYCLES: Final = 20


@dataclass(frozen=True, slots=True)
class Examination:
    """A mind, the length of its log, and everything that was examined."""

    mind: Mind
    log_length: int
    findings: Sequence[Finding]


class Diagnostics:
    """Examines the minds of all tenants; the tenant is handed in with each call."""

    def __init__(
        self, database: Database, minds: MindStore, states: StateStore, adaptations: AdaptationStore, clock: Clock
    ) -> None:
        self._database = database
        self._minds = minds
        self._states = states
        self._adaptations = adaptations
        self._cycles = CycleRows()
        self._clock = clock

    async def examine(self, tenant_id: TenantId, agent_id: UUID) -> Examination:
        """Look at all of a mind. What turns add meanwhile is left out: logs are read up to the versions seen first."""
        now = self._clock.now()
        mind, _ = await self._minds.read(tenant_id, agent_id, now)
        async with self._database.transaction(tenant_id) as connection:
            [counts] = await connection.fetch(_SQL.count_lines, agent_id, mind.state.version, mind.sleep.version)
            replay = await replay_log(self._states, connection, agent_id, mind.state, whole=False)
            newest = mind.adaptation.version + 1
            lessons = await self._adaptations.lines(connection, tenant_id, agent_id, newest, KEPT_VERSIONS)
            cycles = await self._cycles.list_some(connection, tenant_id, agent_id, None, _CYCLES)
        findings = [
            soundness.ranges(mind.state),
            soundness.log(mind.state, counts["lines"], counts["newest"]),
            soundness.replayed(mind.state, replay),
            soundness.weights(mind.adaptation),
            soundness.lessons(mind.adaptation, lessons[::-1]),
            soundness.entropy(mind.adaptation),
            soundness.sleep(mind.sleep, counts["sleep_state"]),
            soundness.load(mind.load, now),
            soundness.cycles(cycles, now),
            soundness.memory(mind.load, counts["places"]),
        ]
        return Examination(mind, counts["lines"], findings)
