"""The terminal client's rules: what is typed ahead, curtains, branches, the words of tools and decisions."""

from typing import Any

import pytest

from cli.talk.ahead import TypedAhead
from cli.talk.consent import read
from cli.talk.terminal import Curtain
from cli.talk.tree import branches_of, row
from cli.talk.watch import TurnEnd, Watch
from cli.views.approval import call_words, decision_words, lines, result_words
from cli.views.words import visible
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import usage_pb2 as usage_pb

A, U = message_pb.ROLE_ASSISTANT, message_pb.ROLE_USER


def typed(*pieces: bytes, taken: bool = True) -> tuple[TypedAhead, list[str]]:
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return taken

    ahead = TypedAhead(ask)
    for piece in pieces:
        ahead.take(piece)
    return ahead, asked


def test_whole_lines_are_questions_however_they_come() -> None:
    ahead, asked = typed(b"And the fi", b"rst? \xc3", b"\xa4\nThe second?\n\n  \nhalf")
    assert asked == ["And the first? ä", "The second?"]
    assert (ahead.held, ahead.ended) == ([], False)


@pytest.mark.parametrize("other", ["/quit", "goes on\\", '"""'])
def test_from_the_first_other_line_on_all_waits_for_the_prompt(other: str) -> None:
    ahead, asked = typed(f"first\n{other}\nlast\n".encode())
    assert asked == ["first"]
    assert ahead.held == [other, "last"]


def test_a_question_that_is_not_taken_is_held_with_what_follows() -> None:
    ahead, asked = typed(b"first\nsecond\n", taken=False)
    assert asked == ["first"]
    assert ahead.held == ["first", "second"]


def test_the_end_of_the_keyboard_is_kept() -> None:
    ahead, _ = typed(b"first\n", b"")
    assert ahead.ended


class Told:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def event(self, event: event_pb.TurnEvent) -> None:
        self.told.append(event.sequence)

    def text(self, piece: str) -> None:
        self.told.append(piece)

    def notice(self, sentence: str, code: str = "") -> None:
        self.told.append((sentence, code))

    def aside(self, event: event_pb.TurnEvent) -> None:
        self.told.append(-event.sequence)


def test_behind_a_curtain_nothing_is_told_and_then_all_of_it_in_order() -> None:
    told = Told()
    curtain = Curtain(told)
    curtain.event(event_pb.TurnEvent(sequence=1))
    curtain.text("a")
    curtain.notice("b", "queued")
    curtain.aside(event_pb.TurnEvent(sequence=2))
    assert told.told == []
    curtain.lift()
    curtain.text("c")
    assert told.told == [1, "a", ("b", "queued"), -2, "c"]


def said(message_id: str, parent: str, role: message_pb.Role.ValueType, text: str) -> message_pb.Message:
    content = [message_pb.ContentPart(text=text)] if text else []
    return message_pb.Message(message_id=message_id, parent_message_id=parent, role=role, content=content)


def test_every_leaf_is_a_branch() -> None:
    messages = [
        said("u1", "", U, "One?"),
        said("a1", "u1", A, "One."),
        said("u2", "", U, "Two?"),
        said("a2", "u2", A, "Two."),
        said("a3", "u2", A, "Too."),
        said("u3", "a1", U, "And?"),
    ]
    branches = branches_of(messages)
    assert [[message.message_id for message in branch.messages] for branch in branches] == [
        ["u2", "a2"],
        ["u2", "a3"],
        ["u1", "a1", "u3"],
    ]
    assert row(branches[1], 2, "a3")[:5] == ("›", "2", "2", "Two?", "Too.")
    assert row(branches[2], 3, "a3")[:5] == ("", "3", "3", "And?", "One.")


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("a", (event_pb.APPROVAL_DECISION_APPROVE, "")),
        (" Approve but once ", (event_pb.APPROVAL_DECISION_APPROVE, "but once")),
        ("d not on a Sunday", (event_pb.APPROVAL_DECISION_DENY, "not on a Sunday")),
        ("", (None, "")),
        ("yes", (None, "")),
        ("approved", (None, "")),
    ],
)
def test_a_consent_is_given_in_plain_words_only(answer: str, meant: tuple[Any, str]) -> None:
    assert read(answer) == meant


def test_tools_and_decisions_are_one_line_each() -> None:
    call = message_pb.ToolCall(call_id="c", name="memory.recall", arguments_json='{"query":\n "tea"}' + " " * 500 + "x")
    assert call_words(call) == 'memory.recall {"query": "tea"} x'
    result = event_pb.ToolCallFinished(
        status=message_pb.TOOL_CALL_STATUS_FAILED, content="a\nb" * 200, duration_milliseconds=3
    )
    assert result_words(result).startswith("failed: a ba b")
    assert result_words(result).endswith("… (3 ms)")
    denied = event_pb.ApprovalResolved(decision=event_pb.APPROVAL_DECISION_DENY, decided_by="ada", note="no")
    assert decision_words(denied) == "denied by ada: no"


def test_all_arguments_are_shown_before_a_decision() -> None:
    arguments = '{"path": "' + "x" * 3000 + '"}'
    approval = turn_pb.PendingApproval(turn_id="t")
    approval.request.call.name = "files.delete"
    approval.request.call.arguments_json = arguments
    assert any(line.endswith(arguments) for line in lines(approval))


def test_what_a_model_writes_cannot_change_what_a_person_sees() -> None:
    spoof = 'a\x1b[2K\r{"path": "/tmp"}\u202e\x9b'
    approval = turn_pb.PendingApproval()
    approval.request.call.name = "files.delete"
    approval.request.call.arguments_json = spoof
    shown = "".join([*lines(approval), call_words(approval.request.call)])
    assert "\\u001b[2K\\u000d" in shown
    assert not set(shown) & {"\x1b", "\r", "\u202e", "\x9b"}
    assert visible("a\tb\nc") == "a\tb\nc"


async def heard_to_the_end(end: event_pb.TurnEvent) -> TurnEnd:
    """What a listener's watch makes of a turn's last event."""
    watch = Watch("conversation", Told())
    level = level_pb.DEGRADATION_LEVEL_L1
    watch.see(event_pb.TurnEvent(sequence=1, turn_id="t", started=event_pb.TurnStarted(level=level)))
    watch.see(end)
    assert watch.end is not None
    return watch.end


async def test_the_last_line_tells_level_aiq_tokens_cost_and_receipt() -> None:
    usage = usage_pb.TokenUsage(input_tokens=10, output_tokens=5)
    completed = event_pb.TurnCompleted(usage=usage, cost_micros=12, receipt_id="r", aiq_observed=93.4)
    end = await heard_to_the_end(event_pb.TurnEvent(sequence=2, completed=completed))
    assert end.receipt == "L1 · AIQ 93 · 15 tokens (10 in, 5 out) · cost 0.000012 · receipt r"
    completed.ClearField("aiq_observed")
    end = await heard_to_the_end(event_pb.TurnEvent(sequence=2, completed=completed))
    assert "AIQ" not in end.receipt, "it is settled later"


async def test_a_turn_that_failed_says_what_to_do() -> None:
    failed = event_pb.TurnFailed(reason="RATE_LIMITED", sentence="Too many.", retry_after_seconds=3)
    end = await heard_to_the_end(event_pb.TurnEvent(sequence=2, failed=failed))
    assert end.failure == "Too many.\nThere is room again in 3 s."
