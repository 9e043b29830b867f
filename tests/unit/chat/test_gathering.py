"""What chat concludes about its dependencies from their answers."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from servers.chat.answering.gathering import Gatherer, seen_index
from servers.chat.answering.minds import Mind, seen_cognitive
from servers.chat.dependencies import Dependencies
from servers.chat.domain.agent import Agent
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.order import Options
from soma.common.v1 import level_pb2
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_service_pb2 as recall_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user


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


class StillMinds:
    """Minds that sleep as a test wants, and notes who was woken."""

    def __init__(self, sleep_state: str) -> None:
        self.mind = Mind(common_pb.Modulation(sleep_state=sleep_state), seen_cognitive())
        self.woken_turns: list[UUID] = []

    async def ask(self, *_: object) -> Mind:
        return self.mind

    async def woken(self, _: Mind, agent: Agent, tenant: object, turn_id: UUID) -> Mind:
        self.woken_turns.append(turn_id)
        return Mind(common_pb.Modulation(sleep_state="active"), seen_cognitive())


class AskedMemory:
    """A memory that knows nothing and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0

    async def RecallMemories(self, *_: object, **__: object) -> recall_pb.RecallMemoriesResponse:  # noqa: N802
        self.asked += 1
        return recall_pb.RecallMemoriesResponse()


@pytest.mark.parametrize(
    ("sleep_state", "begun", "wake", "recalls", "wakes"),
    [
        ("active", False, True, 1, 0),
        ("light", False, True, 1, 0),
        ("deep", False, False, 0, 0),
        ("deep", False, True, 1, 1),
        # Who began to answer ends it, however the agent sleeps by now.
        ("deep", True, False, 1, 0),
        ("freeze", True, False, 1, 0),
    ],
)
async def test_who_sleeps_deeply_recalls_nothing_unless_it_is_woken_or_answers_already(
    sleep_state: str, begun: bool, wake: bool, recalls: int, wakes: int
) -> None:
    minds, memory = StillMinds(sleep_state), AskedMemory()
    await gatherer(minds, memory).gather(a_turn(wake=wake), begun=begun)
    assert (memory.asked, len(minds.woken_turns)) == (recalls, wakes)


@pytest.mark.parametrize("wake", [False, True])
async def test_a_frozen_agent_begins_nothing(wake: bool) -> None:
    minds, memory = StillMinds("freeze"), AskedMemory()
    with pytest.raises(SomaError) as refused:
        await gatherer(minds, memory).gather(a_turn(wake=wake), begun=False)
    assert refused.value.reason is Reason.AGENT_FROZEN
    assert (memory.asked, minds.woken_turns) == (0, [])


def gatherer(minds: StillMinds, memory: AskedMemory) -> Gatherer:
    features = SimpleNamespace(enabled=lambda *_: True)
    parts: tuple[Any, ...] = (SimpleNamespace(), memory, minds, Dependencies(SetClock()), features, tuple)
    return Gatherer(*parts)


def a_turn(*, wake: bool) -> Accepted:
    """A turn of a conversation that has no messages yet."""
    order: Any = SimpleNamespace(caller=user("ada"), text="hello", options=Options(wake=wake))
    return Accepted(uuid4(), order, Agent(uuid4()), OFFLINE_PROFILE, uuid4())
