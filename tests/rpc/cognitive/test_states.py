"""The state of an agent through its doors: observed once, decayed, explained, set, reset, and nobody else's."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.conftest import Cognition

AGENT = str(uuid4())
BASES = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def observed(turn_id: str, **facts: Any) -> modulation_pb.ObserveTurnRequest:
    known: dict[str, Any] = {"finish_reason": "stop", "aiq_observed": 100.0, "aiq_predicted": 0.0} | facts
    return modulation_pb.ObserveTurnRequest(
        agent_id=AGENT, turn_id=turn_id, request_id=turn_id, facts=modulation_pb.TurnFacts(**known)
    )


def asked(**changes: Any) -> modulation_pb.GetModulationRequest:
    return modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES, **changes)


async def test_an_agent_to_which_nothing_happened_stands_at_its_baseline(cognition: Cognition) -> None:
    answer = (await cognition.chat.GetModulation(asked())).modulation
    assert answer.state_version == 0
    assert answer.temperature == pytest.approx(0.7)
    assert answer.recall_limit == 10
    assert len(answer.effects) == 9


async def test_a_good_turn_raises_dopamine_and_the_next_temperature(cognition: Cognition) -> None:
    after = await cognition.chat.ObserveTurn(observed(str(uuid4())))
    assert after.neuromodulators.dopamine > 0.4
    assert (await cognition.chat.GetModulation(asked())).modulation.temperature > 0.7


async def test_a_turn_told_twice_moves_the_state_once(cognition: Cognition) -> None:
    request = observed(str(uuid4()))
    first = await cognition.chat.ObserveTurn(request)
    second = await cognition.chat.ObserveTurn(request)
    assert first == second
    assert first.state_version == 1


async def test_the_same_turn_told_at_once_by_many_moves_the_state_once(cognition: Cognition) -> None:
    request = observed(str(uuid4()))
    answers = await asyncio.gather(*(cognition.chat.ObserveTurn(request) for _ in range(8)))
    assert {answer.state_version for answer in answers} == {1}


async def test_different_turns_at_once_are_all_counted(cognition: Cognition) -> None:
    await asyncio.gather(*(cognition.chat.ObserveTurn(observed(str(uuid4()))) for _ in range(12)))
    assert (await cognition.chat.GetModulation(asked())).modulation.state_version == 12


async def test_values_go_half_way_back_in_thirty_minutes(cognition: Cognition) -> None:
    await cognition.user.UpdateNeuromodulators(
        neuromodulator_pb.UpdateNeuromodulatorsRequest(agent_id=AGENT, dopamine=0.8, request_id=str(uuid4()))
    )
    cognition.clock.advance(1800)
    answer = await cognition.user.GetNeuromodulators(neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=AGENT))
    assert answer.dopamine == pytest.approx(0.6)


async def test_an_effect_that_is_switched_off_leaves_its_knob(cognition: Cognition) -> None:
    await cognition.chat.ObserveTurn(observed(str(uuid4())))
    answer = (await cognition.chat.GetModulation(asked(effects_off=["temperature"]))).modulation
    assert answer.temperature == pytest.approx(0.7)


async def test_values_are_clamped_or_refused_as_the_caller_wants(cognition: Cognition) -> None:
    def update(refuse: bool) -> neuromodulator_pb.UpdateNeuromodulatorsRequest:
        return neuromodulator_pb.UpdateNeuromodulatorsRequest(
            agent_id=AGENT, noradrenaline=0.9, refuse_out_of_range=refuse, request_id=str(uuid4())
        )

    answer = await cognition.user.UpdateNeuromodulators(update(False))
    assert answer.noradrenaline == pytest.approx(0.1)
    assert list(answer.clamped) == ["noradrenaline"]
    with pytest.raises(SomaError) as refused:
        await cognition.user.UpdateNeuromodulators(update(True))
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_repeated_update_answers_the_same_and_another_body_is_refused(cognition: Cognition) -> None:
    request = neuromodulator_pb.UpdateNeuromodulatorsRequest(
        agent_id=AGENT, dopamine=0.1, relative=True, request_id=str(uuid4())
    )
    first = await cognition.user.UpdateNeuromodulators(request)
    assert await cognition.user.UpdateNeuromodulators(request) == first
    request.dopamine = 0.2
    with pytest.raises(SomaError) as refused:
        await cognition.user.UpdateNeuromodulators(request)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_explain_names_what_moved_a_value_and_pages(cognition: Cognition) -> None:
    turn_id = str(uuid4())
    await cognition.chat.ObserveTurn(observed(turn_id))
    await cognition.user.ResetNeuromodulators(
        neuromodulator_pb.ResetNeuromodulatorsRequest(agent_id=AGENT, request_id=str(uuid4()))
    )
    request = modulation_pb.ExplainStateRequest(agent_id=AGENT, page_size=1)
    newest = await cognition.user_modulation.ExplainState(request)
    assert {change.cause for change in newest.changes} == {"reset by ada"}
    request.page_token = newest.next_page_token
    older = await cognition.user_modulation.ExplainState(request)
    (dopamine,) = [change for change in older.changes if change.name == "dopamine"]
    assert dopamine.cause == "reward above expectation, decay"
    assert dopamine.turn_id == turn_id
    assert older.next_page_token == ""


async def test_another_tenant_sees_nothing_of_it(cognition: Cognition) -> None:
    await cognition.chat.ObserveTurn(observed(str(uuid4())))
    with acting_as(user(tenant_id=OTHER_TENANT, roles=("operator",)), "test"):
        assert (await cognition.chat.GetModulation(asked())).modulation.state_version == 0


async def test_a_member_may_not_set_values(cognition: Cognition) -> None:
    request = neuromodulator_pb.UpdateNeuromodulatorsRequest(agent_id=AGENT, dopamine=0.1, request_id=str(uuid4()))
    with acting_as(user(), "test"), pytest.raises(SomaError) as refused:
        await cognition.user.UpdateNeuromodulators(request)
    assert refused.value.reason is Reason.SCOPE_MISSING


async def test_every_change_has_its_event_in_the_same_transaction(cognition: Cognition) -> None:
    await cognition.chat.ObserveTurn(observed(str(uuid4())))
    async with cognition.database.transaction(TENANT) as connection:
        events = await connection.fetchval("select count(*) from events where event_type = 'cognitive.state.changed'")
    assert events == 1
