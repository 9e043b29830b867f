"""What chat concludes about its dependencies from their answers."""

import pytest

from servers.chat.answering.gathering import seen_index
from soma.common.v1 import level_pb2
from soma.memory.v1 import memory_service_pb2 as recall_pb


@pytest.mark.parametrize(
    ("partial", "reason", "state"),
    [
        (False, "vector index down: lexical only", level_pb2.DEPENDENCY_STATE_DOWN),
        (True, "vector retriever: out of time", level_pb2.DEPENDENCY_STATE_DEGRADED),
        (False, "2 hits left out: the answer would be too large", level_pb2.DEPENDENCY_STATE_DEGRADED),
    ],
)
def test_slow_is_not_down(partial: bool, reason: str, state: level_pb2.DependencyState.ValueType) -> None:
    seen = seen_index(recall_pb.RecallMemoriesResponse(partial=partial, degraded_reasons=[reason]))
    assert (seen.name, seen.state, seen.detail) == ("memory_index", state, reason)
