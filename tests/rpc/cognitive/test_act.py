"""Acting through its door: what is new is weighed and kept once, sessions stand apart, what is missing is said."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from google.protobuf import json_format

from servers.cognitive.acting.pruning import Pruning
from servers.cognitive.domain.sleeping import SleepState
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.acting_stage import BOILER, GARDEN, PIANO, Stage, indexer, request, stage

__all__ = ["indexer", "stage"]


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user(), "test"):
        yield


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
    found = {memory.memory_id: memory for memory in await stage.remembered()}
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
    assert await stage.texts() == [BOILER]


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
    assert await stage.texts() == sorted((BOILER, GARDEN))
    asked.task = GARDEN
    with pytest.raises(SomaError) as refused:
        await stage.acts.Act(asked)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_a_dry_run_says_what_would_be_and_leaves_nothing(stage: Stage) -> None:
    answer = await stage.act(BOILER, dry_run=True)
    assert answer.results[0].policy.startswith("Salience 1.00 reaches 0.50, so it would be kept.")
    assert (answer.results[0].stored, answer.results[0].acted) == (False, True)
    assert await stage.texts() == []
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
    assert {memory.namespace for memory in await stage.remembered()} == {"user:ada", "shared"}


async def test_what_cannot_be_is_refused_by_its_field(stage: Stage) -> None:
    wrong = (
        ("task", "leak\0ed"),
        ("task", ""),
        ("session_id", "s\0"),
        ("tenant_id", str(OTHER_TENANT)),
        ("universe", "x"),
    )
    for field, value in wrong:
        with pytest.raises(SomaError) as refused:
            await stage.act(**({"task": BOILER} | {field: value}))
        assert refused.value.reason is Reason.INVALID_FIELD
        assert field in refused.value.metadata["field"]


async def test_the_body_of_former_clients_is_understood(stage: Stage) -> None:
    body = {"task": BOILER, "top_k": 5, "universe": "", "session_id": "old", "tenant_id": str(TENANT)}
    asked = json_format.ParseDict(body | {"request_id": str(uuid4())}, act_pb.ActRequest())
    assert (await stage.acts.Act(asked)).results[0].stored
    assert await stage.in_mind("old") == [BOILER]


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
    assert await stage.texts() == [BOILER]


async def test_what_sleep_keeps_from_being_stored_is_promoted_the_second_time_it_is_salient(stage: Stage) -> None:
    await stage.feel(dopamine=0.8, noradrenaline=0.05)
    await stage.sleep(SleepState.LIGHT, SleepState.DEEP)
    first, second = [(await stage.act(BOILER)).results[0] for _ in range(2)]
    assert (first.stored, second.stored) == (False, True)
    assert first.policy.startswith("Salience 1.00 is below 1.05, so it was not kept.")
    assert second.policy.startswith(
        "Salience 0.80 is below 1.05, but it was met at 0.70 or more before, so it was kept."
    )
    assert await stage.texts() == [BOILER]


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
        await stage.remember(f"The boiler was looked at {number} times in May.")
    calm = (await stage.act("When was the boiler looked at?", top_k=2)).results[0]
    await stage.feel(acetylcholine=0.5)
    keen = (await stage.act("When was the boiler looked at?", top_k=2, session_id="t")).results[0]
    assert (len(calm.memory_hits), len(keen.memory_hits)) == (2, 3)
    async with stage.database.transaction(TENANT) as connection:
        await connection.execute(
            "insert into agent_adaptations (tenant_id, agent_id, version, weights, learning_rate, feedback_count, "
            "mean_shares, time) values ($1, $2, 1, '{2,0.5,0.3,0.7,0.6,1,0.1,0.05}', 0.05, 1, '{0,0,0,0}', now())",
            TENANT,
            default_agent_id(TENANT),
        )
    await stage.act("When was the boiler looked at?", session_id="u")
    weights = stage.door.recalls[-1].weights
    assert (weights.vector, weights.graph, weights.recency, weights.lexical) == (2.0, 0.5, 0.3, 0.7)


async def test_an_effect_that_a_flag_switches_off_does_not_move_an_action(stage: Stage) -> None:
    await stage.feel(acetylcholine=0.5)
    await stage.sleep(SleepState.LIGHT)
    await stage.act(BOILER, top_k=10)
    stage.switched_off[TENANT] = ("sleep_recall_breadth",)
    await stage.act(GARDEN, top_k=10)
    stage.switched_off[TENANT] = ("recall_breadth", "sleep_recall_breadth")
    await stage.act(PIANO, top_k=10)
    limits = [recall.top_k for recall in stage.door.recalls[-3:]]
    assert limits == [9, 15, 10]


async def test_a_plan_follows_the_links_from_what_fits(stage: Stage) -> None:
    await stage.linked("The boiler leaks.", "Close the main valve.", "Call the plumber.", "Pay the plumber.")
    answer = await stage.act("What to do when the boiler leaks?", top_k=1)
    assert list(answer.plan) == ["Close the main valve.", "Call the plumber.", "Pay the plumber."]
    elsewhere = await stage.act("What to do when the boiler leaks?", top_k=1, universe="shared")
    assert list(elsewhere.plan) == []


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
