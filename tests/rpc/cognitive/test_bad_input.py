"""Input that nobody should send to the state of an agent: refused with its field, and the state stays in its ranges."""

import base64
import json
import math
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import filter_hash
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.rpc.cognitive.conftest import Cognition

AGENT = str(uuid4())
BASES = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


def page_token(*position: Any) -> str:
    body = json.dumps([1, filter_hash({"agent_id": AGENT}), *position]).encode()
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


TOKENS = {
    "nonsense": "nonsense",
    "words": page_token("first"),
    "a number beyond every version": page_token(2**40),
    "a version that is none": page_token(0),
    "a negative version": page_token(-5),
    "two positions": page_token(5, 5),
    "a text that is a number": page_token("7"),
    "half a letter": page_token("\ud800"),
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
async def test_a_page_token_that_we_never_made_is_refused(cognition: Cognition, token: str) -> None:
    with pytest.raises(SomaError) as refused:
        await cognition.user_modulation.ExplainState(
            modulation_pb.ExplainStateRequest(agent_id=AGENT, page_token=token)
        )
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata["field"] == "page_token"


BAD_UPDATES: dict[str, dict[str, Any]] = {
    "NaN": {"dopamine": math.nan},
    "infinity": {"serotonin": math.inf},
    "no request_id": {"request_id": ""},
    "an agent that is no id": {"agent_id": "me"},
    "out of range where that is refused": {"noradrenaline": 0.2, "refuse_out_of_range": True},
}


@pytest.mark.parametrize("fields", BAD_UPDATES.values(), ids=BAD_UPDATES)
async def test_an_update_with_a_bad_value_is_refused(cognition: Cognition, fields: dict[str, Any]) -> None:
    given = {"agent_id": AGENT, "request_id": str(uuid4())} | fields
    with pytest.raises(SomaError) as refused:
        await cognition.user.UpdateNeuromodulators(neuromodulator_pb.UpdateNeuromodulatorsRequest(**given))
    assert refused.value.reason is Reason.INVALID_FIELD
    now = await cognition.user.GetNeuromodulators(neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=AGENT))
    assert now.state_version == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
async def test_a_baseline_of_any_number_keeps_all_values_in_their_ranges(cognition: Cognition, value: float) -> None:
    baseline = common_pb.Neuromodulators(dopamine=value, serotonin=value, noradrenaline=value, acetylcholine=value)
    request = modulation_pb.ObserveTurnRequest(
        agent_id=AGENT,
        turn_id=str(uuid4()),
        request_id=str(uuid4()),
        facts=modulation_pb.TurnFacts(finish_reason="stop", tool_attempts=2**32 - 1, tool_successes=2**32 - 1),
        baseline=baseline,
    )
    await cognition.chat.ObserveTurn(request)
    asked = modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES, baseline=baseline)
    knobs = (await cognition.chat.GetModulation(asked)).modulation
    assert 0 <= knobs.temperature <= 1.5
    found = await cognition.user.GetNeuromodulators(neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=AGENT))
    assert all(state.minimum <= state.value <= state.maximum for state in found.states)


async def test_a_baseline_that_the_agent_changed_holds_for_the_next_turn(cognition: Cognition) -> None:
    old, new = (common_pb.Neuromodulators(dopamine=value, serotonin=0.5) for value in (0.2, 0.7))
    turn = str(uuid4())
    await cognition.chat.ObserveTurn(
        modulation_pb.ObserveTurnRequest(
            agent_id=AGENT,
            turn_id=turn,
            request_id=turn,
            facts=modulation_pb.TurnFacts(finish_reason="stop"),
            baseline=old,
        )
    )
    cognition.clock.advance(24 * 3600)
    found = await cognition.user.GetNeuromodulators(neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=AGENT))
    assert [it.baseline for it in found.states if it.name == "dopamine"] == [0.2]
    assert found.dopamine == pytest.approx(0.2, abs=0.01)
    asked = modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES, baseline=new)
    knobs = (await cognition.chat.GetModulation(asked)).modulation
    assert knobs.neuromodulators.dopamine == pytest.approx(0.7, abs=0.01)


async def test_the_sentence_of_an_effect_names_what_drove_it(cognition: Cognition) -> None:
    await cognition.user.UpdateNeuromodulators(
        neuromodulator_pb.UpdateNeuromodulatorsRequest(agent_id=AGENT, noradrenaline=0.09, request_id=str(uuid4()))
    )
    knobs = (
        await cognition.chat.GetModulation(modulation_pb.GetModulationRequest(agent_id=AGENT, bases=BASES))
    ).modulation
    assert knobs.tool_k_delta == -1
    (tools,) = [effect for effect in knobs.effects if effect.name == "tool_k"]
    assert "Noradrenaline 0.09 lowered the number of additional tools" in tools.sentence
