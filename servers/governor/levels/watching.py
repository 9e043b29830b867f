"""Watching levels: how one stands, then each change, for however many watchers by one look at the tables a second.

What a level means is not known here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from servers.governor.levels.reading import Levels, Reading
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.governor.levels")

LOOK_SECONDS: Final = 1.0
MOST_WATCHERS: Final = 10_000


@dataclass(eq=False, slots=True)
class _Watcher:
    """One who watches; of several changes that it has not read yet it gets the last."""

    told: Reading | None = None
    news: Reading | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, reading: Reading) -> None:
        if self.told is None or _differs(self.told, reading):
            self.news = reading
            self.woken.set()
        else:
            self.news = None


class LevelWatch:
    """Everybody who watches a level through this process."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._watched: dict[TenantId, set[_Watcher]] = {}
        self._count = 0
        self._wanted = asyncio.Event()
        self._draining = False

    def __len__(self) -> int:
        return self._count

    async def watch(self, tenant: TenantId) -> AsyncGenerator[Reading, None]:
        """The level now and whenever it, a reason or a dependency changes.

        Raises RATE_LIMITED where too many watch, SHUTTING_DOWN also in the middle.
        """
        if self._draining:
            raise SomaError(Reason.SHUTTING_DOWN)
        if self._count >= MOST_WATCHERS:
            limit = f"{MOST_WATCHERS} watched levels a process"
            raise SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=LOOK_SECONDS)
        watcher = _Watcher()
        self._watched.setdefault(tenant, set()).add(watcher)
        self._count += 1
        try:
            watcher.told = await self._levels.get(tenant)
            self._wanted.set()
            yield watcher.told
            while True:
                await watcher.woken.wait()
                watcher.woken.clear()
                reading, watcher.news = watcher.news, None
                if reading is not None and _differs(watcher.told, reading):
                    watcher.told = reading
                    yield reading
                if self._draining:
                    raise SomaError(Reason.SHUTTING_DOWN)
        finally:
            self._leave(tenant, watcher)

    async def drain(self) -> None:
        """Ends every watch: whoever wants to go on asks another process."""
        self._draining = True
        for watchers in self._watched.values():
            for watcher in watchers:
                watcher.woken.set()

    async def run(self) -> None:
        """Looks once a second, while somebody watches, until cancelled."""
        while True:
            await self._wanted.wait()
            if not self._watched:
                self._wanted.clear()
                continue
            try:
                await self.look()
            except SomaError as error:
                _LOG.info("watched levels wait for the database", reason=error.reason.value)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """One look at all that is watched. Raises DATABASE_UNAVAILABLE."""
        for tenant, reading in (await self._levels.get_many(list(self._watched))).items():
            if reading.moved:
                # Whoever was faster is seen with the next look.
                with suppress(SomaError):
                    await self._levels.keep(tenant, reading)
            for watcher in self._watched.get(tenant, ()):
                watcher.offer(reading)

    def _leave(self, tenant: TenantId, watcher: _Watcher) -> None:
        self._count -= 1
        watchers = self._watched[tenant]
        watchers.discard(watcher)
        if not watchers:
            del self._watched[tenant]


def _differs(told: Reading, reading: Reading) -> bool:
    """Whether there is something to tell; how far a recovery is stands in its reason."""
    before, after = told.status, reading.status
    return (before.level, before.reasons, before.dependencies) != (after.level, after.reasons, after.dependencies)
