"""What is wrong with a mind is found: rows are spoiled behind the back of the service, and a finding says so."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from servers.cognitive.domain.signals import Facts
from servers.cognitive.keeping.mind_store import Used
from servers.cognitive.keeping.minds import Turn
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.cognitive.conftest import Cognition

FINDINGS = ["ranges", "log", "replay", "weights", "lessons", "entropy", "sleep", "load", "cycles", "memory"]


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user(roles=("operator",)), "test"):
        yield


async def lived(cognition: Cognition, turns: int) -> UUID:
    """An agent that had turns, of which the last was praised, and then fell asleep."""
    agent_id, turn_id = uuid4(), uuid4()
    for number in range(turns):
        facts = Facts("stop", novelty=number % 7 / 7, aiq_observed=80.0, aiq_predicted=60.0)
        used = Used(shares=(0.5, 0.3, 0.0, 0.2), memories=3, namespace="user:ada")
        turn = Turn(turn_id if number == turns - 1 else uuid4(), facts, used, 0.2, 0.4)
        await cognition.minds.observe_turn(TENANT, agent_id, turn, None)
        cognition.clock.advance(7.3)
    await cognition.adaptation.RecordFeedback(
        adaptation_pb.RecordFeedbackRequest(turn_id=str(turn_id), reward=0.9, request_id=str(uuid4()))
    )
    await cognition.sleep.TransitionSleep(
        sleep_pb.TransitionSleepRequest(agent_id=str(agent_id), target_state="light", request_id=str(uuid4()))
    )
    return agent_id


async def diagnostics(cognition: Cognition, agent_id: UUID) -> modulation_pb.GetDiagnosticsResponse:
    return await cognition.user_modulation.GetDiagnostics(modulation_pb.GetDiagnosticsRequest(agent_id=str(agent_id)))


async def test_a_mind_that_lived_is_sound_and_is_replayed_from_its_snapshot(cognition: Cognition) -> None:
    agent_id = await lived(cognition, 204)
    found = await diagnostics(cognition, agent_id)
    assert [finding.name for finding in found.findings] == FINDINGS
    assert [finding.sentence for finding in found.findings if not finding.sound] == []
    assert (found.state_version, found.log_length, found.adaptation_version, found.sleep_version) == (205, 205, 1, 1)
    told = {finding.name: finding.sentence for finding in found.findings}
    assert told["replay"] == "5 changes from the snapshot at version 200 lead to the stored values."
    assert told["log"] == "The log has a line for each of 205 changes."
    assert told["lessons"] == "1 lesson from version 0 leads to the stored weights."
    assert told["memory"] == "Turns kept memories in 1 namespace; 0 wait for a cycle."


async def test_an_agent_to_which_nothing_happened_is_sound(cognition: Cognition) -> None:
    found = await diagnostics(cognition, uuid4())
    assert [finding.sentence for finding in found.findings if not finding.sound] == []
    assert (found.state_version, found.log_length) == (0, 0)


# What is done to the rows of an agent, and which findings are not sound then.
SPOILED = {
    "update agent_states set state_values[1] = state_values[1] + 1e-16": {"replay"},
    "update agent_states set state_values[2] = 1.5": {"ranges", "replay"},
    "update agent_states set state_values[3] = 'NaN'": {"ranges", "replay"},
    "update agent_states set baseline[4] = 0.6": {"ranges", "replay"},
    "update agent_states set as_of = as_of + interval '1 microsecond'": {"replay"},
    "update agent_states set recent_failures[2] = true": {"replay"},
    "delete from state_log where version = 3": {"log", "replay"},
    "update state_log set signal_strengths[1] = signal_strengths[1] / 2 where version = 2": {"replay"},
    "update state_log set time = time + interval '1 second' where version = 2": {"replay"},
    "update agent_adaptations set weights[2] = 7": {"weights", "lessons"},
    "update agent_adaptations set weights[2] = 0": {"lessons", "entropy"},
    "update agent_adaptations set mean_shares[1] = -0.1": {"weights", "lessons"},
    "delete from adaptation_log where version = 1": {"lessons"},
    "delete from sleep_log": {"sleep"},
    "update agent_sleeps set state = 3": {"sleep"},
    "update agent_loads set load = 1.2": {"load"},
    "update agent_loads set unconsolidated = 1000": {"memory"},
}


async def test_whatever_is_spoiled_is_found(cognition: Cognition) -> None:
    owner = await asyncpg.connect(cognition.urls.owner_dsn)
    try:
        for statement, expected in SPOILED.items():
            agent_id = await lived(cognition, 4)
            about, _, where = statement.partition(" where ")
            done = await owner.execute(f"{about} where agent_id = $1{where and ' and ' + where}", agent_id)
            assert done.endswith(" 1"), statement
            found = await diagnostics(cognition, agent_id)
            unsound = {finding.name for finding in found.findings if not finding.sound}
            assert unsound == expected, f"{statement}: {found.findings}"
    finally:
        await owner.close()


async def test_a_finding_says_what_is_wrong(cognition: Cognition) -> None:
    agent_id = await lived(cognition, 2)
    owner = await asyncpg.connect(cognition.urls.owner_dsn)
    try:
        await owner.execute("update agent_states set state_values[1] = 0.95 where agent_id = $1", agent_id)
        await owner.execute("update agent_loads set load = 'NaN' where agent_id = $1", agent_id)
    finally:
        await owner.close()
    told = {finding.name: finding.sentence for finding in (await diagnostics(cognition, agent_id)).findings}
    assert told["ranges"] == "Dopamine 0.95 is outside 0-0.8."
    assert told["replay"].startswith("3 changes from the beginning do not lead to what is stored: dopamine 0.4")
    assert told["replay"].endswith(" and not 0.95.")
    assert told["load"] == "The load is nan."
