"""What the supervisor says of a process and what its own door says, as one state for people and programs.

Nothing here starts or stops anything.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from soma_common.supervision.client import ProcessState, ServiceProcess, SupervisorClient
from soma_common.supervision.probe import Probe, Readiness

_LONGEST_START_SECONDS: Final = 45


class ServiceState(StrEnum):
    """RUNNING serves; STARTING is alive and not ready yet; DEGRADED is alive and should be ready, but is not."""

    RUNNING = "RUNNING"
    STARTING = "STARTING"
    DEGRADED = "DEGRADED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Door:
    """One process by its name under the supervisor, the address people know it by, and how to ask whether it serves."""

    name: str
    address: str
    probe: Probe


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The state of one process. `reason` says why it is not RUNNING, or what it serves without; or it is empty."""

    name: str
    state: ServiceState
    pid: int | None
    address: str
    uptime_seconds: int
    restarts: int
    reason: str


_ALIVE: Final = (ProcessState.STARTING, ProcessState.RUNNING)
_OTHERS: Final = {
    ProcessState.STOPPED: (ServiceState.STOPPED, "was stopped"),
    ProcessState.STOPPING: (ServiceState.STOPPING, "finishes its work"),
    ProcessState.EXITED: (ServiceState.STARTING, "ended and is started again"),
    ProcessState.BACKOFF: (ServiceState.FAILED, "ends right after its start and is tried again"),
    ProcessState.FATAL: (ServiceState.FAILED, "could not be started"),
    ProcessState.UNKNOWN: (ServiceState.FAILED, "is in a state that the supervisor does not know"),
}


async def observe(client: SupervisorClient, doors: Sequence[Door]) -> list[ServiceStatus]:
    """The state of every door, in their order. Raises SupervisorDownError when the stack is down."""
    processes = {process.name: process for process in await client.list()}
    return list(await asyncio.gather(*(_observe_one(door, processes.get(door.name)) for door in doors)))


def all_stopped(doors: Sequence[Door]) -> list[ServiceStatus]:
    """The state of a stack whose supervisor is not there."""
    return [
        ServiceStatus(door.name, ServiceState.STOPPED, None, door.address, 0, 0, "is not running") for door in doors
    ]


async def _observe_one(door: Door, process: ServiceProcess | None) -> ServiceStatus:
    if process is None:
        return ServiceStatus(
            door.name, ServiceState.STOPPED, None, door.address, 0, 0, "is not part of the running stack"
        )
    alive = process.state in _ALIVE and process.pid is not None
    state, reason = merge(process, await door.probe() if alive else Readiness(False))
    return ServiceStatus(door.name, state, process.pid, door.address, process.uptime_seconds, process.restarts, reason)


def merge(process: ServiceProcess, readiness: Readiness) -> tuple[ServiceState, str]:
    """The one state that follows from what the supervisor says and what the door says."""
    if process.state not in _ALIVE:
        return _OTHERS[process.state]
    if readiness.ready:
        return ServiceState.RUNNING, readiness.reason
    late = process.uptime_seconds > _LONGEST_START_SECONDS
    return (ServiceState.DEGRADED if late else ServiceState.STARTING), readiness.reason
