"""What feedback teaches an agent, through its doors: credited, counted once, and never lost."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.domain.adaptation import replay
from servers.cognitive.domain.lessons import NOT_OBSERVED, SAID_BEFORE, USED_NOTHING
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.cognitive.turns import AGENT, dopamine, history_of, judged, now_of, reset, turn_of


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


async def test_an_agent_that_learned_nothing_has_the_defaults(cognition: Cognition) -> None:
    found = await cognition.adaptation.GetAdaptationState(adaptation_pb.GetAdaptationStateRequest())
    assert found.state.agent_id == str(default_agent_id(TENANT))
    weights = common_pb.RetrievalWeights(vector=1.0, graph=0.2, recency=0.1, lexical=1.0, temperature=0.7)
    assert (found.state.version, found.state.retrieval) == (0, weights)
    assert found.minimum.graph == 0.0
    assert found.maximum.recency == 1.0
    assert not (await history_of(cognition)).states


async def test_good_feedback_raises_the_weight_of_what_found_more_than_usual(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    before, mood = await now_of(cognition), await dopamine(cognition)
    answer = await judged(cognition, turn, 1.0)
    assert answer.accepted
    assert answer.state == await now_of(cognition)
    assert answer.state.retrieval.graph > before.retrieval.graph
    assert answer.state.retrieval.vector < before.retrieval.vector
    assert (answer.state.version, answer.state.feedback_count, answer.state.turn_id) == (1, 1, turn)
    assert answer.sentence.startswith("Links found 0.60 of what was used and 0.09 on the average, so their weight rose")
    assert answer.state.cause == "Positive feedback on a turn whose memories were found mostly by links."
    assert await dopamine(cognition) > mood
    assert 0 < answer.expected_utility < 1


async def test_bad_feedback_lowers_it_and_dopamine(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    mood = await dopamine(cognition)
    answer = await judged(cognition, turn, -1.0)
    assert answer.state.retrieval.graph < 0.2
    assert "the answer was judged badly, so their weight fell" in answer.sentence
    assert await dopamine(cognition) < mood


async def test_dopamine_makes_learning_quicker(cognition: Cognition) -> None:
    moved = []
    for value in (0.0, 0.7):
        await cognition.user.UpdateNeuromodulators(
            neuromodulator_pb.UpdateNeuromodulatorsRequest(agent_id=AGENT, dopamine=value, request_id=str(uuid4()))
        )
        await reset(cognition)
        answer = await judged(cognition, await turn_of(cognition, AGENT), 1.0)
        moved.append(answer.state.retrieval.graph - 0.2)
    assert moved[1] > 1.5 * moved[0] > 0


async def test_feedback_with_the_same_request_id_counts_once(cognition: Cognition) -> None:
    turn, request_id = await turn_of(cognition, AGENT), str(uuid4())
    answers = [await judged(cognition, turn, 1.0, request_id) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (await now_of(cognition)).version == 1


async def test_the_same_said_again_moves_nothing(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    first = await judged(cognition, turn, 1.0)
    mood = await dopamine(cognition)
    again = await judged(cognition, turn, 1.0)
    assert (again.accepted, again.sentence, again.state) == (True, SAID_BEFORE, first.state)
    assert await dopamine(cognition) == mood
    at_once = await turn_of(cognition, AGENT)
    answers = await asyncio.gather(*(judged(cognition, at_once, 1.0) for _ in range(6)))
    assert sorted(answer.sentence == SAID_BEFORE for answer in answers) == [False, *[True] * 5]
    assert (await now_of(cognition)).feedback_count == 2


async def test_who_thinks_better_of_it_is_counted_by_the_difference(cognition: Cognition) -> None:
    """Up and then down is, but for the rate that dopamine changed, as if it had been down at once."""
    changing, at_once = str(uuid4()), str(uuid4())
    turn = await turn_of(cognition, changing)
    await judged(cognition, turn, 1.0)
    changed = await judged(cognition, turn, -1.0)
    plain = await judged(cognition, await turn_of(cognition, at_once), -1.0)
    assert changed.state.feedback_count == plain.state.feedback_count == 1
    assert changed.state.version == 2
    assert changed.state.cause.startswith("Negative change of feedback")
    assert changed.state.retrieval.graph < 0.2
    assert changed.state.retrieval.graph == pytest.approx(plain.state.retrieval.graph, abs=0.006)


async def test_a_turn_that_used_no_memory_moves_dopamine_only(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT, shares=None)
    mood = await dopamine(cognition)
    answer = await judged(cognition, turn, 1.0)
    assert (answer.accepted, answer.sentence, answer.state.version) == (False, USED_NOTHING, 0)
    felt = await dopamine(cognition)
    assert felt > mood
    assert (await judged(cognition, turn, 1.0)).sentence == SAID_BEFORE
    assert await dopamine(cognition) == felt


async def test_a_turn_that_is_not_known_yet_is_told_of_again_by_the_same_request(cognition: Cognition) -> None:
    turn, request_id = str(uuid4()), str(uuid4())
    early = await judged(cognition, turn, 1.0, request_id)
    assert (early.accepted, early.sentence) == (False, NOT_OBSERVED)
    await turn_of(cognition, AGENT, turn_id=turn)
    assert (await judged(cognition, turn, 1.0, request_id)).accepted


async def test_without_a_turn_the_newest_of_the_conversation_or_of_the_agent_is_meant(cognition: Cognition) -> None:
    conversation, other = str(uuid4()), str(default_agent_id(TENANT))
    told = await turn_of(cognition, other, conversation_id=conversation)
    cognition.clock.advance(1)
    newest = await turn_of(cognition, other)
    assert (await judged(cognition, "", 1.0)).state.turn_id == newest
    assert (await judged(cognition, "", 1.0, session_id=conversation)).state.turn_id == told
    assert not (await judged(cognition, "", 1.0, session_id="my session")).accepted
    assert not (await judged(cognition, "", 1.0, session_id=str(uuid4()))).accepted
    assert not (await judged(cognition, "", 1.0, session_id=conversation, agent_id=AGENT)).accepted


async def test_an_own_measure_is_added_and_a_long_answer_counts_as_such(cognition: Cognition) -> None:
    turns = [await turn_of(cognition, str(uuid4())) for _ in range(3)]
    plain = await judged(cognition, turns[0], 0.5)
    added = await judged(cognition, turns[1], 0.5, utility=0.5)
    long = await judged(cognition, turns[2], 0.5, response_text="so " * 4000, query="q", prompt="p")
    assert added.state.retrieval.graph > plain.state.retrieval.graph > 0.2
    assert long.state.utility.mu != 0.1
    assert plain.state.utility.mu == 0.1
    assert long.expected_utility < plain.expected_utility


async def test_of_two_writers_at_once_nothing_is_lost(cognition: Cognition) -> None:
    turns = [await turn_of(cognition, AGENT) for _ in range(12)]
    answers = await asyncio.gather(*(judged(cognition, turn, (-1) ** number) for number, turn in enumerate(turns)))
    assert sorted(answer.state.version for answer in answers) == list(range(1, 13))
    assert (await now_of(cognition)).feedback_count == 12
    store = AdaptationStore(cognition.database)
    async with cognition.database.transaction(TENANT) as connection:
        newest_first = await store.lines(connection, TENANT, UUID(AGENT), 2**31 - 1, 100)
    first, *lines = reversed(newest_first)
    assert {line.turn_id for line in lines} == {UUID(turn) for turn in turns}
    assert replay(first.after, lines) == newest_first[0].after


async def test_a_rate_of_nothing_counts_and_moves_no_weight(cognition: Cognition) -> None:
    await reset(cognition, base_lr=0.0)
    answer = await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    assert answer.state.retrieval == (await reset(cognition)).retrieval
    assert answer.state.feedback_count == 1
    assert "does not learn now" in answer.sentence


async def test_neutral_feedback_counts_and_moves_no_weight(cognition: Cognition) -> None:
    mood = await dopamine(cognition)
    answer = await judged(cognition, await turn_of(cognition, AGENT), 0.0)
    assert (answer.accepted, answer.state.feedback_count) == (True, 1)
    assert answer.state.retrieval.graph == 0.2
    assert answer.sentence == "Neutral feedback counts and moves no weight of a retriever."
    assert await dopamine(cognition) <= mood + 1e-3


@pytest.mark.parametrize(("state", "part"), [("light", 0.5), ("deep", 0.0)])
async def test_asleep_an_agent_learns_slower_or_not_at_all(cognition: Cognition, state: str, part: float) -> None:
    awake = await judged(cognition, await turn_of(cognition, str(uuid4())), 1.0)
    for each in ("light", state):
        await cognition.sleep.TransitionSleep(
            sleep_pb.TransitionSleepRequest(agent_id=AGENT, target_state=each, request_id=str(uuid4()))
        )
    asleep = await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    moved = [answer.state.retrieval.graph - 0.2 for answer in (asleep, awake)]
    assert moved[0] == pytest.approx(part * moved[1], rel=1e-3)
    assert asleep.state.feedback_count == 1
    assert ("does not learn now" in asleep.sentence) == (part == 0.0)


async def test_who_sleeps_learns_as_awake_where_a_flag_of_the_tenant_says_so(cognition: Cognition) -> None:
    for state in ("light", "deep"):
        await cognition.sleep.TransitionSleep(
            sleep_pb.TransitionSleepRequest(agent_id=AGENT, target_state=state, request_id=str(uuid4()))
        )
    cognition.switched_off[TENANT] = ("sleep_learning_rate",)
    answer = await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    assert answer.state.retrieval.graph > 0.2
    cognition.switched_off.clear()
    assert "does not learn now" in (await judged(cognition, await turn_of(cognition, AGENT), 1.0)).sentence


async def test_the_next_turn_is_given_what_was_learned(cognition: Cognition) -> None:
    answer = await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    bases = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)
    asked = modulation_pb.GetModulationRequest(agent_id=AGENT, bases=bases)
    modulation = (await cognition.chat.GetModulation(asked)).modulation
    assert modulation.retrieval_weights == answer.state.retrieval
    assert modulation.adaptation_version == 1


async def test_a_turn_that_is_observed_twice_keeps_what_it_used_first(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    await turn_of(cognition, AGENT, shares=common_pb.RetrieverShares(lexical=1.0), turn_id=turn)
    assert (await judged(cognition, turn, 1.0)).sentence.startswith("Links found 0.60")
