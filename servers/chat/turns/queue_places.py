"""Giving a claimed turn that was queued its place in the conversation, with its message and the event that it begins.

In the transaction of the claim; who claims stands in `claiming.py`.
"""

from typing import Final

from servers.chat.aside import aside
from servers.chat.means import Means
from servers.chat.turns.acceptance import Accepted, started_fact
from servers.chat.turns.order import Order
from servers.chat.turns.store import TurnRow, error_columns
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/queue.sql")
_TURNS: Final = Queries.of("servers.chat", "sql/turns.sql")


class NotFreeError(Exception):
    """Another turn has the place: the claim must be rolled back."""


class QueuePlaces:
    """The places of turns that were queued."""

    def __init__(self, means: Means) -> None:
        self._events = means.events
        self._clock = means.clock
        self._ids = means.ids

    async def take(self, connection: Connection, row: TurnRow, order: Order, tokenizer_name: str) -> bool:
        """Places the turn; False when it is refused instead, which is written. Raises NotFreeError."""
        # Made now and not when it was queued: messages are listed by their ids, an answer behind its question.
        message_id, answer_id = sorted((self._ids.uuid7(), self._ids.uuid7()))
        tokenizer = tokenizer_for(tokenizer_name)
        tokens = 0 if row.asks_anew else await aside(order.size_bytes, tokenizer.count, order.text)
        values = (message_id, answer_id, list(order.parts), tokens, tokenizer.name, self._clock.now())
        outcome = await connection.fetchval(_SQL.place_turn, row.tenant_id, row.turn_id, *values)
        if outcome == "placed":
            return True
        if outcome == "busy":
            raise NotFreeError
        if outcome == "lost":
            missing = row.user_message_id if row.asks_anew else row.parent_message_id
            await self._refuse(connection, row, not_found("message", missing))
        else:
            await self._refuse(connection, row, SomaError(Reason.CONVERSATION_CLOSED, {"status": outcome}))
        return False

    async def tell(self, connection: Connection, accepted: Accepted) -> None:
        """Writes that it begins."""
        await self._events.append(connection, accepted.tenant, [started_fact(accepted)])

    async def _refuse(self, connection: Connection, row: TurnRow, error: SomaError) -> None:
        now = self._clock.now()
        await connection.execute(_TURNS.refuse_turn, row.turn_id, *error_columns(error), now, False, row.lease_epoch)
        ended = payloads_pb2.TurnEnded(
            turn_id=str(row.turn_id),
            conversation_id=str(row.conversation_id),
            agent_id=str(row.agent_id),
            finish_reason="error",
            error_reason=error.reason.value,
        )
        fact = EventDraft("turn.failed", f"conversation/{row.conversation_id}", ended, row.correlation_id)
        await self._events.append(connection, row.tenant_id, [fact])
