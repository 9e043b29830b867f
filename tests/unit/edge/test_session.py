"""The session machine: what comes in, what is to be done."""

from typing import Any

import pytest

from edge.actions import AwaitTitle, Begin, Cancel, Complete, Hang, Leave, Rejoin, Submit, Tell
from edge.frames import (
    Again,
    Edit,
    EventKind,
    Follow,
    Here,
    Kept,
    Knock,
    Rate,
    Refused,
    Report,
    Say,
    Stop,
    Titled,
    TurnNews,
    Unreadable,
    Welcome,
    Wishes,
)
from edge.rates import SessionLimits
from edge.session import Session, State
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

WELCOME = Welcome("ada", "tenant", (), {}, ())


def session(wait: float | None = None, agent_id: str = "", **limits: Any) -> Session:
    return Session(lambda _now: wait, SessionLimits(**limits), "20 messages a minute", agent_id)


def news(kind: EventKind, sequence: int = 1, text: str = "", turn_id: str = "t") -> TurnNews:
    return TurnNews(kind, turn_id, sequence, text=text)


def told(actions: list[Any]) -> Any:
    [action] = actions
    assert isinstance(action, Tell)
    return action.frame


def test_a_turn_from_beginning_to_end() -> None:
    machine = session()
    assert machine.greet(WELCOME) == [Tell(WELCOME)]
    [begin] = machine.receive(Say("f", "Hello"), 0.0)
    assert isinstance(begin, Begin)
    assert told(machine.event(begin.stream, news(EventKind.STARTED))).frame_id == "f"
    for sequence, text in enumerate(("a", "b"), 2):
        assert told(machine.event(begin.stream, news(EventKind.TEXT, sequence, text))).text == text
    done = told(machine.event(begin.stream, news(EventKind.COMPLETED, 4)))
    assert done.content == "ab"
    assert machine.turns == 0
    assert machine.event(begin.stream, news(EventKind.TEXT, 5)) == []


def test_a_resumed_turn_is_completed_from_the_store_unless_followed_from_its_start() -> None:
    for after, kind in ((3, Complete), (0, Tell)):
        machine = session()
        [rejoin] = machine.receive(Follow("f", "t", after), 0.0)
        assert isinstance(rejoin, Rejoin)
        machine.event(rejoin.stream, news(EventKind.TEXT, after + 1, "x"))
        [action] = machine.event(rejoin.stream, news(EventKind.COMPLETED, after + 2))
        assert isinstance(action, kind)


def test_following_a_turn_again_replaces_the_first() -> None:
    machine = session()
    [begin] = machine.receive(Say("f", "Hello"), 0.0)
    assert isinstance(begin, Begin)
    machine.event(begin.stream, news(EventKind.STARTED))
    actions = machine.receive(Follow("g", "t", 1), 0.0)
    assert actions[0] == Leave(begin.stream)
    assert isinstance(actions[1], Rejoin)
    assert machine.turns == 1


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Say("f", ""), Reason.INVALID_FIELD),
        (Say("f", "x" * 11), Reason.PAYLOAD_TOO_LARGE),
        (Say("f", "ä" * 6), Reason.PAYLOAD_TOO_LARGE),
        (Stop("f", ""), Reason.INVALID_FIELD),
        (Unreadable("f", SomaError(Reason.CONFLICT)), Reason.CONFLICT),
    ],
)
def test_what_is_refused(frame: Any, reason: Reason) -> None:
    refused = told(session(content_bytes=10).receive(frame, 0.0))
    assert isinstance(refused, Refused)
    assert (refused.frame_id, refused.error.reason) == ("f", reason)


def test_the_allowance_and_the_number_of_turns() -> None:
    limited = told(session(wait=2.5).receive(Say("f", "Hello"), 0.0)).error
    assert (limited.reason, limited.retry_after_seconds) == (Reason.RATE_LIMITED, 2.5)
    machine = session(turns=1)
    machine.receive(Say("f", "Hello"), 0.0)
    for frame in (Say("g", "Hello"), Follow("h", "t", 0)):
        assert told(machine.receive(frame, 0.0)).error.reason is Reason.RATE_LIMITED


def test_the_agent_of_the_path_unless_the_frame_or_its_conversation_says() -> None:
    machine = session(agent_id="a")
    for frame, agent in ((Say("f", "x"), "a"), (Say("f", "x", agent_id="b"), "b"), (Say("f", "x", "c"), "")):
        [begin] = machine.receive(frame, 0.0)
        assert isinstance(begin, Begin)
        assert isinstance(begin.say, Say)
        assert begin.say.agent_id == agent


def test_small_frames() -> None:
    machine = session()
    assert machine.receive(Knock("f"), 0.0) == [Tell(Here("f"))]
    assert machine.receive(Stop("f", "t"), 0.0) == [Cancel("f", "t")]


def test_a_turn_that_is_refused() -> None:
    machine = session()
    [begin] = machine.receive(Say("f", "Hello"), 0.0)
    assert isinstance(begin, Begin)
    refused = told(machine.failed(begin.stream, SomaError(Reason.CONVERSATION_BUSY, {"turn_id": "t"})))
    assert (refused.frame_id, refused.error.reason) == ("f", Reason.CONVERSATION_BUSY)
    assert machine.failed(begin.stream, SomaError(Reason.CONFLICT)) == []


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda it: it.leave(), 1012),
        (lambda it: it.expire(SomaError(Reason.EXPIRED_TOKEN)), 4001),
        (lambda it: it.expire(SomaError(Reason.DATABASE_UNAVAILABLE)), 1012),
        (lambda it: it.lag(), 1013),
        (lambda it: it.supersede(), 4009),
        (lambda it: it.close(), None),
    ],
)
def test_every_end_leaves_the_turns_and_is_final(end: Any, code: int | None) -> None:
    machine = session()
    [begin] = machine.receive(Say("f", "Hello"), 0.0)
    assert isinstance(begin, Begin)
    actions = end(machine)
    assert Leave(begin.stream) in actions
    hangs = [action.code for action in actions if isinstance(action, Hang)]
    assert hangs == ([] if code is None else [code])
    assert machine.state is State.CLOSED
    assert machine.receive(Say("f", "Hello"), 0.0) == []
    assert machine.event(begin.stream, news(EventKind.TEXT)) == []
    assert machine.greet(WELCOME) == machine.leave() == machine.lag() == machine.close() == []


LASTING, ENDING = Wishes(), Wishes(lasts=False)


def test_edit_and_again_begin_turns_and_count_as_messages() -> None:
    machine = session()
    for frame in (Edit("f", "m", "Hello"), Again("g", "m")):
        assert [type(action) for action in machine.receive(frame, 0.0)] == [Begin]
    assert told(session(wait=1.0).receive(Again("g", "m"), 0.0)).error.reason is Reason.RATE_LIMITED
    for frame in (Edit("f", "", "Hello"), Edit("f", "m", ""), Again("g", "")):
        assert told(machine.receive(frame, 0.0)).error.reason is Reason.INVALID_FIELD


def test_a_turn_that_ends_with_its_caller_is_hushed_and_not_left_for_a_second_follower() -> None:
    for wishes, leaves in ((LASTING, 1), (ENDING, 0)):
        machine = session()
        [begin] = machine.receive(Say("f", "Hello", wishes=wishes), 0.0)
        assert isinstance(begin, Begin)
        machine.event(begin.stream, news(EventKind.STARTED))
        actions = machine.receive(Follow("g", "t", 0), 0.0)
        assert [type(action) for action in actions] == [Leave] * leaves + [Rejoin]
        assert machine.event(begin.stream, news(EventKind.TEXT, 2, "a")) == []
        assert machine.event(begin.stream, news(EventKind.COMPLETED, 3)) == []
        assert machine.turns == 1, "the second one is followed"


def test_a_turn_without_a_name_cannot_be_followed_and_takes_no_place() -> None:
    machine = session()
    [begin] = machine.receive(Say("f", "Hello"), 0.0)
    assert isinstance(begin, Begin)
    assert told(machine.receive(Follow("g", "", 0), 0.0)).error.reason is Reason.INVALID_FIELD
    assert told(machine.event(begin.stream, news(EventKind.STARTED))).frame_id == "f"


def test_submissions_are_handed_in_and_the_turn_that_goes_on_is_followed() -> None:
    machine = session()
    frame = Report("f", "t", "c", "noon")
    assert machine.receive(frame, 0.0) == [Submit(frame)]
    kept, rejoin = machine.kept("f", "answer", "t2")
    assert kept == Tell(Kept("f", "answer"))
    assert isinstance(rejoin, Rejoin)
    assert rejoin.follow == Follow("f", "t2", 0)
    assert machine.kept("g", "answer") == [Tell(Kept("g", "answer"))]
    machine.close()
    assert machine.kept("f", "answer", "t3") == []


def test_stops_and_submissions_under_way_are_bounded() -> None:
    machine = session(requests=2)
    for _ in range(2):
        assert machine.receive(Stop("f", "t"), 0.0) == [Cancel("f", "t")]
    refused = told(machine.receive(Rate("g", "t", 1), 0.0))
    assert (refused.frame_id, refused.error.reason) == ("g", Reason.RATE_LIMITED)
    machine.released()
    assert [type(action) for action in machine.receive(Rate("g", "t", 1), 0.0)] == [Submit]


def test_a_flood_of_frames_is_answered_and_then_cut_off() -> None:
    machine = session(frames_at_once=3, frames_per_second=1.0)
    for _ in range(3):
        assert told(machine.receive(Knock("f"), 0.0)) == Here("f")
    refused, hang = machine.receive(Knock("g"), 0.0)
    assert isinstance(refused, Tell)
    assert isinstance(refused.frame, Refused)
    assert (refused.frame.frame_id, refused.frame.error.retry_after_seconds) == ("g", 1.0)
    assert isinstance(hang, Hang)
    assert (hang.code, machine.state) == (4029, State.CLOSED)
    steady = session(frames_at_once=3, frames_per_second=1.0)
    assert all(told(steady.receive(Knock("f"), float(second))) for second in range(20))


def test_a_title_is_waited_for_after_the_first_exchange_only() -> None:
    machine = session(titles=1)

    def exchange(kind: EventKind, conversation: str) -> list[Any]:
        [begin] = machine.receive(Say("f", "Hello"), 0.0)
        assert isinstance(begin, Begin)
        started = news(EventKind.STARTED)
        started.untitled = conversation
        machine.event(begin.stream, started)
        return machine.event(begin.stream, news(kind, 2))[1:]

    assert exchange(EventKind.COMPLETED, "") == []
    assert exchange(EventKind.FAILED, "c") == []
    assert exchange(EventKind.OPAQUE_END, "c") == [AwaitTitle("c")]
    assert exchange(EventKind.COMPLETED, "c") == [], "it is waited for already"
    assert exchange(EventKind.COMPLETED, "d") == [], "no more than one here"
    assert machine.titled("c", "Rivers") == [Tell(Titled("c", "Rivers"))]
    assert exchange(EventKind.COMPLETED, "d") == [AwaitTitle("d")]
    assert machine.titled("d", "") == []
