"""Same request and same snapshot, same bytes: in other processes, and from nothing but the receipt."""

import os
import subprocess
import sys

import pytest

from servers.governor.planning.similarity import ToolSimilarity
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from tests.property.governor.generated import messages_of, packed, turns, unpacked

COUNT, SEED = 200, 7


def planned_again(given: bytes, hash_seed: str) -> list[bytes]:
    program = [sys.executable, "-m", "tests.property.governor.generated"]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(program, input=given, capture_output=True, check=True, env=environment)
    return list(unpacked(done.stdout))


@pytest.fixture(scope="module")
def planned() -> tuple[bytes, list[bytes]]:
    """Requests with their receipts as two hundred turns left them, and what was answered and kept."""
    similarity = ToolSimilarity()
    given: list[bytes] = []
    made: list[bytes] = []
    for request, snapshot in turns(COUNT, SEED):
        messages = messages_of(request, snapshot, similarity)
        if messages is not None:
            given += (request.SerializeToString(deterministic=True), messages.receipt)
            made += (messages.response, messages.receipt)
    return packed(given), made


def test_the_turns_differ_and_most_have_a_plan(planned: tuple[bytes, list[bytes]]) -> None:
    responses = [governor_pb.PlanTurnResponse.FromString(response) for response in planned[1][::2]]
    assert len(responses) > 0.7 * COUNT
    assert {response.level for response in responses} >= {level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L2}
    assert sum(response.aiq_predicted.HasField("tool_relevance") for response in responses) > 20


@pytest.mark.parametrize("hash_seed", ["0", "4294967295"])
def test_another_process_makes_the_same_plan_from_the_receipt(
    planned: tuple[bytes, list[bytes]], hash_seed: str
) -> None:
    given, made = planned
    assert planned_again(given, hash_seed) == made
