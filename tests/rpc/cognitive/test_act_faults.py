"""Acting while something is missing, ends early or happens twice: all is done once, and what is not done is said."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from servers.cognitive.acting.store import Asked, Session, Taken
from servers.cognitive.domain.working_memory import meet
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from tests.rpc.cognitive.acting_stage import BOILER, GARDEN, PIANO, Stage, indexer, request, stage

__all__ = ["indexer", "stage"]


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user(), "test"):
        yield


async def test_a_step_that_was_cut_off_while_it_was_stored_is_stored_once(stage: Stage) -> None:
    asked = request(BOILER)
    first = await stage.acts.Act(asked)
    before = await stage.remembered()
    # As a process leaves it that died when memory had it, and before that was noted.
    lost = act_pb.ActResponse()
    lost.CopyFrom(first)
    lost.results[0].stored, lost.results[0].memory_id, lost.results[0].policy = False, "", ""
    async with stage.database.transaction(TENANT) as connection:
        await connection.execute(
            "update actions set storing = true, done = false, answer = $1", lost.SerializeToString()
        )
        await connection.execute("update working_items set memory_id = null")
    assert await stage.acts.Act(asked) == first
    # Not even strengthened, as by somebody who says the same again.
    assert await stage.remembered() == before
    answer = await stage.acts.GetWorkingMemory(act_pb.GetWorkingMemoryRequest(session_id="s"))
    assert answer.items[0].memory_id == first.results[0].memory_id


async def test_an_action_without_memory_answers_and_says_what_is_missing(stage: Stage) -> None:
    stage.door.away = {"RecallMemories", "StoreMemory", "ListNeighbors"}
    answer = await stage.act(f"{BOILER} {GARDEN}")
    assert [step.stored for step in answer.results] == [False, False]
    assert answer.results[0].pred_error == 0.0
    assert answer.results[0].salience == pytest.approx(0.6)
    assert "so it counts as expected" in answer.partial_reasons[0]
    assert "Step 1 was not kept" in answer.partial_reasons[1]
    assert "but it was not kept: " in answer.results[0].policy
    assert answer.partial
    assert stage.door.asked == ["RecallMemories"], "who is away is asked once"
    assert sorted(await stage.in_mind()) == sorted((BOILER, GARDEN))


async def test_what_memory_refuses_is_no_failure(stage: Stage) -> None:
    [step] = (await stage.act("Hello, thanks!")).results
    assert not step.stored
    assert "it only greets or thanks" in step.policy
    assert not (await stage.act("Good morning", session_id="t")).partial


async def test_a_stream_that_is_cancelled_stops_at_the_next_step_and_goes_on_when_asked_again(stage: Stage) -> None:
    stage.door.held["StoreMemory"] = asyncio.Event()
    asked = request(f"{BOILER} {GARDEN} {PIANO}")
    stream = stage.acts.StreamAct(act_pb.StreamActRequest(act=asked))
    running = asyncio.ensure_future(anext(aiter(stream)))
    assert await eventually(lambda: _truth("StoreMemory" in stage.door.asked))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    stage.door.held.pop("StoreMemory").set()
    # What was being stored is stored, and nothing after it.
    assert await eventually(stage.texts) == [BOILER]
    assert await eventually(lambda: _noted(stage, asked.request_id))
    assert stage.door.asked == ["RecallMemories", "StoreMemory"]
    rest = [event async for event in stage.acts.StreamAct(act_pb.StreamActRequest(act=asked))]
    assert [event.step.stored for event in rest[:-1]] == [True, True, True]
    assert stage.door.asked.count("RecallMemories") == 3
    assert await stage.texts() == sorted((BOILER, GARDEN, PIANO))


async def _truth(value: bool) -> bool:
    return value


async def _noted(stage: Stage, request_id: str) -> bool:
    async with stage.database.transaction(TENANT) as connection:
        query = "select not storing from actions where request_id = $1::uuid and steps = 1"
        return bool(await connection.fetchval(query, request_id))


async def test_a_deadline_ends_an_action_with_what_is_done_by_then(stage: Stage) -> None:
    stage.door.pause_seconds = 0.15
    asked = request("\n".join(f"Task {number}: {text}" for number in range(6) for text in (BOILER, GARDEN, PIANO)))
    answer = await stage.acts.Act(asked, timeout=2.5)
    assert answer.partial
    assert 0 < len(answer.results) < 18
    assert any("The time of the call was over after step" in why for why in answer.partial_reasons)
    assert await stage.acts.Act(asked) == answer


async def test_two_actions_in_one_session_lose_nothing(stage: Stage) -> None:
    tasks = ["\n".join(f"{name} reads chapter {number} of the {name} book" for number in "12345") for name in "AB"]
    answers = await asyncio.gather(*map(stage.act, tasks))
    assert len(await stage.in_mind()) == 10
    assert [len(answer.results) for answer in answers] == [5, 5]
    async with stage.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select version from working_memories") == 10


async def test_an_action_asked_twice_at_once_is_done_once(stage: Stage) -> None:
    asked = request(f"{BOILER} {GARDEN} {PIANO}")
    answers = await asyncio.gather(*(stage.acts.Act(asked) for _ in range(2)), return_exceptions=True)
    lost = [each for each in answers if isinstance(each, SomaError)]
    assert all(each.reason is Reason.CONFLICT for each in lost)
    told = await stage.acts.Act(asked)
    assert [each for each in answers if not isinstance(each, SomaError)] in ([told], [told, told])
    async with stage.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select version from working_memories") == 3
    assert await stage.texts() == sorted((BOILER, GARDEN, PIANO))


async def test_no_step_is_added_to_an_action_that_is_over_or_that_is_being_stored(stage: Stage) -> None:
    asked = request(BOILER)
    await stage.acts.Act(asked)
    session = Session(TENANT, default_agent_id(TENANT), user().sub, "s")
    memory = await stage.store.session(session)
    met = meet(memory, PIANO, 0.5, stage.clock.now())
    late = Taken(met, memory.gates, stage.clock.now(), steps=2, answer=b"", storing=False)
    taken = []
    for done, storing in ((True, False), (False, True), (False, False)):
        async with stage.database.transaction(TENANT) as connection:
            await connection.execute("update actions set done = $1, storing = $2", done, storing)
        taken.append(await stage.store.take_step(session, Asked(UUID(asked.request_id), bytes(32)), late))
    assert taken == [False, False, True]


async def test_a_plan_that_takes_too_long_is_left_out_and_said(stage: Stage) -> None:
    await stage.linked("The boiler leaks.", "Close the main valve.")
    stage.door.held["ListNeighbors"] = asyncio.Event()
    answer = await stage.hasty.Act(request("The boiler leaks again."))
    assert list(answer.plan) == []
    assert answer.partial
    assert answer.partial_reasons[0].startswith("The plan may lack steps: its links were not all told within 50 ms")
    assert answer.results[0].step == "The boiler leaks again."
