"""What a person sees when the model or a service that chat needs fails."""

import asyncio
import time

import pytest

from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.integration.chat.person import Person, said
from tests.integration.chat.stack import ChatStack


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(FaultKind.UNAUTHORIZED), Reason.MODEL_REFUSED_KEY),
        (Fault(FaultKind.RATE_LIMITED, seconds=7), Reason.MODEL_RATE_LIMITED),
        (Fault(FaultKind.CONTEXT_LENGTH), Reason.MODEL_CONTEXT_OVERFLOW),
        (Fault(FaultKind.CONTENT_FILTER), Reason.MODEL_CONTENT_FILTERED),
        (Fault(FaultKind.WRONG_CONTENT_TYPE), Reason.MODEL_PROTOCOL_ERROR),
    ],
)
async def test_a_refusal_of_the_provider_is_told_once(
    ada: Person, model: ScriptedUpstream, fault: Fault, reason: Reason
) -> None:
    model.set_default(Script(fault=fault))
    told = await ada.say("hello")
    failed = told.last.failed
    assert failed.reason == reason
    assert failed.sentence
    assert not failed.partial_text_kept
    assert failed.retry_after_seconds == (7 if reason is Reason.MODEL_RATE_LIMITED else 0)
    assert len(model.requests()) == 1
    turn = await ada.turn(told.turn_id)
    assert turn.error_reason == reason
    assert turn.error_sentence == failed.sentence
    # The conversation goes on.
    model.set_default(Script())
    again = await ada.say("hello again", conversation_id=told.started.conversation_id)
    assert again.last.HasField("completed")


async def test_a_failure_before_the_first_token_is_tried_again_under_its_own_hold(
    ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(Script(fault=Fault(FaultKind.SERVER_ERROR)))
    told = await ada.say("hello")
    assert told.last.HasField("completed")
    assert len(model.requests()) == 2
    receipt = await ada.receipt(told.started.receipt_id)
    assert [(leg.leg, leg.finish_reason) for leg in receipt.legs] == [(1, "error"), (2, "stop")]
    assert receipt.legs[0].cost_micros == 0


async def test_a_stream_that_is_cut_twice_fails_with_its_text_kept(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=20, fault=Fault(FaultKind.CUT, at_chunk=8)))
    told = await ada.say("hello")
    failed = told.last.failed
    assert failed.reason == Reason.MODEL_UNAVAILABLE
    assert failed.partial_text_kept
    assert told.text
    turn = await ada.turn(told.turn_id)
    assert turn.text == told.text
    assert turn.usage.estimated
    assert told.notices == ["provider_switched"]
    assert len(model.requests()) == 2


async def test_without_memory_a_turn_runs_at_l1_with_a_notice(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    await asyncio.to_thread(stack.kill, "memory")
    begin = time.monotonic()
    told = await ada.say("My dog is called Rufus.")
    assert time.monotonic() - begin < 3
    assert told.started.level == level_pb.DEGRADATION_LEVEL_L1
    assert told.started.lanes.memory == 0
    assert "dependency_down" in told.notices
    assert told.last.HasField("completed")
    # What was to be learned is delivered when the service is back.
    await asyncio.to_thread(stack.start, "memory")

    async def learned() -> bool:
        with ada.acting():
            found = await ada.memory.RecallMemories(memory_pb.RecallMemoriesRequest(query="dog Rufus"))
        return any("Rufus" in hit.memory.text for hit in found.hits)

    await eventually(learned, within_seconds=20)


async def test_without_cognition_a_turn_is_neutral_with_a_notice(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    await asyncio.to_thread(stack.kill, "cognitive")
    told = await ada.say("hello")
    assert "dependency_down" in told.notices
    assert any("neutral" in event.notice.sentence for event in told.events)
    assert told.last.HasField("completed")
    assert model.requests()[0].body["temperature"] == 0.7
    receipt = await ada.receipt(told.started.receipt_id)
    assert receipt.modulation.neutral
    await asyncio.to_thread(stack.start, "cognitive")


async def test_without_the_governor_there_is_no_turn(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    first = await ada.say("hello")
    await asyncio.to_thread(stack.kill, "governor")
    request = said("hello again", conversation_id=first.started.conversation_id)
    with pytest.raises(SomaError) as caught:
        await ada.send(request)
    assert caught.value.reason is Reason.DEPENDENCY_DOWN
    assert caught.value.metadata["dependency"] == "governor"
    assert caught.value.retry_after_seconds
    await asyncio.to_thread(stack.start, "governor")
    # What may pass may be asked again, under the same id too.
    told = await ada.send(request)
    assert told.last.HasField("completed")
    assert [each["content"] for each in model.requests()[-1].messages].count("hello again") == 1


async def test_a_dead_model_leads_to_the_canned_answer(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    await asyncio.to_thread(model.stop)
    try:
        for _ in range(2):
            told = await ada.say("are you there")
            assert told.last.failed.reason == Reason.MODEL_UNAVAILABLE
        told = await ada.say("are you there")
        assert told.started.level == level_pb.DEGRADATION_LEVEL_L4
        assert told.last.completed.usage.input_tokens == 0
        assert told.last.completed.cost_micros == 0
        assert told.text
        receipt = await ada.receipt(told.started.receipt_id)
        assert not any(item.kept for item in receipt.items)
    finally:
        await asyncio.to_thread(model.start)
        # The breaker of this process rests for half a minute; a new process has a new one.
        await asyncio.to_thread(stack.kill, "chat")
        await asyncio.to_thread(stack.start, "chat")


async def test_the_mood_changes_the_request(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    async with Person(stack, ada.sub, ada.tenant, "operator") as keeper:
        with keeper.acting():
            await keeper.mood.UpdateNeuromodulators(
                mood_pb.UpdateNeuromodulatorsRequest(dopamine=0.8, serotonin=0.9, request_id=said("").request_id)
            )
        try:
            await ada.say("hello")
            body = model.requests()[0].body
            assert body["temperature"] > 0.8
            assert "Be warm and encouraging." in model.requests()[0].prompt
        finally:
            with keeper.acting():
                request_id = said("").request_id
                await keeper.mood.ResetNeuromodulators(mood_pb.ResetNeuromodulatorsRequest(request_id=request_id))


async def test_a_turn_moves_the_state_once(stack: ChatStack, ada: Person) -> None:
    async def version() -> int:
        with ada.acting():
            found = await ada.mood.GetNeuromodulators(mood_pb.GetNeuromodulatorsRequest())
        return int(found.state_version)

    before = await version()
    await ada.say("hello")

    async def moved() -> bool:
        return await version() > before

    await eventually(moved, within_seconds=10)
