"""Writing down what a turn has used before a further model call, so that whoever goes on with it bills each call once.

The first call is not noted here; its draft goes with the first events.
"""

import asyncio
from typing import Final

from servers.chat.domain.model import ModelRequest
from servers.chat.journal import Journal
from servers.chat.progress import Progress
from servers.chat.running import RunningTurn
from servers.chat.settlement import settlement_draft
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/takeover.sql")


class Legbook:
    """Notes model calls."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    async def note(self, turn: RunningTurn, progress: Progress, call: ModelRequest) -> None:
        """Makes durable what was told and used so far, and which call follows.

        A turn that another process has is given up: its work is cancelled. Raises DATABASE_UNAVAILABLE.
        """
        await self._journal.flush(turn)
        draft = settlement_draft(progress, call).SerializeToString()
        tenant, values = progress.accepted.tenant, (turn.turn_id, turn.lease_epoch, draft, turn.state.sequence)
        if await self._database.run(tenant, lambda it: it.fetchval(_SQL.note_draft, *values)) is None:
            turn.lose()
            # The cancellation comes here, before anybody is called.
            await asyncio.sleep(0)
