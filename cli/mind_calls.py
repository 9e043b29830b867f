"""What the commands on the mind ask of the cognitive service.

Nothing here prints.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cli.doors import Doors
from cli.governing.budgets import agent_of as agent_named
from cli.streams import without_end
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc

# A model may be asked for options; a cycle that is stopped undoes what was unfinished.
WAITING_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Values:
    """The neuromodulators and what they change."""

    state: neuromodulator_pb.GetNeuromodulatorsResponse
    explained: modulation_pb.ExplainStateResponse


@dataclass(frozen=True, slots=True)
class Mind:
    """Everything about the mind of an agent."""

    values: Values
    sleep: sleep_pb.SleepStatus
    adaptation: adaptation_pb.AdaptationState


def neuromodulators(doors: Doors) -> neuromodulator_grpc.NeuromodulatorServiceStub:
    """The stub of the neuromodulators."""
    return doors.stub("cognitive", neuromodulator_grpc.NeuromodulatorServiceStub)


def modulation(doors: Doors) -> modulation_grpc.ModulationServiceStub:
    """The stub of modulation."""
    return doors.stub("cognitive", modulation_grpc.ModulationServiceStub)


def adaptation(doors: Doors) -> adaptation_grpc.AdaptationServiceStub:
    """The stub of adaptation."""
    return doors.stub("cognitive", adaptation_grpc.AdaptationServiceStub)


def sleep(doors: Doors) -> sleep_grpc.SleepServiceStub:
    """The stub of sleep."""
    return doors.stub("cognitive", sleep_grpc.SleepServiceStub)


def threads(doors: Doors) -> thread_grpc.ThreadServiceStub:
    """The stub of threads of thought."""
    return doors.stub("cognitive", thread_grpc.ThreadServiceStub)


def acting(doors: Doors) -> act_grpc.ActServiceStub:
    """The stub of acting."""
    return doors.stub("cognitive", act_grpc.ActServiceStub)


async def agent_of(doors: Doors, word: str) -> str:
    """The id of the agent that is meant by name or id; empty, the default one, where none is. Raises CommandError."""
    try:
        return str(UUID(word)) if word else ""
    except ValueError:
        return await agent_named(doors, word)


async def explained(doors: Doors, agent_id: str, changes: int) -> modulation_pb.ExplainStateResponse:
    """What the values change and what moved them. Raises SomaError."""
    return await modulation(doors).ExplainState(modulation_pb.ExplainStateRequest(agent_id=agent_id, page_size=changes))


async def values_of(doors: Doors, agent_id: str) -> Values:
    """The neuromodulators and what they change. Raises SomaError."""
    request = neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=agent_id)
    return Values(await neuromodulators(doors).GetNeuromodulators(request), await explained(doors, agent_id, 1))


async def whole_mind(doors: Doors, agent_id: str) -> Mind:
    """Everything about the mind of an agent. Raises SomaError."""
    return Mind(
        await values_of(doors, agent_id), await sleeping(doors, agent_id), (await adapted(doors, agent_id)).state
    )


async def adapted(doors: Doors, agent_id: str) -> adaptation_pb.GetAdaptationStateResponse:
    """What recall has learned. Raises SomaError."""
    request = adaptation_pb.GetAdaptationStateRequest(agent_id=agent_id)
    return await adaptation(doors).GetAdaptationState(request)


async def diagnosed(doors: Doors, agent_id: str) -> modulation_pb.GetDiagnosticsResponse:
    """What an examination of the mind found. Raises SomaError."""
    return await modulation(doors).GetDiagnostics(modulation_pb.GetDiagnosticsRequest(agent_id=agent_id))


async def sleeping(doors: Doors, agent_id: str) -> sleep_pb.SleepStatus:
    """How an agent sleeps. Raises SomaError."""
    return (await sleep(doors).GetSleepStatus(sleep_pb.GetSleepStatusRequest(agent_id=agent_id))).status


async def sleeping_on(
    doors: Doors, agent_id: str, on_away: Callable[[], None]
) -> AsyncGenerator[sleep_pb.SleepStatus, None]:
    """How an agent sleeps, now and after each change, without end. Raises SomaError."""

    def call() -> Any:
        return sleep(doors).WatchSleep(sleep_pb.WatchSleepRequest(agent_id=agent_id))

    told: sleep_pb.SleepStatus | None = None
    async with aclosing(without_end(call, on_away)) as messages:
        async for message in messages:
            if message.status != told:
                told = message.status
                yield told


async def cycles(doors: Doors, agent_id: str, most: int) -> sleep_pb.ListSleepCyclesResponse:
    """The newest cycles of an agent. Raises SomaError."""
    return await sleep(doors).ListSleepCycles(sleep_pb.ListSleepCyclesRequest(agent_id=agent_id, page_size=most))


async def cycle_to_its_end(
    doors: Doors, begun: sleep_pb.SleepCycle, tell: Callable[[sleep_pb.SleepCycle], None]
) -> sleep_pb.SleepCycle:
    """Look at a cycle until it is over, and tell what was seen. Raises SomaError."""
    cycle = begun
    while cycle.state == sleep_pb.SLEEP_CYCLE_STATE_RUNNING:
        tell(cycle)
        await asyncio.sleep(_LOOK_SECONDS)
        newest = (await cycles(doors, cycle.agent_id, 5)).cycles
        cycle = next((each for each in newest if each.cycle_id == cycle.cycle_id), cycle)
    return cycle


async def thread(doors: Doors, agent_id: str, thread_id: str) -> thread_pb.Thread:
    """A thread, or the agent's current one. Raises SomaError."""
    request = thread_pb.GetThreadRequest(agent_id=agent_id, thread_id=thread_id)
    return (await threads(doors).GetThread(request)).thread


async def thread_list(doors: Doors, agent_id: str, most: int) -> thread_pb.ListThreadsResponse:
    """The newest threads of an agent. Raises SomaError."""
    return await threads(doors).ListThreads(thread_pb.ListThreadsRequest(agent_id=agent_id, page_size=most))
