"""Where a turn that is asked for goes: into which conversation, behind which message, at once or into the queue.

Pure: from the order and what was seen before it is taken in. Nothing here reads or stores.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.chat.domain.manners import MOST_QUEUED, Manner, manner_of, standing_of
from servers.chat.turns.acceptance_store import Seen
from servers.chat.turns.order import Deed, Order
from servers.chat.turns.store import Place
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason

_ANSWER: Final = "answer"
_MESSAGE: Final = "message"


@dataclass(frozen=True, slots=True)
class Placement:
    """A turn's place. `user_message_id` is set where its message was there before; `refusal` where it gets no place."""

    manner: Manner = Manner.START
    conversation_id: UUID | None = None
    owner_sub: str = ""
    parent_message_id: UUID | None = None
    user_message_id: UUID | None = None
    # the message in whose place its own stands
    replaces: UUID | None = None
    leaf_before: UUID | None = None
    # whether it follows what is the leaf when it starts
    follows_leaf: bool = False
    # the turn that has the conversation, and what is taken back with it
    before: UUID | None = None
    take_back: str = ""
    untitled: bool = True
    refusal: SomaError | None = None

    @property
    def columns(self) -> tuple[object, ...]:
        """Its place as the statement that takes a turn in wants it."""
        return (self.follows_leaf, self.manner.value, self.before, self.take_back, MOST_QUEUED)


def place(order: Order, seen: Seen) -> Placement:
    """Where it goes. Raises RESOURCE_NOT_FOUND for a conversation or parent that is not there."""
    if order.transcript is not None:
        return Placement(untitled=False)
    there = seen.place
    if there is None:
        if order.conversation_id is not None:
            raise not_found("conversation", order.conversation_id)
        return Placement(owner_sub=order.caller.sub, parent_message_id=order.parent_message_id)
    standing = standing_of(there.status, holds_a_turn=there.running_turn_id is not None, queued=there.queued)
    manner = manner_of(standing, order.while_busy)
    refusal = _refusal(manner, there)
    if order.parent_message_id is not None and not seen.parent_exists and not seen.parent_is_coming and refusal is None:
        raise not_found("message", order.parent_message_id)
    sends = order.deed is Deed.SEND
    follows_leaf = sends and (order.parent_message_id is None or seen.parent_is_coming)
    return Placement(
        manner=manner,
        conversation_id=there.conversation_id,
        owner_sub=there.owner_sub,
        parent_message_id=there.current_leaf_id if follows_leaf else order.parent_message_id,
        user_message_id=_asked_anew(order, seen),
        replaces=order.message_id if order.deed is Deed.EDIT else None,
        leaf_before=there.current_leaf_id,
        follows_leaf=follows_leaf,
        before=there.running_turn_id,
        take_back=_taken_back(order, seen) if manner is Manner.TAKE_BACK else "",
        untitled=there.untitled,
        refusal=refusal,
    )


def _refusal(manner: Manner, there: Place) -> SomaError | None:
    if manner is Manner.REFUSE_CLOSED:
        return SomaError(Reason.CONVERSATION_CLOSED, {"status": there.status})
    if manner is Manner.REFUSE_BUSY:
        return SomaError(Reason.CONVERSATION_BUSY, {"turn_id": str(there.running_turn_id or there.queued_turn_id)})
    return None


def _asked_anew(order: Order, seen: Seen) -> UUID | None:
    if order.deed is Deed.CONTINUE:
        return order.parent_message_id
    return seen.question.message_id if order.deed is Deed.REGENERATE and seen.question is not None else None


def _taken_back(order: Order, seen: Seen) -> str:
    """With its message, unless it is that message which is to be answered anew."""
    question, running = seen.question, seen.place.running_turn_id if seen.place is not None else None
    asks_for_the_same = order.deed is Deed.REGENERATE and question is not None and question.turn_id == running
    return _ANSWER if asks_for_the_same else _MESSAGE
