"""Writing down what a turn has used before a further model call, so that whoever goes on with it bills each call once.

The first call is not noted here; its draft goes with the first events.
"""

import asyncio
from typing import Final

from servers.chat.domain.model import ModelRequest
from servers.chat.turns.endings import PASSES
from servers.chat.turns.journal import Journal
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.settlement import settlement_draft
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/takeover.sql")
_PATIENCE: Final = Backoff(first_seconds=0.1, longest_seconds=1.0)


class Legbook:
    """Notes model calls."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    async def note(self, turn: RunningTurn, progress: Progress, call: ModelRequest) -> None:
        """Makes durable what was told and used so far, and which call follows, however long the database is away.

        A turn that another process has is given up: its work is cancelled.
        """
        await self._journal.flush(turn)
        draft = settlement_draft(progress, call).SerializeToString()
        values = (turn.turn_id, turn.lease_epoch, draft, turn.state.sequence)
        if not await self._persist(progress.accepted.tenant, values):
            turn.lose()
            # The cancellation comes here, before anybody is called.
            await asyncio.sleep(0)

    async def _persist(self, tenant: TenantId, values: tuple[object, ...]) -> bool:
        failures = 0
        while True:
            try:
                return bool(await self._database.run(tenant, lambda it: it.fetchval(_SQL.note_draft, *values)))
            except SomaError as error:
                if error.reason not in PASSES:
                    raise
                failures += 1
            await asyncio.sleep(_PATIENCE.limit_seconds(failures))
