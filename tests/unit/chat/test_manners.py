"""What becomes of a message for a conversation that is at work: every case of the table, and where it goes then."""

from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.chat.domain.manners import MANNERS, MOST_QUEUED, Manner, Standing, WhileBusy, manner_of, standing_of
from servers.chat.turns.acceptance_store import Seen
from servers.chat.turns.asking_anew import Question, found, read_edit, read_regeneration
from servers.chat.turns.order import Order, read_order
from servers.chat.turns.placing import place
from servers.chat.turns.store import Place
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import user

CONVERSATION, LEAF, RUNNING, QUEUED = (uuid4() for _ in range(4))
WORDS = [message_pb.ContentPart(text="words")]


def there(**fields: Any) -> Place:
    known = {
        "conversation_id": CONVERSATION,
        "owner_sub": "ada",
        "agent_id": uuid4(),
        "status": "active",
        "current_leaf_id": LEAF,
        "running_turn_id": None,
        "untitled": False,
        "queued": 0,
        "queued_turn_id": None,
    }
    return Place(**{**known, **fields})


def sent(**fields: Any) -> Order:
    request = turn_pb.SendMessageRequest(
        content=WORDS, conversation_id=str(CONVERSATION), request_id=str(uuid4()), **fields
    )
    return read_order(request, user())


def question(**fields: Any) -> Question:
    known = {
        "asked_role": "user",
        "conversation_id": CONVERSATION,
        "message_id": uuid4(),
        "parts": ("once", "said"),
        "parent_message_id": uuid4(),
        "turn_id": uuid4(),
    }
    return Question(**{**known, **fields})


def test_the_table_has_an_answer_for_everything() -> None:
    assert MANNERS.keys() == set(product(Standing, WhileBusy))
    for standing, wish in MANNERS:
        manner = manner_of(standing, wish)
        assert (manner is Manner.REFUSE_CLOSED) == (standing is Standing.CLOSED)
        assert (manner is Manner.START) == (standing is Standing.FREE)
        # Nobody is refused who says what is to be done, but where too many wait; nobody else's turn is touched unasked.
        assert (manner is Manner.REFUSE_BUSY) <= (wish is WhileBusy.REJECT or standing is Standing.FULL)
        assert (manner is Manner.STOP) <= (wish is WhileBusy.INTERRUPT)
        assert (manner is Manner.TAKE_BACK) <= (wish is WhileBusy.ROLLBACK)


@pytest.mark.parametrize(
    ("status", "holds_a_turn", "queued", "standing"),
    [
        ("active", False, 0, Standing.FREE),
        ("active", True, 0, Standing.BUSY),
        # The turn before has ended and the next one has not begun.
        ("active", False, 1, Standing.BUSY),
        ("active", True, MOST_QUEUED - 1, Standing.BUSY),
        ("active", True, MOST_QUEUED, Standing.FULL),
        ("archived", False, 0, Standing.CLOSED),
        ("deleted", True, MOST_QUEUED, Standing.CLOSED),
    ],
)
def test_where_a_conversation_stands(status: str, holds_a_turn: bool, queued: int, standing: Standing) -> None:
    assert standing_of(status, holds_a_turn=holds_a_turn, queued=queued) is standing


def test_a_message_follows_the_leaf_or_the_parent_it_names() -> None:
    placed = place(sent(), Seen(place=there(), parent_exists=True))
    assert (placed.manner, placed.parent_message_id, placed.follows_leaf) == (Manner.START, LEAF, True)
    parent = uuid4()
    placed = place(sent(parent_message_id=str(parent)), Seen(place=there(), parent_exists=True))
    assert (placed.parent_message_id, placed.follows_leaf) == (parent, False)
    with pytest.raises(SomaError) as missing:
        place(sent(parent_message_id=str(parent)), Seen(place=there()))
    assert missing.value.reason is Reason.RESOURCE_NOT_FOUND


def test_who_follows_an_answer_that_is_being_written_waits_for_it() -> None:
    order = sent(parent_message_id=str(uuid4()), while_busy=turn_pb.WHILE_BUSY_ENQUEUE)
    placed = place(order, Seen(place=there(running_turn_id=RUNNING), parent_is_coming=True))
    assert (placed.manner, placed.follows_leaf, placed.before) == (Manner.QUEUE, True, RUNNING)


@pytest.mark.parametrize(("running", "named"), [(RUNNING, RUNNING), (None, QUEUED)])
def test_a_refusal_names_what_is_waited_for(running: UUID | None, named: UUID) -> None:
    busy = there(running_turn_id=running, queued=1, queued_turn_id=QUEUED)
    refusal = place(sent(), Seen(place=busy, parent_exists=True)).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.metadata) == (Reason.CONVERSATION_BUSY, {"turn_id": str(named)})
    closed = place(sent(), Seen(place=there(status="archived"), parent_exists=True)).refusal
    assert closed is not None
    assert (closed.reason, closed.metadata) == (Reason.CONVERSATION_CLOSED, {"status": "archived"})


@pytest.mark.parametrize(("own_question", "taken"), [(True, "answer"), (False, "message")])
def test_a_question_is_not_taken_back_that_is_asked_anew(own_question: bool, taken: str) -> None:
    asked = question(turn_id=RUNNING if own_question else uuid4())
    request = turn_pb.RegenerateMessageRequest(
        message_id=str(asked.message_id), request_id=str(uuid4()), while_busy=turn_pb.WHILE_BUSY_ROLLBACK
    )
    order = found(read_regeneration(request, user()), asked)
    placed = place(order, Seen(place=there(running_turn_id=RUNNING), parent_exists=True, question=asked))
    assert (placed.manner, placed.take_back, placed.before) == (Manner.TAKE_BACK, taken, RUNNING)
    assert placed.user_message_id == asked.message_id


def test_another_answer_has_the_words_and_the_place_of_its_question() -> None:
    asked = question(asked_role="assistant")
    request = turn_pb.RegenerateMessageRequest(message_id=str(uuid4()), request_id=str(uuid4()))
    request.options.temperature = 1.5
    order = found(read_regeneration(request, user()), asked)
    assert (order.parts, order.text) == (asked.parts, "once\nsaid")
    assert (order.conversation_id, order.parent_message_id) == (CONVERSATION, asked.parent_message_id)
    # Whoever goes on with it reads the same out of what is kept.
    kept = read_order(turn_pb.SendMessageRequest.FromString(order.data), user())
    assert (kept.parts, kept.options, kept.conversation_id) == (order.parts, order.options, CONVERSATION)


def test_other_words_replace_words_only() -> None:
    asked = question(parent_message_id=None)
    request = turn_pb.EditMessageRequest(message_id=str(asked.message_id), content=WORDS, request_id=str(uuid4()))
    order = found(read_edit(request, user()), asked)
    placed = place(order, Seen(place=there(), parent_exists=True, question=asked))
    # A first message has no parent, and the leaf is none of it.
    assert (placed.parent_message_id, placed.follows_leaf, placed.replaces) == (None, False, asked.message_id)
    assert (order.text, placed.user_message_id) == ("words", None)
    with pytest.raises(SomaError) as wrong:
        found(read_edit(request, user()), question(asked_role="assistant"))
    assert (wrong.value.reason, wrong.value.metadata["field"]) == (Reason.INVALID_FIELD, "message_id")
    with pytest.raises(SomaError) as missing:
        found(read_edit(request, user()), None)
    assert missing.value.reason is Reason.RESOURCE_NOT_FOUND


def test_the_same_fields_in_another_kind_of_request_are_another_request() -> None:
    key, message_id = str(uuid4()), str(uuid4())
    hashes = {
        read_regeneration(turn_pb.RegenerateMessageRequest(message_id=message_id, request_id=key), user()).body_hash,
        read_edit(turn_pb.EditMessageRequest(message_id=message_id, request_id=key, content=WORDS), user()).body_hash,
        read_edit(turn_pb.EditMessageRequest(message_id=str(uuid4()), request_id=key, content=WORDS), user()).body_hash,
        read_order(turn_pb.SendMessageRequest(request_id=key, content=WORDS), user()).body_hash,
    }
    assert len(hashes) == 4
