"""Bodies of model calls made again from the receipt and the stores: byte for byte what the upstream received.

`SOMA_TEST_PROMPTS=200 .venv/bin/pytest tests/integration/chat/test_prompts.py` for the full number of turns.
"""

import asyncio
import hashlib
import json
import os
import signal
from typing import Any, Final
from uuid import uuid4

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.sizes import size
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.party import Party
from tests.integration.chat.person import Person, said, spoken, transcript
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.talks import Talks, TurnSeen, settled
from tests.integration.chat.test_approvals import asked, resolve, waiting
from tests.integration.chat.test_client_results import submit
from tests.integration.chat.test_interruptions import start
from tests.integration.chat.test_tool_rounds import asks, evaluate

SEED: Final = 20_260


async def rebuilt(person: Person, turn_id: str, leg: int = 1) -> turn_pb.RebuildPromptResponse:
    """A body made again."""
    with person.acting():
        answer: turn_pb.RebuildPromptResponse = await person.turns.RebuildPrompt(
            turn_pb.RebuildPromptRequest(turn_id=turn_id, leg=leg)
        )
    return answer


async def same_as_received(person: Person, seen: TurnSeen) -> None:
    """Every call of the turn, made again, is what the upstream received for it."""
    await settled(person, seen.turn_id)
    receipt = await person.receipt(seen.turn_id)
    sent = [leg for leg in receipt.legs if leg.finish_reason != "" and leg.request_sha256]
    assert [leg.request_sha256.hex() for leg in sent] == [each.body_sha256 for each in seen.received], seen.kind
    for leg, received in zip(sent, seen.received, strict=True):
        made = await rebuilt(person, seen.turn_id, leg.leg)
        assert json.loads(made.body) == received.body, (seen.kind, leg.leg, list(made.missing))
        assert hashlib.sha256(made.body).hexdigest() == received.body_sha256, (seen.kind, leg.leg)
        assert made.exact, seen.kind
        assert list(made.missing) == []
        assert made.model == leg.model


async def test_the_prompts_of_generated_turns_are_made_again_byte_for_byte(party: Party) -> None:
    talks = Talks(party, SEED)
    await talks.prepare()
    turns = await talks.lead(size("SOMA_TEST_PROMPTS", 25))
    for seen in turns:
        await same_as_received(party.person, seen)
    assert {"tools", "fallback", "edited", "gone on with results", "consented"} <= {seen.kind for seen in turns}


async def test_only_its_person_and_an_administrator_may_see_a_prompt(
    stack: ChatStack, ada: Person, eve: Person, model: ScriptedUpstream
) -> None:
    told = await ada.say("What do herons eat?")
    for person, turn_id, leg in ((eve, told.turn_id, 1), (ada, str(uuid4()), 1), (ada, told.turn_id, 2)):
        with pytest.raises(SomaError) as refused:
            await rebuilt(person, turn_id, leg)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    async with (
        Person(stack, "root", ada.tenant, "admin") as root,
        Person(stack, "root", TenantId(uuid4()), "admin") as stranger,
    ):
        assert (await rebuilt(root, told.turn_id)).exact
        with pytest.raises(SomaError) as refused:
            await rebuilt(stranger, told.turn_id)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_a_memory_that_is_gone_or_away_is_missed_by_its_id(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    ids = []
    for text in ("My heron eats frogs.", "My heron sleeps standing."):
        with ada.acting():
            request = memory_pb.StoreMemoryRequest(text=text, request_id=str(uuid4()))
            ids.append((await ada.memory.StoreMemory(request)).memory.memory_id)
    told = await ada.say("What does my heron eat?")
    await settled(ada, told.turn_id)
    sent = model.requests()[0].prompt
    assert all(memory_id in sent for memory_id in ids)
    with ada.acting():
        await ada.memory.DeleteMemory(memory_pb.DeleteMemoryRequest(memory_id=ids[0], request_id=str(uuid4())))
    made = await rebuilt(ada, told.turn_id)
    assert (made.exact, list(made.missing)) == (False, [f"Memory {ids[0]} was forgotten."])
    assert ids[1].encode() in made.body
    assert ids[0].encode() not in made.body
    memory = stack.pid("memory")
    os.kill(memory, signal.SIGSTOP)
    try:
        made = await rebuilt(ada, told.turn_id)
    finally:
        os.kill(memory, signal.SIGCONT)
    assert not made.exact
    assert [sentence.partition(" cannot be read now. ")[0] for sentence in made.missing] == [
        f"Memory {memory_id}" for memory_id in sent_order(sent, ids)
    ]


def sent_order(sent: str, ids: list[str]) -> list[str]:
    """The memories in the order in which they stand in a prompt."""
    return sorted(ids, key=sent.index)


async def test_of_a_deleted_conversation_nothing_is_made_again(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.say("What do herons eat?")
    await settled(ada, told.turn_id)
    stub: Any = ada.stub("chat", ConversationServiceStub)
    with ada.acting():
        request = conversation_pb.DeleteConversationRequest(
            conversation_id=told.started.conversation_id, request_id=str(uuid4())
        )
        await stub.DeleteConversation(request)
    made = await rebuilt(ada, told.turn_id)
    assert (made.body, made.exact) == (b"", False)
    assert list(made.missing) == ["The conversation of the turn was deleted, and its messages with it."]


async def test_the_words_of_a_transcript_are_not_kept(ada: Person, model: ScriptedUpstream) -> None:
    told = await ada.send(transcript(spoken("user", "What do herons eat?")))
    await settled(ada, told.turn_id)
    made = await rebuilt(ada, told.turn_id)
    assert (made.body, made.exact) == (b"", False)
    assert list(made.missing) == ["The turn was made over a transcript, and its words are not kept."]


async def test_a_prompt_can_be_made_again_while_its_turn_runs_waits_or_is_not_settled(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(Script(chunks=20, gap_seconds=0.05))
    seen = await start(ada, said("tell me a lot"))
    made = await rebuilt(ada, seen.turn_id)
    assert (made.exact, list(made.missing)) == (True, [])
    governor = stack.pid("governor")
    os.kill(governor, signal.SIGSTOP)
    try:
        await ada.resume(seen.turn_id)
    finally:
        os.kill(governor, signal.SIGCONT)
    # The settlement waits with chat, or has just been told.
    assert (await rebuilt(ada, seen.turn_id)).exact
    model.enqueue(asks(evaluate("6 * 7", id="c1")), Script(text="42."))
    told = await asked(ada)
    await waiting(ada, told.turn_id)
    received = model.requests()[-1]
    made = await rebuilt(ada, told.turn_id)
    assert hashlib.sha256(made.body).hexdigest() == received.body_sha256
    await resolve(ada, told)
    await ada.resume(told.turn_id)


async def test_the_calls_of_a_turn_that_lost_its_process_are_made_again(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(asks(evaluate("6 * 7", id="c1"), text="Let me see."), Script(chunks=60, gap_seconds=0.05))
    seen = await start(ada, said("Please calculate the product of 6 and 7."), texts=8)
    with ada.acting():
        # Whoever goes on recalls something else.
        memory = memory_pb.StoreMemoryRequest(text="The product of 6 and 7 is odd.", request_id=str(uuid4()))
        await ada.memory.StoreMemory(memory)
    await asyncio.to_thread(stack.kill, "chat")
    await asyncio.to_thread(stack.start, "chat")
    await ada.reconnect(seen.turn_id)
    await ada.resume(seen.turn_id, seen.last.sequence)
    await same_as_received(ada, TurnSeen("taken over", seen.turn_id, model.requests()))
    legs = (await ada.receipt(seen.turn_id)).legs
    assert [(leg.rounds_before, leg.continued_characters > 0) for leg in legs] == [(0, False), (1, False), (1, True)]


async def test_results_that_a_client_gives_later_change_no_earlier_prompt(ada: Person, model: ScriptedUpstream) -> None:
    weather = message_pb.ClientTool(name="weather", description="The weather of a city.")
    model.enqueue(asks(ToolCall("weather", '{"city": "Kiel"}', id="c1"), text="A moment."))
    told = await ada.say("How is the weather in Kiel?", tools=[weather])
    between = await ada.say("Never mind.", conversation_id=told.started.conversation_id)
    await settled(ada, between.turn_id)
    await submit(ada, told.turn_id, "c1", "rain")
    made = await rebuilt(ada, between.turn_id)
    assert (made.exact, list(made.missing)) == (True, [])
