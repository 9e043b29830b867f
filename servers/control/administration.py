"""Use cases on processes: list them, order them about with an event that says who did, and diagnose the whole.

How a process is reached stands in `fleet.py`.
"""

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from google.protobuf.message import Message

from servers.control.fleet import Fleet, Member, member
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.supervision.status import ServiceState

Reply = TypeVar("Reply", bound=Message)
_GOOD: Final = frozenset((ServiceState.RUNNING,))


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

    async def members(self) -> list[Member]:
        """Every process."""
        return await self._fleet.members()

    async def member(self, name: str) -> Member:
        """One process. Raises RESOURCE_NOT_FOUND."""
        return await member(self._fleet, name)

    async def order(self, caller: Caller, name: str, command: str, reply: Callable[[Member], Reply]) -> Reply:
        """Start, stop or restart a process, and tell who wanted it. Raises as `Fleet.order`."""
        await self.member(name)
        await self._fleet.order(name, command)
        answer = reply(await self.member(name))

        async def work(connection: Connection) -> None:
            payload = payloads_pb2.ServiceCommanded(name=name, command=command, commanded_by=caller.sub)
            draft = EventDraft("control.service.commanded", f"service/{name}", payload, current_call().correlation_id)
            await self._events.append(connection, caller.tenant_id, [draft])
            await Once.current().record(connection, answer)

        await self._database.run(caller.tenant_id, work)
        return answer

    async def diagnose(self) -> Diagnosis:
        """The whole mesh at a glance."""
        members = await self._fleet.members()
        return Diagnosis(
            installation=self._installation,
            status=status_of(members),
            members=members,
            disk_free_bytes=shutil.disk_usage(self._installation.home).free,
            python_version=platform.python_version(),
        )


def status_of(members: list[Member]) -> str:
    """Healthy when every process serves, unhealthy when none or not the database does, else degraded."""
    serving = {found.status.name for found in members if found.status.state in _GOOD}
    names = {found.status.name for found in members}
    if serving == names and names:
        return "healthy"
    if not serving or ("database" in names and "database" not in serving):
        return "unhealthy"
    return "degraded"
