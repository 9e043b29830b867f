"""Use cases on processes: list them, order them about with an event that says who did, and diagnose the whole.

How a process is reached stands in `fleet.py`.
"""

import asyncio
import platform
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from config.programs import DATABASE
from servers.control.fleet import Fleet, Member, member
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import Caller
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.supervision.status import ServiceState

Reply = TypeVar("Reply", bound=Message)
_LOG: Final = get_logger("soma.control")
_GOOD: Final = frozenset((ServiceState.RUNNING,))
_RETURN_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Installation:
    """What stays the same while control runs."""

    mode: str
    release: str
    home: Path


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What an operator needs to see first; disk in bytes."""

    installation: Installation
    status: str
    members: list[Member]
    disk_free_bytes: int
    python_version: str


class Administration:
    """Watches and steers the processes of the mesh."""

    def __init__(self, fleet: Fleet, database: Database, events: EventStore, installation: Installation) -> None:
        self._fleet = fleet
        self._database = database
        self._events = events
        self._installation = installation
        self._running: set[asyncio.Task[Any]] = set()

    async def members(self) -> list[Member]:
        """Every process."""
        return await self._fleet.members()

    async def member(self, name: str) -> Member:
        """One process. Raises RESOURCE_NOT_FOUND."""
        return await member(self._fleet, name)

    async def order(self, caller: Caller, name: str, command: str, reply: Callable[[Member], Reply]) -> Reply:
        """Start, stop or restart a process, and tell who wanted it. Raises as `Fleet.order`.

        An order that has begun comes to its end even when its caller leaves: a process that was stopped is started.
        """
        await self.member(name)
        follow = self._order_database if name == DATABASE else self._order
        task = asyncio.create_task(follow(caller, name, command, reply), name=f"{command} {name}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for the orders that have begun."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            _LOG.warning("an order could not be carried out", order=task.get_name(), problem=str(problem))

    async def _order(self, caller: Caller, name: str, command: str, reply: Callable[[Member], Reply]) -> Reply:
        await self._fleet.order(name, command)
        answer = reply(await self.member(name))

        async def work(connection: Connection) -> None:
            await self._tell(connection, caller, name, command)
            await Once.current().record(connection, answer)

        await self._database.run(caller.tenant_id, work)
        return answer

    async def _order_database(self, caller: Caller, name: str, command: str, reply: Callable[[Member], Reply]) -> Reply:
        """Tell first, as nothing can be written while the database is away; note the answer once it is back."""
        await self._database.run(caller.tenant_id, lambda connection: self._tell(connection, caller, name, command))
        await self._fleet.order(name, command)
        if command == "stop":
            return reply(await self.member(name))
        with suppress(TimeoutError):
            async with asyncio.timeout(_RETURN_SECONDS):
                while not await self._answers():
                    await asyncio.sleep(_PAUSE_SECONDS)
        answer = reply(await self.member(name))
        await self._database.run(caller.tenant_id, lambda connection: Once.current().record(connection, answer))
        return answer

    async def _answers(self) -> bool:
        try:
            await self._database.ping()
        except SomaError:
            return False
        return True

    async def _tell(self, connection: Connection, caller: Caller, name: str, command: str) -> None:
        payload = payloads_pb2.ServiceCommanded(name=name, command=command, commanded_by=caller.sub)
        draft = EventDraft("control.service.commanded", f"service/{name}", payload, current_call().correlation_id)
        await self._events.append(connection, caller.tenant_id, [draft])

    async def diagnose(self) -> Diagnosis:
        """The whole mesh at a glance."""
        members = await self._fleet.members()
        return Diagnosis(
            installation=self._installation,
            status=status_of(members),
            members=members,
            disk_free_bytes=_free_bytes(self._installation.home),
            python_version=platform.python_version(),
        )


def _free_bytes(folder: Path) -> int:
    """Free bytes where the data lives, or will live once the folder is made."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    return shutil.disk_usage(there).free


def status_of(members: list[Member]) -> str:
    """Healthy when every process serves, unhealthy when none or not the database does, else degraded."""
    serving = {found.status.name for found in members if found.status.state in _GOOD}
    names = {found.status.name for found in members}
    if serving == names and names:
        return "healthy"
    if not serving or ("database" in names and "database" not in serving):
        return "unhealthy"
    return "degraded"
