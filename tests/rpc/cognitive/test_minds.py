"""A whole mind through its doors: what sleep and lessons make of a turn, what a turn leaves, and who is quicker."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from servers.cognitive.domain.neuromodulators import Values
from servers.cognitive.domain.signals import Facts
from servers.cognitive.keeping.mind_store import MindStore, Used
from servers.cognitive.keeping.minds import Minds, Turn
from servers.cognitive.keeping.replaying import replay_log
from servers.cognitive.keeping.store import StateStore
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.events.store import EventStore
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.postgres import OpenDatabase
from tests.rpc.cognitive.conftest import Cognition

AGENT = str(uuid4())
CONVERSATION = str(uuid4())
BASES = common_pb.KnobBases(temperature=0.8, top_p=1.0, max_tool_rounds=3, max_retries=2, recall_limit=20)
SHARES = common_pb.RetrieverShares(vector=0.5, graph=0.25, recency=0.0, lexical=0.25)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def observed(turn_id: str, agent_id: str = AGENT, **facts: Any) -> modulation_pb.ObserveTurnRequest:
    known: dict[str, Any] = {"finish_reason": "stop", "aiq_observed": 100.0, "context_fill": 0.9, "open_turns": 0.5}
    return modulation_pb.ObserveTurnRequest(
        agent_id=agent_id,
        turn_id=turn_id,
        request_id=turn_id,
        facts=modulation_pb.TurnFacts(**known | {"retriever_shares": SHARES, "memories_used": 4} | facts),
        conversation_id=CONVERSATION,
        memory_namespace="user:ada",
        bases=BASES,
    )


def turn(**facts: Any) -> Turn:
    return Turn(uuid4(), Facts(**{"finish_reason": "stop"} | facts), Used())


async def modulation(cognition: Cognition, *off: str) -> common_pb.Modulation:
    asked = modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES, effects_off=off)
    return (await cognition.chat.GetModulation(asked)).modulation


async def fall(cognition: Cognition, *states: str) -> None:
    for state in states:
        await cognition.sleep.TransitionSleep(
            sleep_pb.TransitionSleepRequest(agent_id=AGENT, target_state=state, request_id=str(uuid4()))
        )


SLEPT = {
    "light": (("light",), 0.6, 12, 0.75, 0.45, 0.75),
    "deep": (("light", "deep"), 0.4, 4, 0.5, 0.0, 1.0),
    "freeze": (("freeze",), 0.8e-5, 1, 0.1, 0.0, 5.5),
}


@pytest.mark.parametrize("state", SLEPT)
async def test_sleep_scales_the_knobs_of_a_turn_and_no_others(cognition: Cognition, state: str) -> None:
    ways, temperature, limit, time, rate, threshold = SLEPT[state]
    awake = await modulation(cognition)
    assert (awake.sleep_state, awake.recall_time_factor, len(awake.effects)) == ("active", 1.0, 9)
    await fall(cognition, *ways)
    asleep = await modulation(cognition)
    assert asleep.sleep_state == state
    assert asleep.temperature == pytest.approx(temperature)
    assert asleep.recall_limit == limit
    assert asleep.recall_time_factor == pytest.approx(time)
    assert asleep.learning_rate_factor == pytest.approx(rate)
    assert asleep.store_threshold == pytest.approx(threshold)
    assert asleep.effects[:9] == awake.effects
    for name in ("top_p", "tool_k_delta", "max_tool_rounds", "max_retries", "history_share_delta"):
        assert getattr(asleep, name) == getattr(awake, name)


async def test_effects_of_sleep_have_their_sentences_and_can_be_switched_off_one_by_one(cognition: Cognition) -> None:
    await fall(cognition, "light")
    told = {effect.name: effect.sentence for effect in (await modulation(cognition)).effects[9:]}
    assert told["sleep_temperature"] == "Light sleep lowered the temperature from 0.80 to 0.60."
    assert told["sleep_recall_breadth"] == "Light sleep lowered the number of memories recalled from 20 to 12."
    assert told["sleep_store_threshold"] == "Light sleep raised the threshold for new memories from 0.50 to 0.75."
    for name, sentence in told.items():
        off = await modulation(cognition, name)
        changed = {effect.name: effect for effect in off.effects[9:] if effect.sentence != told[effect.name]}
        assert list(changed) == [name], sentence
        assert changed[name].switched_off
        assert changed[name].before == changed[name].after


async def test_a_turn_leaves_what_it_used_its_load_and_its_place_in_one_statement(cognition: Cognition) -> None:
    turn_id = str(uuid4())
    await cognition.chat.ObserveTurn(observed(turn_id))
    async with cognition.database.transaction(TENANT) as connection:
        [used] = await connection.fetch("select shares, memories_used, conversation_id from turn_shares")
        [load] = await connection.fetch("select load, open_turns, context_fill, error_rate from agent_loads")
        [place] = await connection.fetch("select agent_id, namespace from agent_namespaces")
        events = await connection.fetchval("select count(*) from events")
    assert tuple(used) == ([0.5, 0.25, 0.0, 0.25], 4, UUID(CONVERSATION))
    assert tuple(load) == (pytest.approx(0.5 * (0.4 * 0.5 + 0.3 * 0.9)), 0.5, 0.9, 0.0)
    assert tuple(place) == (UUID(AGENT), "user:ada")
    assert events == 1


async def test_the_answer_brings_the_knobs_of_the_next_turn(cognition: Cognition) -> None:
    await fall(cognition, "light")
    request = observed(str(uuid4()))
    request.effects_off.append("patience")
    answer = await cognition.chat.ObserveTurn(request)
    following = await modulation(cognition, "patience")
    assert answer.next.temperature == pytest.approx(following.temperature)
    assert [effect.sentence for effect in answer.next.effects] == [effect.sentence for effect in following.effects]
    assert (answer.next.sleep_state, answer.next.state_version) == ("light", 1)
    assert answer.next.neuromodulators == answer.neuromodulators
    request = observed(str(uuid4()))
    request.ClearField("bases")
    usual = (await cognition.chat.ObserveTurn(request)).next
    assert usual.recall_limit == 9, "15 of the usual bases, narrowed by light sleep"


async def test_a_turn_that_is_told_again_later_answers_what_it_led_to(cognition: Cognition) -> None:
    request = observed(str(uuid4()))
    first = await cognition.chat.ObserveTurn(request)
    for _ in range(3):
        await cognition.chat.ObserveTurn(observed(str(uuid4()), finish_reason="error"))
    cognition.clock.advance(600)
    again = await cognition.chat.ObserveTurn(request)
    assert (again.neuromodulators, again.state_version) == (first.neuromodulators, 1)
    assert again.next.neuromodulators == first.neuromodulators
    async with cognition.database.transaction(TENANT) as connection:
        assert await connection.fetchval("select count(*) from state_log") == 4


async def test_feedback_moves_dopamine_is_explained_and_is_no_turn(cognition: Cognition) -> None:
    turn_id = uuid4()
    await cognition.chat.ObserveTurn(observed(str(turn_id)))
    before = (await modulation(cognition)).neuromodulators.dopamine
    for reward in (1.0, 0.0, -0.5):
        async with cognition.database.transaction(TENANT) as connection:
            await cognition.states.observe_feedback(connection, TENANT, UUID(AGENT), turn_id, reward)
    told = await cognition.user_modulation.ExplainState(modulation_pb.ExplainStateRequest(agent_id=AGENT))
    lowered, raised = [change for change in told.changes if "feedback" in change.cause]
    assert (raised.name, raised.cause, raised.turn_id) == ("dopamine", "positive feedback, decay", str(turn_id))
    assert lowered.cause == "negative feedback, decay"
    assert raised.after == pytest.approx(before + 0.1 * (0.8 - before))
    assert lowered.after == pytest.approx(raised.after * 0.95)
    assert (await cognition.chat.ObserveTurn(observed(str(turn_id)))).state_version == 1


async def test_feedback_whose_transaction_fails_leaves_nothing(cognition: Cognition) -> None:
    with pytest.raises(ZeroDivisionError):
        async with cognition.database.transaction(TENANT) as connection:
            await cognition.states.observe_feedback(connection, TENANT, UUID(AGENT), None, 1.0)
            raise ZeroDivisionError
    assert (await modulation(cognition)).state_version == 0


async def test_explain_tells_what_sleep_changes_too(cognition: Cognition) -> None:
    await fall(cognition, "light")
    told = await cognition.user_modulation.ExplainState(modulation_pb.ExplainStateRequest(agent_id=AGENT))
    assert "Light sleep lowered the temperature from 0.70 to 0.52." in {effect.sentence for effect in told.effects}


async def test_what_a_flag_of_the_tenant_switches_off_is_off_whoever_asks(cognition: Cognition) -> None:
    wanted = neuromodulator_pb.UpdateNeuromodulatorsRequest(agent_id=AGENT, dopamine=0.8, request_id=str(uuid4()))
    await cognition.user.UpdateNeuromodulators(wanted)
    await fall(cognition, "light")
    cognition.switched_off[TENANT] = ("temperature", "sleep_recall_breadth")
    told = await cognition.user_modulation.ExplainState(modulation_pb.ExplainStateRequest(agent_id=AGENT))
    off = {effect.name: effect.sentence for effect in told.effects if effect.switched_off}
    assert off == {
        "temperature": "The temperature stays at 0.70: this effect is switched off.",
        "sleep_recall_breadth": "The number of memories recalled stays at 15: this effect is switched off.",
    }
    following = (await cognition.chat.ObserveTurn(observed(str(uuid4())))).next
    assert (following.recall_limit, following.recall_time_factor) == (20, 0.75)
    named_too = await modulation(cognition, "patience")
    assert {effect.name for effect in named_too.effects if effect.switched_off} == {*off, "patience"}
    assert "Light sleep lowered the temperature from 0.70 to 0.52." in {effect.sentence for effect in told.effects}
    cognition.switched_off[TENANT] = ()
    assert (await modulation(cognition)).recall_limit == 12
    cognition.switched_off[OTHER_TENANT] = ("sleep_recall_breadth",)
    assert (await modulation(cognition)).recall_limit == 12


async def test_two_writers_lose_nothing_and_every_turn_is_in_the_log(
    cognition: Cognition, open_database: OpenDatabase
) -> None:
    """One more process, as it were: it knows nothing of the order that the first one keeps among its own turns."""
    store = MindStore(await open_database(cognition.urls))
    other = Minds(store, lambda _: (), EventStore("cognitive"), cognition.clock)
    turns = [turn(aiq_observed=float(number)) for number in range(24)]

    def set_dopamine() -> Any:
        return cognition.user.UpdateNeuromodulators(
            neuromodulator_pb.UpdateNeuromodulatorsRequest(
                agent_id=AGENT, dopamine=0.01, relative=True, request_id=str(uuid4())
            )
        )

    async def tell(minds: Minds, each: Turn) -> int:
        return (await minds.observe_turn(TENANT, UUID(AGENT), each, None)).mind.state.version

    told = [tell(minds, each) for each in turns for minds in (cognition.minds, other)]
    versions = await asyncio.gather(*told, *(set_dopamine() for _ in range(4)))
    assert len(set(versions[: len(told)])) == len(turns), "a turn told by both moved the state once"
    async with cognition.database.transaction(TENANT) as connection:
        logged = await connection.fetch("select version, turn_id from state_log order by version")
    assert [row["version"] for row in logged] == list(range(1, len(turns) + 5))
    assert {row["turn_id"] for row in logged} - {None} == {each.turn_id for each in turns}
    assert await replays(cognition, AGENT)


async def test_the_log_read_back_and_folded_gives_the_stored_state_bit_by_bit(cognition: Cognition) -> None:
    chance = random.Random(20260901)
    for number in range(1, 61):
        cognition.clock.advance(chance.expovariate(1 / 300))
        match number % 4:
            case 3:
                async with cognition.database.transaction(TENANT) as connection:
                    reward = chance.uniform(-1, 1)
                    await cognition.states.observe_feedback(connection, TENANT, UUID(AGENT), None, reward)
            case 2:
                await cognition.user.UpdateNeuromodulators(
                    neuromodulator_pb.UpdateNeuromodulatorsRequest(
                        agent_id=AGENT,
                        dopamine=chance.uniform(-1, 1),
                        serotonin=chance.uniform(-1, 1),
                        relative=True,
                        request_id=str(uuid4()),
                    )
                )
            case _:
                facts = {"novelty": chance.random(), "urgency": chance.random(), "aiq_observed": chance.random()}
                # Now and then the agent has another baseline, and sometimes it tells of none.
                baseline = Values(chance.uniform(0, 0.8), chance.random(), 0.05, 0.2) if number % 8 else None
                await cognition.minds.observe_turn(TENANT, UUID(AGENT), turn(**facts), baseline)
    assert await replays(cognition, AGENT)


async def test_a_mind_of_another_tenant_is_another_mind(cognition: Cognition) -> None:
    await fall(cognition, "freeze")
    await cognition.chat.ObserveTurn(observed(str(uuid4())))
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("operator",)), "test"):
        seen = await modulation(cognition)
        assert (seen.sleep_state, seen.state_version, seen.adaptation_version) == ("active", 0, 0)


async def test_the_weights_that_were_learned_are_those_of_the_next_recall(cognition: Cognition) -> None:
    owner = await asyncpg.connect(cognition.urls.owner_dsn)
    try:
        await owner.execute(
            "insert into cognitive.agent_adaptations values ($1, $2, 7, $3, 0.05, 7, '{0.25,0.25,0.25,0.25}', now())",
            TENANT,
            UUID(AGENT),
            [1.5, 0.4, 0.2, 0.9, 0.6, 1.0, 0.1, 0.05],
        )
    finally:
        await owner.close()
    found = await modulation(cognition)
    weights = common_pb.RetrievalWeights(vector=1.5, graph=0.4, recency=0.2, lexical=0.9, temperature=0.6)
    assert (found.adaptation_version, found.retrieval_weights) == (7, weights)


async def replays(cognition: Cognition, agent_id: str) -> bool:
    """Whether the whole log of an agent leads to what is stored."""
    store = StateStore(cognition.database)
    stored = await store.find(TENANT, UUID(agent_id), cognition.clock.now())
    async with cognition.database.transaction(TENANT) as connection:
        return (await replay_log(store, connection, UUID(agent_id), stored, whole=True)).state == stored
