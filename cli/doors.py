"""The way of a command to the services: one session with a token of this installation's owner, one result.

Nothing here knows a service's messages.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from cli.exits import CommandError, Exit, not_running
from cli.owner import OwnerToken
from config import DeployMode, Settings, load_settings
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import Channel, dial
from soma_common.supervision.client import SupervisorClient

Stub = TypeVar("Stub")
Result = TypeVar("Result")


class Doors:
    """The services as the owner of this installation reaches them, each dialled when it is first asked for."""

    def __init__(self, settings: Settings, ids: Ids) -> None:
        self._settings = settings
        self._ids = ids
        self._channels: dict[tuple[str, str, UUID | None], Channel] = {}

    @property
    def owner_sub(self) -> str:
        """The owner of this installation."""
        return self._settings.identity.owner_sub

    def stub(
        self, service: str, factory: Callable[[Any], Stub], role: str = "admin", tenant_id: UUID | None = None
    ) -> Stub:
        """The stub of a service; a member sees only the owner's own things, an admin those of everybody in the tenant.

        The tenant is that of this installation's owner, or the one that is named.
        """
        key = (service, role, tenant_id)
        channel = self._channels.get(key)
        if channel is None:
            targets = self._settings.endpoint(service).targets
            channel = dial(targets, OwnerToken(self._settings.identity, role, tenant_id), name=service)
            self._channels[key] = channel
        return channel.stub(factory)

    @property
    def edge_url(self) -> str:
        """Where the edge is, without a stroke at the end."""
        return self._settings.page_url.rstrip("/")

    def request_id(self) -> str:
        """A fresh repeat key of a mutation."""
        return str(self._ids.uuid4())

    async def close(self) -> None:
        """Ends all connections."""
        for channel in self._channels.values():
            await channel.close()


Work = Callable[[Doors], Awaitable[Result]]


async def visit(settings: Settings, work: Work[Result]) -> Result:
    """Do the work in a session of its own. Raises SomaError, and CommandError when nothing runs on this machine."""
    ids = Ids()
    doors = Doors(settings, ids)
    owner = OwnerToken(settings.identity).caller
    try:
        with acting_as(owner, str(ids.uuid4())):
            return await work(doors)
    except SomaError as failure:
        if failure.reason is Reason.DEPENDENCY_DOWN and await _is_stopped(settings):
            raise not_running() from failure
        raise
    finally:
        await doors.close()


async def _is_stopped(settings: Settings) -> bool:
    standalone = settings.mode is DeployMode.STANDALONE
    return standalone and not await SupervisorClient(settings.supervisor_socket).answers()


def reach(work: Work[Result]) -> Result:
    """Do the work with the settings in force. Raises SomaError and SettingsError."""
    return asyncio.run(visit(load_settings(), work))


def checked_id(text: str, what: str) -> str:
    """An id as services take it. Raises CommandError (wrong use) for what is none."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise CommandError(
            f"“{text[:80]}” is no id of a {what}; an id has the form of a UUID.", Exit.WRONG_USE
        ) from None
