"""The processes of the mesh: how they are, and orders to start, stop and restart them.

Two shapes: processes under a supervisor on this machine, and processes that an orchestrator owns.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp

from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.rpc.dial import Channel
from soma_common.supervision.client import ProcessStartError, SupervisorClient, UnknownProcessError
from soma_common.supervision.status import Door, ServiceState, ServiceStatus, all_stopped, observe
from soma_common.supervision.xmlrpc import SupervisorDownError, SupervisorFaultError

_HEALTH_SECONDS: Final = 1.5
COMMANDS: Final = ("start", "stop", "restart")
_Action = Callable[[str], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Member:
    """A process with what its own door tells: version, and each dependency with its state in words."""

    status: ServiceStatus
    version: str = ""
    dependencies: Mapping[str, str] | None = None


class Fleet(Protocol):
    """All processes of the mesh in one shape of deployment."""

    async def members(self) -> list[Member]:
        """Every process, in the order in which they are started."""
        ...

    async def order(self, name: str, command: str) -> None:
        """Start, stop or restart one; returns when that is done. Raises RESOURCE_NOT_FOUND and as the shape says."""
        ...


async def member(fleet: Fleet, name: str) -> Member:
    """One process. Raises RESOURCE_NOT_FOUND."""
    for found in await fleet.members():
        if found.status.name == name:
            return found
    raise not_found("service", name)


class SupervisedFleet:
    """Processes under the supervisor of this machine. Control answers an order to itself while it already drains."""

    def __init__(
        self, client: SupervisorClient, doors: Sequence[Door], health_addresses: Mapping[str, str], own_name: str
    ) -> None:
        self._client = client
        self._doors = doors
        self._health_addresses = health_addresses
        self._own_name = own_name
        self._later: set[asyncio.Task[None]] = set()

    async def members(self) -> list[Member]:
        """Every process, in the order in which they are started."""
        try:
            statuses = await observe(self._client, self._doors)
        except SupervisorDownError:
            statuses = all_stopped(self._doors)
        except SupervisorFaultError as error:
            # It goes down itself, and answers nothing else any more.
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "supervisor"}) from error
        told = await asyncio.gather(*(self._told(status) for status in statuses))
        return [_member(status, health) for status, health in zip(statuses, told, strict=True)]

    async def order(self, name: str, command: str) -> None:
        """Start, stop or restart one. Raises RESOURCE_NOT_FOUND, DEPENDENCY_DOWN."""
        if name not in {door.name for door in self._doors}:
            raise not_found("service", name)
        actions = {"start": self._client.start, "stop": self._client.stop, "restart": self._client.restart}
        if name == self._own_name and command == "restart":
            await self._carry_out(name, self._client.let_end)
        elif name == self._own_name and command == "stop":
            self._carry_out_later(name, self._client.stop)
        else:
            await self._carry_out(name, actions[command])

    def _carry_out_later(self, name: str, action: _Action) -> None:
        async def work() -> None:
            with suppress(SomaError):
                await self._carry_out(name, action)

        task = asyncio.create_task(work(), name=f"stop {name}")
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _carry_out(self, name: str, action: _Action) -> None:
        try:
            await action(name)
        except UnknownProcessError:
            raise not_found("service", name) from None
        except (SupervisorDownError, SupervisorFaultError) as error:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "supervisor"}) from error
        except ProcessStartError as error:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": name}) from error

    async def _told(self, status: ServiceStatus) -> Mapping[str, Any]:
        address = self._health_addresses.get(status.name)
        if address is None or status.pid is None:
            return {}
        timeout = aiohttp.ClientTimeout(total=_HEALTH_SECONDS)
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://{address}/v1/health") as response,
            ):
                told = await response.json()
                return told if isinstance(told, dict) else {}
        return {}


def _member(status: ServiceStatus, told: Mapping[str, Any]) -> Member:
    listed = told.get("dependencies")
    rows = listed.items() if isinstance(listed, dict) else ()
    dependencies = {str(name): str(row.get("state", "")) for name, row in rows if isinstance(row, dict)}
    return Member(status, str(told.get("version", "")), dependencies)


class OrchestratedFleet:
    """Processes that an orchestrator owns: seen by their health, started and stopped by its commands only.

    `commands` has the orchestrator's command line for each of ours, with `{name}` in it.
    """

    def __init__(
        self, channels: Mapping[str, Channel], addresses: Mapping[str, str], commands: Mapping[str, str]
    ) -> None:
        self._channels = channels
        self._addresses = addresses
        self._commands = commands

    async def members(self) -> list[Member]:
        """Every service, by name."""
        return list(await asyncio.gather(*(self._member(name) for name in sorted(self._channels))))

    async def order(self, name: str, command: str) -> None:
        """Raises ORCHESTRATOR_OWNS_PROCESS with the command to use, RESOURCE_NOT_FOUND."""
        if name not in self._channels:
            raise not_found("service", name)
        raise SomaError(Reason.ORCHESTRATOR_OWNS_PROCESS, {"command": self._commands[command].format(name=name)})

    async def _member(self, name: str) -> Member:
        state, reason = ServiceState.RUNNING, ""
        try:
            await self._channels[name].check()
        except SomaError:
            state, reason = ServiceState.FAILED, "does not answer"
        return Member(ServiceStatus(name, state, None, self._addresses[name], 0, 0, reason))
