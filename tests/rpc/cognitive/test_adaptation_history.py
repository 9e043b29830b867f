"""What an agent learned, through its doors: reset, taken back, listed, kept for a while, and nobody else's."""

import math
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from servers.cognitive.domain.adaptation import KEPT_VERSIONS
from servers.cognitive.domain.lessons import NOT_OBSERVED, SAID_BEFORE
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.cognitive.turns import AGENT, back_to, history_of, judged, now_of, reset, turn_of


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


async def test_a_reset_gives_the_defaults_and_what_was_said_counts_no_more(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    await judged(cognition, turn, 1.0)
    after = await reset(cognition, base_lr=0.2, tenant_id=str(TENANT))
    assert (after.version, after.feedback_count, after.learning_rate) == (2, 0, 0.2)
    assert after.retrieval.graph == 0.2
    again = await judged(cognition, turn, 1.0)
    assert again.state.feedback_count == 1
    assert again.state.retrieval.graph > 0.26
    assert (await reset(cognition)).learning_rate == 0.05


async def test_a_rollback_gives_what_a_version_was_and_is_a_new_one(cognition: Cognition) -> None:
    turns = [await turn_of(cognition, AGENT) for _ in range(4)]
    versions = [(await judged(cognition, turn, 1.0)).state for turn in turns]
    back = await back_to(cognition, 2, expected=4)
    assert back.version == 5
    assert (back.retrieval, back.utility) == (versions[1].retrieval, versions[1].utility)
    assert (back.mean_shares, back.feedback_count) == (versions[1].mean_shares, 2)
    assert back.cause == "The weights of version 2 were taken back."
    # What was said of the first two holds; of the others nothing is said any more.
    assert (await judged(cognition, turns[0], 1.0)).sentence == SAID_BEFORE
    assert (await judged(cognition, turns[3], 1.0)).state.feedback_count == 3
    first = await back_to(cognition, 0)
    assert (first.version, first.retrieval.graph) == (7, 0.2)


async def test_a_rollback_from_another_version_than_was_seen_is_a_conflict(cognition: Cognition) -> None:
    await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    with pytest.raises(SomaError) as refused:
        await back_to(cognition, 0, expected=0)
    assert refused.value.reason is Reason.CONFLICT
    assert (await now_of(cognition)).version == 1


async def test_a_rollback_to_a_version_that_is_not_kept_is_refused(cognition: Cognition) -> None:
    await reset(cognition)
    for version in (7, 2**31, 2**32 - 1):
        with pytest.raises(SomaError) as refused:
            await back_to(cognition, version)
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
        assert refused.value.sentence == f"There is no kept adaptation version {version}."
    assert (await now_of(cognition)).version == 1


async def test_a_reset_may_take_the_history_along(cognition: Cognition) -> None:
    await judged(cognition, await turn_of(cognition, AGENT), 1.0)
    await reset(cognition, reset_history=True)
    assert [state.version for state in (await history_of(cognition)).states] == [2]
    with pytest.raises(SomaError) as refused:
        await back_to(cognition, 1)
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    assert (await back_to(cognition, 2)).version == 3


async def test_the_history_is_listed_by_pages_newest_first(cognition: Cognition) -> None:
    for _ in range(3):
        await reset(cognition)
    found, token = list[int](), ""
    while True:
        page = await history_of(cognition, 2, token)
        found += [state.version for state in page.states]
        if not (token := page.next_page_token):
            break
    assert found == [3, 2, 1, 0]


async def test_a_thousand_versions_are_kept(cognition: Cognition) -> None:
    await reset(cognition)
    async with cognition.database.transaction(TENANT) as connection:
        await connection.execute("update agent_adaptations set version = $1", KEPT_VERSIONS + 4)
        await connection.execute(MANY_LINES, UUID(AGENT), KEPT_VERSIONS + 4)
    assert (await reset(cognition)).version == KEPT_VERSIONS + 5
    async with cognition.database.transaction(TENANT) as connection:
        [kept] = await connection.fetch("select min(version), max(version), count(*) from adaptation_log")
    assert tuple(kept) == (6, KEPT_VERSIONS + 5, KEPT_VERSIONS)


MANY_LINES = """
insert into adaptation_log (
    tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause, changed_by
)
select tenant_id, agent_id, number, weights, learning_rate, 0, mean_shares, time, kind, cause, changed_by
from adaptation_log, generate_series(2, $2) number
where agent_id = $1 and version = 1
"""


async def test_what_turns_had_used_goes_after_thirty_days(cognition: Cognition) -> None:
    old = await turn_of(cognition, AGENT)
    cognition.clock.advance(29 * 86_400)
    young = await turn_of(cognition, AGENT)
    await cognition.adaptations.forget_turns()
    assert (await judged(cognition, old, 0.5)).accepted
    cognition.clock.advance(2 * 86_400)
    await cognition.adaptations.forget_turns()
    assert not (await judged(cognition, old, 1.0)).accepted
    assert (await judged(cognition, young, 1.0)).accepted


async def test_another_tenant_finds_neither_the_turn_nor_the_weights(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    await judged(cognition, turn, 1.0)
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("operator",)), "other"):
        answer = await judged(cognition, turn, -1.0, agent_id=AGENT)
        assert (answer.accepted, answer.sentence, answer.state.version) == (False, NOT_OBSERVED, 0)
        assert (await reset(cognition)).version == 1
        assert len((await history_of(cognition)).states) == 2
    assert (await now_of(cognition)).version == 1


async def test_another_tenant_in_a_body_is_refused(cognition: Cognition) -> None:
    other = str(OTHER_TENANT)
    calls = (
        cognition.adaptation.GetAdaptationState(adaptation_pb.GetAdaptationStateRequest(tenant_id=other)),
        judged(cognition, "", 1.0, tenant_id=other),
        reset(cognition, tenant_id=other),
    )
    for call in calls:
        with pytest.raises(SomaError) as refused:
            await call
        assert refused.value.reason is Reason.INVALID_FIELD
        assert refused.value.metadata["field"] == "tenant_id"


async def test_a_member_may_judge_but_neither_reset_nor_go_back(cognition: Cognition) -> None:
    turn = await turn_of(cognition, AGENT)
    with acting_as(user(), "member"):
        assert (await judged(cognition, turn, 1.0)).accepted
        for call in (reset(cognition), back_to(cognition, 0)):
            with pytest.raises(SomaError) as refused:
                await call
            assert refused.value.reason is Reason.SCOPE_MISSING


BAD_FEEDBACK: dict[str, tuple[str, dict[str, Any]]] = {
    "too good": ("reward", {"reward": 1.1}),
    "NaN": ("reward", {"reward": math.nan}),
    "an own measure beyond its range": ("utility", {"utility": -2.0}),
    "infinity": ("utility", {"utility": math.inf}),
    "a turn that is no id": ("turn_id", {"turn_id": "the last one"}),
    "an agent that is no id": ("agent_id", {"agent_id": "me"}),
    "no request_id": ("request_id", {"request_id": ""}),
    "a session of too many words": ("session_id", {"session_id": "s" * 129}),
    "a time beyond all years": ("judged_time", {"judged_time": Timestamp(seconds=2**60)}),
}


async def test_feedback_with_a_bad_value_is_refused(cognition: Cognition) -> None:
    usual: dict[str, Any] = {"turn_id": await turn_of(cognition, AGENT), "reward": 1.0, "request_id": str(uuid4())}
    for name, (field, given) in BAD_FEEDBACK.items():
        with pytest.raises(SomaError) as refused:
            await cognition.adaptation.RecordFeedback(adaptation_pb.RecordFeedbackRequest(**usual | given))
        assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, field), name
    assert (await now_of(cognition)).version == 0


async def test_a_learning_rate_out_of_its_range_is_refused(cognition: Cognition) -> None:
    for rate in (-0.1, 0.6, math.nan, math.inf):
        with pytest.raises(SomaError) as refused:
            await reset(cognition, base_lr=rate)
        assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "base_lr"), rate
    assert (await now_of(cognition)).version == 0


async def test_a_page_token_of_another_list_is_refused(cognition: Cognition) -> None:
    for _ in range(2):
        await reset(cognition)
    token = (await history_of(cognition, 1)).next_page_token
    other = adaptation_pb.ListAdaptationHistoryRequest(agent_id=str(uuid4()), page_token=token)
    for request in (other, adaptation_pb.ListAdaptationHistoryRequest(page_token="nonsense")):
        with pytest.raises(SomaError) as refused:
            await cognition.adaptation.ListAdaptationHistory(request)
        assert refused.value.reason is Reason.INVALID_FIELD
        assert refused.value.metadata["field"] == "page_token"
