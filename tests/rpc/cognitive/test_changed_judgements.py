"""A judgement that is taken back, and judgements of one turn that arrive in another order than they were made."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from servers.cognitive.domain.lessons import NOTHING_TO_TAKE_BACK, OVERTAKEN
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.cognitive.turns import AGENT, dopamine, history_of, judged, now_of, reset, turn_of

FAR = datetime(9999, 12, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def at(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


async def test_taking_back_what_was_never_said_changes_nothing(cognition: Cognition) -> None:
    turn, mood = await turn_of(cognition, AGENT), await dopamine(cognition)
    first = await now_of(cognition)
    answer = await judged(cognition, turn, 1.0, withdrawn=True)
    assert (answer.accepted, answer.sentence) == (True, NOTHING_TO_TAKE_BACK)
    now = await now_of(cognition)
    assert (now.version, now.feedback_count) == (0, 0)
    assert (now.mean_shares, now.utility, now.retrieval) == (first.mean_shares, first.utility, first.retrieval)
    assert await dopamine(cognition) == mood
    assert (await judged(cognition, turn, 1.0)).state.feedback_count == 1


async def test_taking_back_what_was_said_is_judged_by_the_difference(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    good = await judged(cognition, turn, 1.0)
    back = await judged(cognition, turn, 0.0, withdrawn=True)
    assert (back.accepted, back.state.version, back.state.feedback_count) == (True, 2, 1)
    assert back.state.mean_shares == good.state.mean_shares
    assert good.state.retrieval.graph > 0.22
    assert back.state.retrieval.graph == pytest.approx(0.2, abs=0.006)


async def test_what_a_reset_took_back_is_not_taken_back_again(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    await judged(cognition, turn, 1.0)
    after = await reset(cognition)
    answer = await judged(cognition, turn, 0.0, withdrawn=True)
    assert (answer.sentence, answer.state) == (NOTHING_TO_TAKE_BACK, after)


async def test_of_a_turn_that_used_nothing_nothing_is_taken_back_that_was_not_said(cognition: Cognition) -> None:
    turn, mood = await turn_of(cognition, AGENT, shares=None), await dopamine(cognition)
    assert (await judged(cognition, turn, 0.0, withdrawn=True)).sentence == NOTHING_TO_TAKE_BACK
    assert await dopamine(cognition) == mood


@pytest.mark.parametrize("withdrawn", [False, True], ids=["bad", "taken back"])
async def test_an_earlier_judgement_that_arrives_later_changes_nothing(cognition: Cognition, withdrawn: bool) -> None:
    now, turn = cognition.clock.now(), await turn_of(cognition, AGENT)
    later = await judged(cognition, turn, -1.0, withdrawn=withdrawn, judged_time=at(now))
    mood = await dopamine(cognition)
    earlier = await judged(cognition, turn, 1.0, judged_time=at(now - timedelta(microseconds=1)))
    assert (earlier.accepted, earlier.sentence, earlier.state) == (False, OVERTAKEN, later.state)
    assert await now_of(cognition) == later.state
    assert await dopamine(cognition) == mood


async def test_an_earlier_judgement_is_overtaken_also_where_a_reset_came_between(cognition: Cognition) -> None:
    now, turn = cognition.clock.now(), await turn_of(cognition, AGENT)
    await judged(cognition, turn, -1.0, judged_time=at(now))
    after = await reset(cognition)
    earlier = await judged(cognition, turn, 1.0, judged_time=at(now - timedelta(seconds=1)))
    assert (earlier.accepted, earlier.state) == (False, after)


async def test_in_whichever_order_they_arrive_the_last_judgement_holds(cognition: Cognition) -> None:
    now, turn = cognition.clock.now(), await turn_of(cognition, AGENT)
    times = [at(now + timedelta(seconds=second)) for second in range(6)]
    await asyncio.gather(
        *(judged(cognition, turn, (-1.0) ** second, judged_time=time) for second, time in enumerate(times))
    )
    again = await judged(cognition, turn, -1.0, judged_time=times[-1])
    assert again.state == await now_of(cognition)
    assert (again.accepted, again.state.version) == (True, len((await history_of(cognition)).states) - 1)
    assert again.sentence.startswith("The same was said of this turn before")


async def test_a_judgement_without_a_time_is_of_now(cognition: Cognition) -> None:
    now, turn = cognition.clock.now(), await turn_of(cognition, AGENT)
    await judged(cognition, turn, 1.0, judged_time=at(now + timedelta(seconds=30)))
    assert (await judged(cognition, turn, -1.0)).state.version == 2
    assert not (await judged(cognition, turn, 1.0, judged_time=at(now))).accepted


async def test_a_time_far_ahead_does_not_hold_for_ever(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    await judged(cognition, turn, 1.0, judged_time=at(FAR))
    cognition.clock.advance(61)
    assert (await judged(cognition, turn, -1.0, judged_time=at(cognition.clock.now()))).accepted
