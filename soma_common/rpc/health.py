"""What a server knows about itself and its dependencies, in one place that every face reads.

Nothing here speaks gRPC or HTTP: `server.py` and `ops_http.py` publish it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.health")
Check = Callable[[], Awaitable[object]]


class DependencyState(StrEnum):
    """Whether a dependency answers."""

    UNKNOWN = "unknown"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


class HealthStatus(StrEnum):
    """How a server is: degraded means that it serves while something it can do without is down."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency: its state, since when, and whether the server can serve without it."""

    state: DependencyState
    since: datetime
    required: bool


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """The server's state at one moment."""

    status: HealthStatus
    serving: bool
    draining: bool
    dependencies: Mapping[str, Dependency]


class HealthBoard:
    """Holds the states, watches dependencies, and wakes those who publish them.

    A required dependency counts as down until its first check went well; an optional one that is not known yet does no
    harm.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._dependencies: dict[str, Dependency] = {}
        self._watches: dict[str, tuple[Check, float]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = False
        self._started = False
        self._changed = asyncio.Event()

    def set(self, name: str, state: DependencyState, *, required: bool | None = None) -> None:
        """Records the state of a dependency; `required` stays what it was (at first: not required)."""
        before = self._dependencies.get(name)
        needed = required if required is not None else bool(before and before.required)
        if before is not None and before.state is state and before.required is needed:
            return
        self._dependencies[name] = Dependency(state, self._clock.now(), needed)
        if before is not None and before.state is not state:
            _LOG.info("dependency changed", dependency=name, state=state.value, before=before.state.value)
        self._wake()

    def watch(self, name: str, check: Check, every_seconds: float = 2.0, *, required: bool = False) -> None:
        """Checks a dependency regularly from `start` on: up when `check` returns, down when it raises or is slow."""
        self.set(name, DependencyState.UNKNOWN, required=required)
        self._watches[name] = (check, every_seconds)
        if self._started:
            self._launch(name)

    def snapshot(self) -> HealthSnapshot:
        """The state now."""
        needed_ok = all(it.state is DependencyState.UP for it in self._dependencies.values() if it.required)
        any_down = any(it.state is DependencyState.DOWN for it in self._dependencies.values())
        serving = self._started and needed_ok and not self._draining
        lowered = HealthStatus.DEGRADED if any_down else HealthStatus.HEALTHY
        status = lowered if serving else HealthStatus.UNHEALTHY
        return HealthSnapshot(status, serving, self._draining, dict(self._dependencies))

    def down(self, names: Collection[str]) -> list[str]:
        """Which of these are known to be down."""
        known = ((name, self._dependencies.get(name)) for name in names)
        return [name for name, it in known if it is not None and it.state is DependencyState.DOWN]

    def drain(self) -> None:
        """Says from now on that the server does not serve."""
        self._draining = True
        self._wake()

    async def changed(self) -> None:
        """Waits until something changes after this call."""
        await self._changed.wait()

    async def start(self) -> None:
        """Runs every watch once, then in the background; the server counts as serving from now on."""
        await asyncio.gather(*(self._look(name) for name in self._watches))
        self._started = True
        self._wake()
        for name in self._watches:
            self._launch(name)

    async def stop(self) -> None:
        """Ends the watches."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def _launch(self, name: str) -> None:
        self._tasks.append(asyncio.create_task(self._repeat(name), name=f"watch {name}"))

    async def _repeat(self, name: str) -> None:
        while True:
            await asyncio.sleep(self._watches[name][1])
            await self._look(name)

    async def _look(self, name: str) -> None:
        check, every_seconds = self._watches[name]
        try:
            async with asyncio.timeout(max(every_seconds, 1.0)):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever a check raises: the dependency does not answer
            _LOG.debug("dependency check failed", dependency=name, error=type(error).__name__)
            self.set(name, DependencyState.DOWN)
        else:
            self.set(name, DependencyState.UP)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
