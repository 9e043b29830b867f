"""How a sleeping agent takes turns: it rests until it is woken, takes none when frozen, does less in light sleep."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.common.v1 import level_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.minded import Minded
from tests.integration.chat.person import said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.talks import settled
from tests.integration.chat.test_deletion import as_owner
from tests.integration.chat.tree import edit, follow, regeneration

WAKE = message_pb.GenerationOptions(wake=True)


@pytest.fixture
async def ada(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Minded]:
    async with Minded(stack, tenant) as person:
        yield person


async def rows(stack: ChatStack, ada: Minded) -> list[int]:
    """How many turns, messages and conversations there are, and holds of the budget."""
    tables = (("chat", "turns"), ("chat", "messages"), ("chat", "conversations"), ("governor", "receipts"))
    found = []
    for house, table in tables:
        async with as_owner(stack, house) as connection:
            found.append(await connection.fetchval(f"select count(*) from {table} where tenant_id = $1", ada.tenant))
    return found


async def test_who_sleeps_deeply_rests_and_asks_nobody(ada: Minded, model: ScriptedUpstream) -> None:
    await ada.remembers("Herons eat small fish.")
    await ada.falls("light")
    await ada.falls("deep")
    told = await ada.say("What do herons eat?")
    assert told.text == (
        "Assistant is resting, so nothing was looked up and no model was asked. "
        "Send the message again with `wake` to wake assistant for it, or wait until the rest is over."
    )
    assert told.started.level == level_pb2.DEGRADATION_LEVEL_L4
    (reason,) = [reason for reason in told.started.level_reasons if reason.source == "sleep"]
    assert (reason.level, reason.sentence) == (
        level_pb2.DEGRADATION_LEVEL_L4,
        "The agent sleeps deeply, so it answers that it rests.",
    )
    assert "agent_resting" in told.notices
    await settled(ada, told.turn_id)
    receipt = await ada.receipt(told.started.receipt_id)
    assert (receipt.modulation.sleep_state, receipt.cost_micros) == ("deep", 0)
    assert not [item for item in receipt.items if item.lane == "memory"]
    assert model.requests() == []
    assert await ada.sleeps_as() == sleep_pb.SLEEP_STATE_DEEP
    await ada.quiet()
    assert await ada.state_version() == 0, "who rests has nothing to feel about it"


async def test_a_sleep_leaves_no_level_behind(ada: Minded) -> None:
    await ada.falls("light")
    await ada.falls("deep")
    assert (await ada.say("hello")).started.level == level_pb2.DEGRADATION_LEVEL_L4
    await ada.falls("active", wake=True)
    awake = (await ada.say("hello")).started
    assert awake.level < level_pb2.DEGRADATION_LEVEL_L4
    assert "sleep" not in [reason.source for reason in awake.level_reasons]


async def test_a_message_that_wakes_is_answered_and_so_is_another_answer(ada: Minded, model: ScriptedUpstream) -> None:
    await ada.falls("light")
    await ada.falls("deep")
    rested = await ada.say("What do herons eat?")
    model.enqueue(Script(text="Fish."), Script(text="Frogs."), Script(text="Eels."))
    again = regeneration(rested.started.assistant_message_id, options=WAKE)
    assert (await follow(ada, ada.turns.RegenerateMessage, again)).text == "Fish."
    assert await ada.sleeps_as() == sleep_pb.SLEEP_STATE_ACTIVE
    await ada.falls("light")
    await ada.falls("deep")
    other = edit(rested.started.user_message_id, "And in winter?", options=WAKE)
    assert (await follow(ada, ada.turns.EditMessage, other)).text == "Frogs."
    # Who is awake already is not woken.
    assert (await ada.say("And in spring?", options=WAKE)).text == "Eels."
    assert await ada.sleeps_as() == sleep_pb.SLEEP_STATE_ACTIVE


async def test_a_frozen_agent_takes_no_turn_and_keeps_nothing_of_it(
    ada: Minded, stack: ChatStack, model: ScriptedUpstream
) -> None:
    request_id = str(uuid4())
    known = await ada.say("What do herons eat?", request_id=request_id)
    await ada.quiet()
    await ada.falls("freeze")
    before = await rows(stack, ada)
    refused_id = str(uuid4())
    for options in (None, WAKE):
        with pytest.raises(SomaError) as refused:
            await ada.say("And in winter?", request_id=refused_id, options=options)
        assert refused.value.reason is Reason.AGENT_FROZEN
        assert "is frozen and takes no messages" in refused.value.sentence
        assert ada.agent_id in refused.value.sentence
    with pytest.raises(SomaError) as refused:
        await follow(ada, ada.turns.RegenerateMessage, regeneration(known.started.assistant_message_id))
    assert refused.value.reason is Reason.AGENT_FROZEN
    assert await rows(stack, ada) == before
    # What was asked before is still told, and what was refused may be asked again with the same request.
    assert (await ada.say("What do herons eat?", request_id=request_id)).turn_id == known.turn_id
    await ada.falls("active", wake=True)
    model.enqueue(Script(text="Ice fish."))
    assert (await ada.say("And in winter?", request_id=refused_id)).text == "Ice fish."


async def test_a_message_that_waits_is_refused_where_its_agent_was_frozen_meanwhile(
    ada: Minded, model: ScriptedUpstream
) -> None:
    model.enqueue(Script(chunks=60, gap_seconds=0.02))
    waiting: asyncio.Task[object] | None = None
    async for event in ada.stream(said("tell me a lot")):
        if event.HasField("started"):
            place = event.started.conversation_id
            request = said("shorter", conversation_id=place, while_busy=turn_pb.WHILE_BUSY_ENQUEUE)
            waiting = asyncio.create_task(ada.send(request))

            async def queued(place: str = place) -> bool:
                with ada.acting():
                    listed = await ada.turns.ListTurns(turn_pb.ListTurnsRequest(conversation_id=place))
                return len(listed.turns) == 2

            assert await eventually(queued)
            await ada.falls("freeze")
    assert waiting is not None
    with pytest.raises(SomaError) as refused:
        await waiting
    assert refused.value.reason is Reason.AGENT_FROZEN
    assert len(model.requests()) == 1


async def test_light_sleep_answers_with_less(ada: Minded, model: ScriptedUpstream) -> None:
    await ada.remembers(*(f"Herons eat fish of the kind {number}." for number in range(100, 130)))
    modulations, recalled = [], []
    for state in ("active", "light"):
        if state != "active":
            await ada.falls(state)
        await ada.feels()
        told = await ada.say("What do herons eat?")
        await settled(ada, told.turn_id)
        receipt = await ada.receipt(told.started.receipt_id)
        modulations.append(receipt.modulation)
        recalled.append(len([item for item in receipt.items if item.lane == "memory"]))
    awake, light = modulations
    first, second = (row.body for row in model.requests())
    assert (awake.sleep_state, light.sleep_state) == ("active", "light")
    assert first["temperature"] == pytest.approx(awake.temperature)
    assert second["temperature"] == pytest.approx(light.temperature)
    assert light.temperature < awake.temperature
    assert recalled == [awake.recall_limit, light.recall_limit]
    assert light.recall_limit < awake.recall_limit
    assert light.recall_time_factor < awake.recall_time_factor == 1.0
    assert light.store_threshold > awake.store_threshold
    await ada.say("I painted the fence in the yard.")
    await ada.quiet()
    assert not [text for text in await ada.memories() if "fence" in text]


async def observed(stack: ChatStack, turn_id: str, after: str) -> None:
    """What a turn was is told after this time, and how it was rated at once."""
    async with as_owner(stack, "chat") as connection:
        # A try that is on its way says itself when the next one is: it is waited for.
        held = """
            update intents set next_time = now() + $1::text::interval
            where kind = 'observe_turn' and turn_id = $2 and lease_expire_time is null
        """

        async def moved() -> bool:
            return await connection.execute(held, after, UUID(turn_id)) == "UPDATE 1"

        assert await eventually(moved, within_seconds=120)
        await connection.execute("update intents set next_time = now() where kind = 'record_feedback'")


async def test_a_mind_that_does_not_answer_is_neutral_and_never_frozen_and_hears_of_ratings_later(
    ada: Minded, stack: ChatStack
) -> None:
    await ada.remembers("Herons eat small fish.")
    told = await ada.say("What do herons eat?")
    await ada.quiet()
    await ada.falls("freeze")
    await asyncio.to_thread(stack.kill, "cognitive")
    try:
        while_away = await ada.say("What do herons eat now?")
        assert while_away.last.HasField("completed")
        modulation = (await ada.receipt(while_away.started.receipt_id)).modulation
        assert modulation.neutral
        assert (modulation.sleep_state, modulation.recall_time_factor) == ("active", 1.0)
        await ada.rate(told, message_pb.RATING_GOOD)
        # Of this one the mind is to hear later what it was, and later still how good.
        await ada.rate(while_away, message_pb.RATING_BAD)
        await observed(stack, while_away.turn_id, "1 h")
    finally:
        await asyncio.to_thread(stack.start, "cognitive")

    async def judged(*turn_ids: str) -> bool:
        return sorted(each.turn_id for each in await ada.lessons() if each.turn_id) == sorted(turn_ids)

    assert await eventually(lambda: judged(told.turn_id), within_seconds=120)
    await observed(stack, while_away.turn_id, "0 h")
    assert await eventually(lambda: judged(told.turn_id, while_away.turn_id), within_seconds=120)
