"""Acting through its door: what is new is weighed and kept once, sessions stand apart, what is missing is said."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from servers.cognitive.acting.pruning import Pruning
from servers.cognitive.domain.sleeping import SleepState
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.acting_stage import Stage, indexer, request, stage

__all__ = ["indexer", "stage"]
BOILER = "The boiler in the cellar leaks since Tuesday."
GARDEN = "Plant three apple trees behind the shed."
PIANO = "Have the piano tuned before the concert."


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user(), "test"):
        yield


async def remembered(stage: Stage) -> list[memory_pb.Memory]:
    answer = await stage.memory.ListMemories(service_pb.ListMemoriesRequest())
    return list(answer.memories)


async def texts(stage: Stage) -> list[str]:
    return sorted(memory.text for memory in await remembered(stage))


async def remember(stage: Stage, text: str) -> str:
    stored = await stage.memory.StoreMemory(service_pb.StoreMemoryRequest(text=text, request_id=str(uuid4())))
    return str(stored.memory.memory_id)


async def test_what_is_new_and_unexpected_is_kept_and_worth_acting_on(stage: Stage) -> None:
    answer = await stage.act(f"{BOILER} {GARDEN}")
    assert [step.step for step in answer.results] == [BOILER, GARDEN]
    first, second = answer.results
    assert (first.novelty, first.pred_error, first.salience) == (1.0, 1.0, 1.0)
    assert first.policy == ("Salience 1.00 reaches 0.50, so it was kept. It is worth acting on, as it reaches 0.70.")
    assert 0.5 < second.novelty <= 1.0
    assert second.store_threshold == pytest.approx(0.4)
    assert second.act_threshold == pytest.approx(0.6)
    assert not answer.partial
    assert (answer.plan_universe, answer.session_id) == ("user:ada", "s")
    found = {memory.memory_id: memory for memory in await remembered(stage)}
    assert found.keys() == {first.memory_id, second.memory_id}
    kept = found[first.memory_id]
    assert (kept.text, kept.namespace, kept.owner_sub) == (BOILER, "user:ada", "ada")
    assert (kept.kind, kept.source_id) == (memory_pb.MEMORY_KIND_EPISODIC, "session:s")
    assert await stage.in_mind() == [BOILER, GARDEN]


async def test_the_same_again_is_neither_new_nor_kept_twice(stage: Stage) -> None:
    first = (await stage.act(BOILER)).results[0]
    [again] = (await stage.act(BOILER.upper())).results
    assert again.novelty == pytest.approx(0.0, abs=0.01)
    assert again.pred_error < 0.5
    assert (again.stored, again.memory_id) == (False, first.memory_id)
    assert "it is a memory already" in again.policy
    assert [hit.text for hit in again.wm_hits] == [BOILER]
    assert [hit.memory_id for hit in again.memory_hits] == [first.memory_id]
    assert await texts(stage) == [BOILER]


async def test_what_means_the_same_is_less_new_than_what_does_not(stage: Stage) -> None:
    await stage.act("Reserve plane tickets to Portugal.", dry_run=False)
    alike, other = [(await stage.act(task)).results[0] for task in ("Book a flight to Lisbon.", PIANO)]
    assert alike.novelty < other.novelty - 0.2


async def test_an_action_repeated_answers_the_same_and_is_done_once(stage: Stage) -> None:
    asked = request(f"{BOILER} {GARDEN}")
    first = await stage.acts.Act(asked)
    assert await stage.acts.Act(asked) == first
    streamed = [event async for event in stage.acts.StreamAct(act_pb.StreamActRequest(act=asked))]
    assert [event.step for event in streamed[:-1]] == list(first.results)
    assert streamed[-1].done == first
    assert await texts(stage) == sorted((BOILER, GARDEN))
    asked.task = GARDEN
    with pytest.raises(SomaError) as refused:
        await stage.acts.Act(asked)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_a_step_that_was_cut_off_while_it_was_stored_is_stored_once(stage: Stage) -> None:
    asked = request(BOILER)
    first = await stage.acts.Act(asked)
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
    assert await texts(stage) == [BOILER]
    answer = await stage.acts.GetWorkingMemory(act_pb.GetWorkingMemoryRequest(session_id="s"))
    assert answer.items[0].memory_id == first.results[0].memory_id


async def test_a_dry_run_says_what_would_be_and_leaves_nothing(stage: Stage) -> None:
    answer = await stage.act(BOILER, dry_run=True)
    assert answer.results[0].policy.startswith("Salience 1.00 reaches 0.50, so it would be kept.")
    assert (answer.results[0].stored, answer.results[0].acted) == (False, True)
    assert await texts(stage) == []
    assert await stage.in_mind() == []


async def test_sessions_and_people_and_tenants_stand_apart(stage: Stage) -> None:
    await stage.act(BOILER)
    assert (await stage.act(BOILER, session_id="another")).results[0].novelty == 1.0
    own = await stage.act(BOILER, session_id="")
    assert own.results[0].novelty == 1.0
    assert await stage.in_mind(own.session_id) == [BOILER]
    for caller in (user("bob"), user(tenant_id=OTHER_TENANT)):
        with acting_as(caller, "test"):
            assert await stage.in_mind() == []
            foreign = (await stage.act(BOILER)).results[0]
            assert (foreign.novelty, foreign.pred_error) == (1.0, 1.0)
    assert await stage.in_mind() == [BOILER]


async def test_another_persons_namespace_is_not_there(stage: Stage) -> None:
    with pytest.raises(SomaError) as refused:
        await stage.act(BOILER, universe="user:bob")
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert stage.door.asked == []
    with acting_as(user("olga", roles=("operator",)), "test"):
        answer = await stage.act(BOILER, universe="user:bob")
    assert (answer.results[0].stored, answer.plan_universe) == (True, "user:bob")


async def test_a_universe_is_where_it_looks_and_keeps(stage: Stage) -> None:
    await stage.act(BOILER)
    elsewhere = await stage.act(BOILER, universe="shared", session_id="t")
    assert list(elsewhere.results[0].memory_hits) == []
    assert {memory.namespace for memory in await remembered(stage)} == {"user:ada", "shared"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("task", "leak\0ed"), ("session_id", "s\0"), ("tenant_id", str(OTHER_TENANT)), ("task", ""), ("universe", "real")],
)
async def test_what_cannot_be_is_refused_by_its_field(stage: Stage, field: str, value: str) -> None:
    with pytest.raises(SomaError) as refused:
        await stage.act(**({"task": BOILER} | {field: value}))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert field in refused.value.metadata["field"]


async def test_the_body_of_former_clients_is_understood(stage: Stage) -> None:
    answer = await stage.act(BOILER, top_k=5, universe="", session_id="old", tenant_id=str(TENANT))
    assert answer.results[0].stored


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


async def test_a_text_is_promoted_the_second_time_it_is_salient(stage: Stage) -> None:
    await stage.feel(dopamine=0.8)
    stage.door.away = {"StoreMemory"}
    assert not (await stage.act(BOILER)).results[0].stored
    stage.door.away = set()
    [second] = (await stage.act(BOILER)).results
    assert second.stored
    for _ in range(2):
        await stage.act(BOILER)
    answer = await stage.acts.GetWorkingMemory(act_pb.GetWorkingMemoryRequest(session_id="s"))
    assert [(item.salient_count, item.memory_id) for item in answer.items] == [(2, second.memory_id)]
    assert await texts(stage) == [BOILER]


async def test_what_sleep_keeps_from_being_stored_is_promoted_the_second_time_it_is_salient(stage: Stage) -> None:
    await stage.feel(dopamine=0.8, noradrenaline=0.05)
    await stage.sleep(SleepState.LIGHT, SleepState.DEEP)
    first, second = [(await stage.act(BOILER)).results[0] for _ in range(2)]
    assert (first.stored, second.stored) == (False, True)
    assert first.policy.startswith("Salience 1.00 is below 1.05, so it was not kept.")
    assert second.policy.startswith(
        "Salience 0.80 is below 1.05, but it was met at 0.70 or more before, so it was kept."
    )
    assert await texts(stage) == [BOILER]


async def test_a_frozen_agent_does_not_act(stage: Stage) -> None:
    asked = request(BOILER)
    before = await stage.acts.Act(asked)
    await stage.sleep(SleepState.FREEZE)
    with pytest.raises(SomaError) as refused:
        await stage.act(GARDEN)
    assert refused.value.reason is Reason.AGENT_FROZEN
    assert await stage.acts.Act(asked) == before


async def test_attention_and_what_was_learned_reach_the_recall(stage: Stage) -> None:
    for number in range(6):
        await remember(stage, f"The boiler was looked at {number} times in May.")
    calm = (await stage.act("When was the boiler looked at?", top_k=2)).results[0]
    await stage.feel(acetylcholine=0.5)
    keen = (await stage.act("When was the boiler looked at?", top_k=2, session_id="t")).results[0]
    assert (len(calm.memory_hits), len(keen.memory_hits)) == (2, 3)


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
    assert await eventually(lambda: texts(stage)) == [BOILER]
    assert await eventually(lambda: _noted(stage, asked.request_id))
    assert stage.door.asked == ["RecallMemories", "StoreMemory"]
    rest = [event async for event in stage.acts.StreamAct(act_pb.StreamActRequest(act=asked))]
    assert [event.step.stored for event in rest[:-1]] == [True, True, True]
    assert stage.door.asked.count("RecallMemories") == 3
    assert await texts(stage) == sorted((BOILER, GARDEN, PIANO))


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
    assert await texts(stage) == sorted((BOILER, GARDEN, PIANO))


async def linked(stage: Stage, *chain: str) -> None:
    ids = [await remember(stage, text) for text in chain]
    for one, other in pairwise(ids):
        link = graph_pb.LinkMemoriesRequest(memory_id=one, target_memory_id=other, request_id=str(uuid4()))
        await stage.memory.LinkMemories(link)


async def test_a_plan_follows_the_links_from_what_fits(stage: Stage) -> None:
    await linked(stage, "The boiler leaks.", "Close the main valve.", "Call the plumber.", "Pay the plumber.")
    answer = await stage.act("What to do when the boiler leaks?", top_k=1)
    assert list(answer.plan) == ["Close the main valve.", "Call the plumber.", "Pay the plumber."]
    elsewhere = await stage.act("What to do when the boiler leaks?", top_k=1, universe="shared")
    assert list(elsewhere.plan) == []


async def test_a_plan_that_takes_too_long_is_left_out_and_said(stage: Stage) -> None:
    await linked(stage, "The boiler leaks.", "Close the main valve.")
    stage.door.held["ListNeighbors"] = asyncio.Event()
    answer = await stage.hasty.Act(request("The boiler leaks again."))
    assert list(answer.plan) == []
    assert answer.partial
    assert answer.partial_reasons[0].startswith("The plan may lack steps: its links were not all told within 50 ms")
    assert answer.results[0].step == "The boiler leaks again."


async def test_sessions_that_nobody_uses_are_forgotten(stage: Stage) -> None:
    await stage.act(BOILER, session_id="old")
    stage.clock.advance(timedelta(days=5).total_seconds())
    await stage.act(GARDEN, session_id="new")
    stage.clock.advance(timedelta(days=3).total_seconds())
    await Pruning(stage.store, stage.clock).prune()
    assert (await stage.in_mind("old"), await stage.in_mind("new")) == ([], [GARDEN])
    async with stage.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select count(*) from working_items") == 1
        assert await connection.fetchval("select count(*) from actions") == 0
