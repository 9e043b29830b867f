"""Saying whether an answer was good: kept with its turn, told as an event, a later one in the place of an earlier one.

The agent's adaptation hears of it later, by an intent; what it makes of a reward is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.intents.feedback import feedback_on
from servers.chat.intents.intent import FEEDBACK
from servers.chat.means import Means
from servers.chat.turns.endings import Endings, Intent
from soma.chat.v1 import message_pb2
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")
# By the number that is kept.
RATINGS: Final = (message_pb2.RATING_UNSPECIFIED, message_pb2.RATING_GOOD, message_pb2.RATING_BAD)
_NAMES: Final = ("", "good", "bad")
_UNANSWERED: Final = frozenset(("refused", "queued"))
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an answer was: 0 for no rating, 1 for good, 2 for bad; and why, in the person's words."""

    rating: int
    text: str


class Ratings:
    """Keeps ratings."""

    def __init__(self, means: Means, endings: Endings, wake: Callable[[], None]) -> None:
        """`wake` says that there is an intent to deliver."""
        self._database = means.database
        self._events = means.events
        self._clock = means.clock
        self._endings = endings
        self._wake = wake

    async def rate(self, caller: Caller, turn_id: UUID, verdict: Verdict, reply: Callable[[datetime], Reply]) -> Reply:
        """Rates a turn. Raises RESOURCE_NOT_FOUND, and INVALID_FIELD for a turn that has no answer."""
        # Without a rating there is nothing to give reasons for.
        text = verdict.text if verdict.rating else ""

        async def work(connection: Connection) -> Reply:
            turn = await connection.fetchrow(_SQL.lock_rated, turn_id, caller.owner_filter)
            if turn is None:
                raise not_found("turn", turn_id)
            if turn["status"] in _UNANSWERED:
                raise invalid_field("turn_id", f"the turn is {turn['status']}, so there is no answer to rate")
            now = self._clock.now()
            await connection.execute(_SQL.rate_turn, turn_id, verdict.rating, text, now)
            place = turn["conversation_id"]
            rated = payloads_pb2.TurnRated(
                turn_id=str(turn_id),
                conversation_id=str(place or ""),
                agent_id=str(turn["agent_id"]),
                receipt_id=str(turn["receipt_id"] or ""),
                rating=_NAMES[verdict.rating],
                has_text=bool(text),
                rated_by=caller.sub,
            )
            stream = f"turn/{turn_id}" if place is None else f"conversation/{place}"
            fact = EventDraft("turn.rated", stream, rated, turn["correlation_id"])
            await self._events.append(connection, caller.tenant_id, [fact])
            if turn["rating"] != verdict.rating:
                feedback = feedback_on(turn_id, turn["agent_id"], verdict.rating, now)
                intent = Intent(FEEDBACK, feedback.SerializeToString(), now)
                # A turn may have several on their way, and each has a place of its own among the intents.
                place_id = UUID(feedback.request_id)
                await self._endings.insert_intents(connection, caller, turn["correlation_id"], place_id, now, [intent])
            answer = reply(now)
            await Once.current().record(connection, answer)
            return answer

        answer = await self._database.run(caller.tenant_id, work)
        self._wake()
        return answer
