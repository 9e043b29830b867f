"""Sleep cycles in PostgreSQL, with the groups of those that run; everything runs in the connection it gets.

What a cycle does next is decided in `cycle_saga.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.cycles import Cycle, CycleState, Wishes
from servers.cognitive.domain.grouping import Group
from servers.cognitive.domain.load import RELIEF
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/cycles.sql")


@dataclass(frozen=True, slots=True)
class Beginning:
    """A cycle to begin."""

    cycle_id: UUID
    agent_id: UUID
    cause: str
    wishes: Wishes
    load: float
    time: datetime


@dataclass(frozen=True, slots=True)
class SentGroup:
    """The group whose turn it is; `is_sent` says that memory may have heard of it, `left_count` counts it too."""

    number: int
    namespace: str
    memory_ids: tuple[UUID, ...]
    is_sent: bool
    by_rules: bool
    token_budget: int
    left_count: int


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """What memory answered of a group; without an id nothing was consolidated."""

    number: int
    fact_count: int
    used_tokens: int
    coverage: float
    consolidation_id: UUID | None


class CycleRows:
    """The statements."""

    async def begin(self, connection: Connection, tenant_id: TenantId, it: Beginning) -> Cycle | None:
        """Begin one; None where one of the agent runs."""
        wishes = (it.wishes.nrem, it.wishes.rem, it.wishes.token_budget, it.wishes.max_seconds)
        values = (tenant_id, it.cycle_id, it.agent_id, it.cause, *wishes, it.load, it.time)
        return _one(await connection.fetchrow(_SQL.begin, *values))

    async def find(
        self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, *, hold: bool = False
    ) -> Cycle | None:
        """One, held until the end of the transaction where that is wanted."""
        return _one(await connection.fetchrow(_SQL.lock if hold else _SQL.find, tenant_id, cycle_id))

    async def running(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> Cycle | None:
        """The one of an agent that runs."""
        return _one(await connection.fetchrow(_SQL.running, tenant_id, agent_id))

    async def list_some(
        self,
        connection: Connection,
        tenant_id: TenantId,
        agent_id: UUID,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[Cycle]:
        """Those of an agent, the newest first."""
        time, last = after or (None, None)
        return [cycle_of(row) for row in await connection.fetch(_SQL.list, tenant_id, agent_id, time, last, limit)]

    async def stop(self, connection: Connection, tenant_id: TenantId, cycle_id: UUID) -> Cycle | None:
        """Have it begin nothing any more; None where it is over."""
        return _one(await connection.fetchrow(_SQL.stop, tenant_id, cycle_id))

    async def enter(self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, step: str) -> Cycle | None:
        """Say which step runs; None where it must not."""
        return _one(await connection.fetchrow(_SQL.enter_step, tenant_id, cycle_id, step))

    async def note_problem(self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, reason: str) -> None:
        """Remember why a try failed."""
        await connection.execute(_SQL.note_problem, tenant_id, cycle_id, reason)

    async def lay_out(
        self,
        connection: Connection,
        tenant_id: TenantId,
        cycle_id: UUID,
        replayed: Sequence[UUID],
        groups: Sequence[Group],
        sentence: str,
    ) -> None:
        """Keep what is replayed and in which groups; a repeat changes nothing."""
        if await connection.fetchval(_SQL.lay_out, tenant_id, cycle_id, list(replayed), [sentence]) is None:
            return
        values = [
            (tenant_id, cycle_id, number, group.namespace, list(group.memory_ids))
            for number, group in enumerate(groups, 1)
        ]
        await connection.executemany(_SQL.add_groups, values)

    async def next_group(self, connection: Connection, tenant_id: TenantId, cycle_id: UUID) -> SentGroup | None:
        """The group whose turn it is."""
        row = await connection.fetchrow(_SQL.next_group, tenant_id, cycle_id)
        if row is None:
            return None
        return SentGroup(
            number=row["number"],
            namespace=row["namespace"],
            memory_ids=tuple(row["memory_ids"]),
            is_sent=row["state"] == 2,
            by_rules=row["by_rules"],
            token_budget=row["token_budget"],
            left_count=row["left_count"],
        )

    async def send(
        self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, number: int, tokens: int, *, by_rules: bool
    ) -> bool:
        """Note that memory may hear of a group from now on; False where it must not."""
        sent = await connection.fetchval(_SQL.send_group, tenant_id, cycle_id, number, tokens, by_rules)
        return sent is not None

    async def resend(
        self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, number: int, tokens: int
    ) -> bool:
        """Note that rules do what no model did, at the price of these tokens; False where it must not."""
        return await connection.fetchval(_SQL.resend_group, tenant_id, cycle_id, number, tokens) is not None

    async def end_group(self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, end: GroupEnd) -> None:
        """Count what came of a group."""
        made = [] if end.consolidation_id is None else [end.consolidation_id]
        counts = (end.number, end.fact_count, end.used_tokens, end.coverage, made)
        await connection.fetchval(_SQL.end_group, tenant_id, cycle_id, *counts)

    async def undo_group(
        self, connection: Connection, tenant_id: TenantId, cycle_id: UUID, number: int, tokens: int
    ) -> None:
        """The group that was on its way came to nothing, at the price of these tokens."""
        await connection.fetchval(_SQL.undo_group, tenant_id, cycle_id, number, tokens)

    async def say(
        self,
        connection: Connection,
        tenant_id: TenantId,
        cycle: Cycle,
        sentence: str,
    ) -> None:
        """Keep what a step came to: its sentence, and the hypotheses and the sweep of `cycle`."""
        said = ([sentence], cycle.hypothesis_count, cycle.swept_count, cycle.sweep_id)
        await connection.execute(_SQL.say, tenant_id, cycle.cycle_id, *said)

    async def end(
        self,
        connection: Connection,
        tenant_id: TenantId,
        cycle_id: UUID,
        state: CycleState,
        sentences: Sequence[str],
        load: float,
        now: datetime,
    ) -> Cycle | None:
        """End one; None where it was over."""
        row = await connection.fetchrow(_SQL.end_cycle, tenant_id, cycle_id, int(state), list(sentences), load, now)
        return _one(row)

    async def relieve(
        self, connection: Connection, tenant_id: TenantId, cycle: Cycle, now: datetime, *, nrem: bool, rem: bool
    ) -> None:
        """Take something off the load of its agent, and keep when memories were replayed and recombined."""
        await connection.execute(_SQL.relieve, tenant_id, cycle.agent_id, now, RELIEF, nrem, rem)


def _one(row: Any) -> Cycle | None:
    return None if row is None else cycle_of(row)


def cycle_of(row: Any) -> Cycle:
    """A row of `sleep_cycles`."""
    return Cycle(
        cycle_id=row["cycle_id"],
        agent_id=row["agent_id"],
        state=CycleState(row["state"]),
        step=row["step"],
        cause=row["cause"],
        wishes=Wishes(row["nrem"], row["rem"], row["token_budget"], row["max_seconds"]),
        stopping=row["stopping"],
        model_away=row["model_away"],
        problem=row["problem"],
        replayed_ids=tuple(row["replayed_ids"]),
        replayed_count=row["replayed_count"],
        group_count=row["group_count"],
        fact_count=row["fact_count"],
        hypothesis_count=row["hypothesis_count"],
        swept_count=row["swept_count"],
        coverage=row["coverage"],
        used_tokens=row["used_tokens"],
        load_before=row["load_before"],
        load_after=row["load_after"],
        sentences=tuple(row["sentences"]),
        consolidation_ids=tuple(row["consolidation_ids"]),
        sweep_id=row["sweep_id"],
        start_time=row["start_time"],
        end_time=row["end_time"],
    )
