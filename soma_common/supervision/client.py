"""The supervisor's processes as values, and the orders to start, stop and restart them.

Nothing here knows what a process serves or whether it is ready.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from soma_common.supervision.xmlrpc import SupervisorDownError, SupervisorFaultError, call

COUNTER_NAMESPACE: Final = "soma"
_ORDER_SECONDS: Final = 60.0
_QUESTION_SECONDS: Final = 5.0
_WATCHED_SECONDS: Final = 1.0
_REVIVED_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.05
_BAD_NAME: Final = 10
_ALREADY_STARTED: Final = 60
_NOT_RUNNING: Final = 70
_SPAWN_ERRORS: Final = (40, 50)


class ProcessState(StrEnum):
    """What the supervisor says of a process; RUNNING means alive, not ready."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """One process under the supervisor. `pid` is None while there is none; `restarts` counts starts after the first."""

    name: str
    state: ProcessState
    pid: int | None
    uptime_seconds: int
    restarts: int
    log_file: Path
    problem: str


_REVIVABLE: Final = (ProcessState.EXITED, ProcessState.STARTING, ProcessState.RUNNING)


class UnknownProcessError(Exception):
    """The supervisor has no process of this name."""


class ProcessStartError(Exception):
    """The process ended before it had started properly."""


class SupervisorClient:
    """Talks to the supervisor at its socket; every method raises SupervisorDownError when nobody is there."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def pid(self) -> int:
        """The supervisor's own process id."""
        return int(await self._ask("supervisor.getPID"))

    async def list(self) -> list[ServiceProcess]:
        """All processes, in the order of their names."""
        questions = ("supervisor.getAllProcessInfo", f"{COUNTER_NAMESPACE}.restarts")
        listed, counted = await self._ask(
            "system.multicall", [{"methodName": method, "params": []} for method in questions]
        )
        if isinstance(listed, dict):
            raise SupervisorFaultError(int(listed.get("faultCode", 0)), str(listed.get("faultString", "")))
        restarts = counted if isinstance(counted, dict) and "faultCode" not in counted else {}
        return [_process(row, restarts) for row in listed]

    async def get(self, name: str) -> ServiceProcess:
        """One process. Raises UnknownProcessError."""
        found = next((process for process in await self.list() if process.name == name), None)
        if found is None:
            raise UnknownProcessError(name)
        return found

    async def start(self, name: str, *, wait: bool = True) -> None:
        """Start a process; nothing happens when it runs. Raises UnknownProcessError or ProcessStartError.

        With `wait` it is watched for a second: whoever ends in that time did not start. Whether it serves is another
        question; see `status.observe`.
        """
        try:
            await self._order("supervisor.startProcess", name, False)
        except SupervisorFaultError as refusal:
            if refusal.code == _ALREADY_STARTED:
                return
            if refusal.code in _SPAWN_ERRORS:
                raise ProcessStartError(name) from refusal
            raise
        if wait:
            await self._watch_start(name)

    async def _watch_start(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _WATCHED_SECONDS
        while loop.time() < end:
            state = (await self.get(name)).state
            if state is ProcessState.RUNNING:
                return
            if state is not ProcessState.STARTING:
                raise ProcessStartError(name)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self, name: str) -> None:
        """Let a process drain and wait until it is gone; one that does not run is fine. Raises UnknownProcessError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _REVIVED_SECONDS
        while not await self._stopped(name):
            # One that has just died is none to stop, and the supervisor's next round starts it again.
            state = (await self.get(name)).state
            if state not in _REVIVABLE or loop.time() > end:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _stopped(self, name: str) -> bool:
        """Whether the supervisor had something to stop."""
        try:
            await self._order("supervisor.stopProcess", name, True)
        except SupervisorFaultError as refusal:
            if refusal.code != _NOT_RUNNING:
                raise
            return False
        return True

    async def restart(self, name: str) -> None:
        """Stop a process by drain and start it again. Raises UnknownProcessError or ProcessStartError."""
        await self.stop(name)
        await self.start(name)

    async def let_end(self, name: str) -> None:
        """Ask a process to end by itself; the supervisor starts it again. Raises UnknownProcessError.

        Nobody waits, so a process may ask it for itself: whoever stops itself cannot start itself afterwards.
        """
        await self._order("supervisor.signalProcess", name, "TERM")

    async def shut_down(self) -> None:
        """Let the supervisor stop what still runs, in its order, and end."""
        await self._ask("supervisor.shutdown")

    async def answers(self) -> bool:
        """Whether a supervisor is there."""
        try:
            await self.pid()
        except (SupervisorDownError, SupervisorFaultError):
            return False
        return True

    async def wait_until_answers(self, timeout_seconds: float) -> bool:
        """Wait for a supervisor that was just started; False when it did not come."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_seconds
        while not await self.answers():
            if loop.time() > end:
                return False
            await asyncio.sleep(_PAUSE_SECONDS)
        return True

    async def _ask(self, method: str, *arguments: Any) -> Any:
        return await call(self._socket, method, *arguments, timeout_seconds=_QUESTION_SECONDS)

    async def _order(self, method: str, name: str, *arguments: Any) -> None:
        try:
            await call(self._socket, method, name, *arguments, timeout_seconds=_ORDER_SECONDS)
        except SupervisorFaultError as refusal:
            if refusal.code == _BAD_NAME:
                raise UnknownProcessError(name) from refusal
            raise


def _process(row: Mapping[str, Any], restarts: Mapping[str, int]) -> ServiceProcess:
    pid = int(row["pid"]) or None
    return ServiceProcess(
        name=str(row["name"]),
        state=ProcessState(row["statename"]),
        pid=pid,
        uptime_seconds=max(0, int(row["now"]) - int(row["start"])) if pid else 0,
        restarts=int(restarts.get(str(row["name"]), 0)),
        log_file=Path(row["stdout_logfile"]),
        problem=str(row["spawnerr"]),
    )
