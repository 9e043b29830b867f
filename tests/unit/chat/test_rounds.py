"""Rounds of tools as values: told again from a journal, parted by their texts, cut to their room."""

from datetime import UTC, datetime

from servers.chat.domain.model import PromptMessage, ToolCallPart
from servers.chat.domain.rounds import (
    CallResult,
    CallStatus,
    ToldCall,
    ToolRound,
    fitted,
    round_messages,
    rounds_of,
    rounds_tokens,
    unique_id,
)
from servers.chat.domain.turn import Step
from servers.chat.tools.messages import finished_message, started_message
from servers.chat.turns.retelling import retell
from servers.chat.turns.stream import Numbered, Payload, numbered
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma_common.tokens import tokenizer_for

TOKENIZER = tokenizer_for("o200k_base")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def call(name: str, number: int = 1) -> ToolCallPart:
    return ToolCallPart(name, "math.evaluate", f'{{"expression":"{number}"}}')


def result(name: str, content: str = "1", status: CallStatus = CallStatus.DONE) -> CallResult:
    return CallResult(name, "math.evaluate", status, content)


def journal(*told: tuple[Step, Payload]) -> list[Numbered]:
    events = [(Step.STARTED, event_pb.TurnStarted(receipt_id="r")), *told]
    return [numbered("t", number, NOW, step, payload) for number, (step, payload) in enumerate(events, 1)]


def text(said: str) -> tuple[Step, Payload]:
    return Step.TEXT, event_pb.TextDelta(text=said)


def started(name: str, round_number: int, *, by_client: bool = False) -> tuple[Step, Payload]:
    return Step.TOOL_CALL, started_message(ToldCall(call(name), round_number, by_client))


def finished(name: str, round_number: int) -> tuple[Step, Payload]:
    return Step.TOOL_RESULT, finished_message(result(name), round_number)


def test_a_journal_is_told_again_up_to_where_it_broke_off() -> None:
    events = journal(
        text("Let me see."),
        started("c1", 1),
        finished("c1", 1),
        text("\n\nAnd more."),
        started("c2", 2),
        started("c3", 2),
        finished("c2", 2),
    )
    told = retell(events, {"c1": result("c1"), "c2": result("c2", "2"), "c3": result("c3", "3")})
    assert told.rounds == (ToolRound(1, "Let me see.", (call("c1"),), (result("c1"),)),)
    assert [each.call.call_id for each in told.pending] == ["c2", "c3"]
    assert set(told.results) == {"c2", "c3"}
    assert told.told_results == {"c1", "c2"}
    assert told.text[told.round_start :] == "\n\nAnd more."
    assert [(each.call.call_id, each.text_before) for each in told.calls] == [("c1", 11), ("c2", 22), ("c3", 22)]


def test_an_answer_that_follows_the_results_closes_their_round() -> None:
    events = journal(started("c1", 1), finished("c1", 1), text("It is "))
    told = retell(events, {"c1": result("c1")})
    assert [each.number for each in told.rounds] == [1]
    assert (told.pending, told.text[told.round_start :]) == ((), "It is ")


def test_calls_whose_results_nobody_heard_are_pending() -> None:
    told = retell(journal(started("c1", 1), started("c2", 1, by_client=True)), {})
    assert [each.by_client for each in told.pending] == [False, True]
    assert told.rounds == ()


def test_used_up_rounds_stay_used_up() -> None:
    notice = (Step.NOTICE, event_pb.Notice(code="tools_ended"))
    events = journal(started("c1", 1), finished("c1", 1), notice)
    assert retell(events, {"c1": result("c1")}).ended_rounds


def test_a_stored_answer_is_parted_into_its_rounds() -> None:
    said = "Let me see.\n\nHm.\n\nIt is 42."
    calls = (ToldCall(call("c1"), 1, False, 11), ToldCall(call("c2"), 2, True, 16))
    rounds, rest = rounds_of(said, calls, {"c1": result("c1")})
    assert [(each.number, each.text) for each in rounds] == [(1, "Let me see."), (2, "Hm.")]
    assert rest == "It is 42."
    assert round_messages(rounds[0]) == (
        PromptMessage("assistant", "Let me see.", (ToolCallPart("c1", "math.evaluate", '{"expression":"1"}'),)),
        PromptMessage("tool", "1", tool_call_id="c1"),
    )
    # A call without a result cannot be shown to a model.
    assert round_messages(rounds[1]) == (PromptMessage("assistant", "Hm."),)


def test_results_give_way_the_oldest_first() -> None:
    long = "one two three four five six seven eight nine ten " * 40
    rounds = [ToolRound(number, "", (call(f"c{number}"),), (result(f"c{number}", long),)) for number in (1, 2)]
    whole = rounds_tokens(rounds, TOKENIZER)
    assert fitted(rounds, whole, TOKENIZER) == tuple(rounds)
    newest = TOKENIZER.count(long)
    cut = fitted(rounds, newest + 100, TOKENIZER)
    assert cut[1] == rounds[1]
    assert cut[0].results[0].content.endswith("(The rest was left out, for it does not fit.)")
    assert TOKENIZER.count(cut[0].results[0].content) <= 100
    assert all(each.results[0].content for each in fitted(rounds, -50, TOKENIZER))


def test_every_call_has_an_id_of_its_own() -> None:
    assert unique_id("c1", [], 1) == "c1"
    assert unique_id("c1", ["c1"], 2) == "c1-r2"
    assert unique_id("c1", ["c1", "c1-r2"], 2) == "c1-r2-2"
    assert unique_id("", ["call"], 1) == "call-r1"
    assert len(unique_id("x" * 500, [], 1)) <= 128
