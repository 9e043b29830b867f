"""Who answers in a model's place, and who does not: breakers, windows, budgets, filters, tools, thoughts."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.common.v1 import level_pb2
from soma.common.v1.usage_pb2 import Price
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.reasons import Reason
from soma_common.testing.upstream import Continues, Fault, FaultKind, Script, ToolCall
from tests.integration.chat.party import CHEAP, DEAR, Party, switches
from tests.integration.chat.person import spoken, transcript

HERONS = "Herons eat fish, frogs and small mammals. They hunt at dawn, and wait without moving for a long time."
LOOK_UP = message_pb.ClientTool(name="look_up", description="Look a bird up.")
DOWN = Script(fault=Fault(FaultKind.SERVER_ERROR))


async def test_a_model_that_keeps_failing_is_passed_over_at_once(party: Party) -> None:
    await party.add("spare", price=CHEAP)
    await party.add("gone", base_url="http://127.0.0.1:9/v1", price=DEAR, fallback_profile_ids=["spare"])
    turns = [await party.say("gone") for _ in range(3)]
    assert all(switches(told) == [("gone", "spare", Reason.MODEL_UNAVAILABLE)] for told in turns)
    receipt = await party.person.receipt(turns[-1].started.receipt_id)
    assert [leg.model for leg in receipt.legs if leg.usage.output_tokens] == ["spare"]
    told = await party.say("gone")
    assert told.kinds() == ["started", "notice", "text", "completed"]
    assert told.started.level == level_pb2.DEGRADATION_LEVEL_L0
    assert any("another one may take over" in event.notice.sentence for event in told.events)
    assert switches(told) == [("gone", "spare", Reason.MODEL_UNAVAILABLE)]
    receipt = await party.person.receipt(told.started.receipt_id)
    assert [(leg.leg, leg.model, leg.cost_micros > 0) for leg in receipt.legs] == [
        (1, "gone", False),
        (2, "spare", True),
    ]
    assert (await party.person.turn(told.turn_id)).text == told.text


async def test_a_prompt_that_does_not_fit_goes_to_nobody(party: Party) -> None:
    await party.add("tiny", window_tokens=1024, max_output_tokens=512)
    await party.add("large", window_tokens=65_536)
    await party.add("main", window_tokens=32_768, fallback_profile_ids=["tiny", "large"])
    await party.plan(*[Script(model="main", fault=DOWN.fault)] * 2)
    told = await party.say("main", "What do herons eat? " * 300)
    assert switches(told) == [("main", "large", Reason.MODEL_UNAVAILABLE)]
    assert not await party.received("tiny")


async def test_what_a_provider_finds_too_long_goes_to_a_larger_window_only(party: Party) -> None:
    for name, window in (("same", 32_768), ("large", 65_536)):
        await party.add(name, window_tokens=window)
    await party.add("main", window_tokens=32_768, fallback_profile_ids=["same", "large"])
    await party.plan(Script(model="main", fault=Fault(FaultKind.CONTEXT_LENGTH)))
    told = await party.say("main")
    assert switches(told) == [("main", "large", Reason.MODEL_CONTEXT_OVERFLOW)]


@pytest.mark.parametrize("place", [0, 3])
async def test_what_a_filter_refused_is_not_taken_elsewhere(party: Party, place: int) -> None:
    await party.add("spare")
    await party.add("main", fallback_profile_ids=["spare"])
    await party.plan(Script(model="main", fault=Fault(FaultKind.CONTENT_FILTER, at_chunk=place)))
    told = await party.say("main")
    assert told.last.failed.reason == Reason.MODEL_CONTENT_FILTERED
    assert (switches(told), await party.received("spare")) == ([], [])


async def test_a_refused_key_leads_to_another_model(party: Party) -> None:
    await party.add("spare")
    await party.add("main", fallback_profile_ids=["spare"])
    await party.plan(Script(model="main", fault=Fault(FaultKind.UNAUTHORIZED)))
    told = await party.say("main")
    assert switches(told) == [("main", "spare", Reason.MODEL_REFUSED_KEY)]
    assert len(await party.received("main", "spare")) == 2


async def test_who_is_too_dear_is_passed_over(party: Party) -> None:
    await party.add("gold", price=Price(input_micros_per_million=900_000_000, output_micros_per_million=900_000_000))
    await party.add("spare", price=CHEAP)
    await party.add("main", price=CHEAP, fallback_profile_ids=["gold", "spare"])
    with party.person.acting():
        limit = governor_pb.SetBudgetRequest(
            period=budget_pb.BUDGET_PERIOD_DAY,
            limit_tokens=10_000_000,
            limit_micros=300_000,
            hard=True,
            request_id=str(uuid4()),
        )
        await party.person.governor.SetBudget(limit)
    await party.plan(*[Script(model="main", fault=DOWN.fault)] * 2)
    told = await party.say("main")
    assert switches(told) == [("main", "spare", Reason.MODEL_UNAVAILABLE)]
    assert not await party.received("gold")


async def test_the_end_of_the_chain_tells_what_a_person_can_do(party: Party) -> None:
    await party.add("limited")
    await party.add("closed")
    await party.add("main", fallback_profile_ids=["limited", "closed"])
    await party.plan(
        *[Script(model="main", fault=DOWN.fault)] * 2,
        Script(model="limited", fault=Fault(FaultKind.RATE_LIMITED, seconds=40)),
        Script(model="closed", fault=Fault(FaultKind.UNAUTHORIZED)),
    )
    told = await party.say("main")
    failed = told.last.failed
    assert [after for _, after, _ in switches(told)] == ["limited", "closed"]
    assert (failed.reason, failed.metadata["tried"]) == (Reason.MODEL_RATE_LIMITED, "main, limited, closed")
    assert failed.retry_after_seconds == 40
    assert failed.sentence == "The provider of the model limited is limiting requests. Try again in 40 s."
    assert not failed.partial_text_kept


async def test_two_seams_in_one_answer_and_a_model_wrote_the_end_of_it(party: Party) -> None:
    for name, others in (("third", []), ("second", []), ("first", ["second", "third"])):
        await party.add(name, fallback_profile_ids=others)
    cut = Script(text=HERONS, chunks=8, continues=Continues.WHOLE, fault=Fault(FaultKind.CUT, at_chunk=4))
    second = replace(cut, model="second", fault=Fault(FaultKind.BAD_JSON, at_chunk=7))
    await party.plan(
        replace(cut, model="first"),
        second,
        Script(model="third", text=HERONS, chunks=8, continues=Continues.LAST_WORDS),
    )
    told = await party.say("first")
    assert told.text == HERONS
    assert [(before, after) for before, after, _ in switches(told)] == [("first", "second"), ("second", "third")]
    last = (await party.received("third"))[0]
    assert [message["role"] for message in last.messages[-2:]] == ["assistant", "user"]
    conversation = told.started.conversation_id
    again = await party.say("third", "And at night?", conversation_id=conversation)
    assert again.last.HasField("completed")
    assert HERONS in [message["content"] for message in (await party.received("third"))[-1].messages]


async def test_thoughts_are_told_once(party: Party) -> None:
    await party.add("spare")
    await party.add("main", fallback_profile_ids=["spare"])
    thinking: dict[str, Any] = {"text": HERONS, "chunks": 4, "reasoning_chunks": 3, "continues": Continues.EXACTLY}
    await party.plan(
        Script(model="main", fault=Fault(FaultKind.CUT, at_chunk=6), **thinking), Script(model="spare", **thinking)
    )
    told = await party.say("main")
    assert told.text == HERONS
    assert told.kinds() == ["started", "reasoning", "text", "notice", "text", "completed"]
    receipt = await party.person.receipt(told.started.receipt_id)
    assert [leg.usage.reasoning_tokens > 0 for leg in receipt.legs] == [True, True]


async def test_a_stream_without_figures_is_counted_here_for_each_model(party: Party) -> None:
    await party.add("spare", price=CHEAP)
    await party.add("main", price=DEAR, fallback_profile_ids=["spare"])
    silent: dict[str, Any] = {"text": HERONS, "chunks": 8, "report_usage": False, "continues": Continues.LAST_WORDS}
    await party.plan(Script(model="main", fault=Fault(FaultKind.ENDS, 5), **silent), Script(model="spare", **silent))
    told = await party.say("main")
    assert told.text == HERONS
    receipt = await party.person.receipt(told.started.receipt_id)
    rows = await party.received("main", "spare")
    assert [leg.usage.output_tokens for leg in receipt.legs] == [row.completion_tokens for row in rows]
    assert all(leg.usage.estimated for leg in receipt.legs)
    await party.booked(sum(leg.usage.input_tokens + leg.usage.output_tokens for leg in receipt.legs))


@pytest.mark.parametrize("place", [0, 3])
async def test_tools_of_a_client_are_called_by_whoever_answers(party: Party, place: int) -> None:
    await party.add("spare")
    await party.add("main", fallback_profile_ids=["spare"])
    calls: dict[str, Any] = {"text": HERONS, "chunks": 6, "tool_calls": (ToolCall("look_up", '{"bird": "heron"}'),)}
    await party.plan(
        *[Script(model="main", fault=Fault(FaultKind.CUT, place), **calls)] * 2,
        Script(model="spare", continues=Continues.EXACTLY, **calls),
    )
    request = transcript(spoken("user", "Look it up."), model_profile_id="main", tools=[LOOK_UP])
    told = await party.person.send(request)
    assert told.last.completed.finish_reason == event_pb.FINISH_REASON_TOOL_CALLS
    started = [event.tool_call for event in told.events if event.HasField("tool_call")]
    assert [call.call.name for call in started] == ["look_up"]
    assert (told.text, len(switches(told))) == (HERONS, 1)
