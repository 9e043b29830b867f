"""Writing down what a turn has used before a further model call, so that whoever goes on with it bills each call once.

The first call is not noted here; its draft goes with the first events, which are durable before it is made.
"""

import asyncio
from typing import Final

from servers.chat.domain.model import ModelRequest
from servers.chat.turns.journal import Journal
from servers.chat.turns.patience import until_written
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.settlement import settlement_draft
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/takeover.sql")


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
        tenant = progress.accepted.tenant
        noted = await until_written(
            lambda _again: self._database.run(tenant, lambda it: it.fetchval(_SQL.note_draft, *values)),
            "a note of a model call",
            turn.turn_id,
        )
        if not noted:
            turn.lose()
            # The cancellation comes here, before anybody is called.
            await asyncio.sleep(0)
