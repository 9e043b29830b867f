"""Watching sleeps: how an agent sleeps, then each change, for however many watchers by one look at the tables a second.

What a change means is not known here.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from servers.cognitive.sleeping.store import AgentKey, Rest, SleepStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.cognitive.sleep")

LOOK_SECONDS: Final = 1.0
MOST_WATCHERS: Final = 10_000


@dataclass(eq=False, slots=True)
class _Watcher:
    """One who watches; of several changes that it has not read yet it gets the last."""

    told: Rest
    news: Rest | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, rest: Rest) -> None:
        # A look that began before the watcher came may be older than what it was told.
        if rest.sleep.version > self.told.sleep.version:
            self.news = rest
            self.woken.set()


class SleepWatch:
    """Everybody who watches a sleep through this process."""

    def __init__(self, store: SleepStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._watched: dict[AgentKey, set[_Watcher]] = {}
        self._count = 0
        self._wanted = asyncio.Event()
        self._draining = False

    def __len__(self) -> int:
        return self._count

    async def watch(self, key: AgentKey) -> AsyncGenerator[Rest, None]:
        """How an agent sleeps now, and after each change, also by a time to live that ran out.

        Raises RATE_LIMITED where too many watch, SHUTTING_DOWN also in the middle.
        """
        if self._draining:
            raise SomaError(Reason.SHUTTING_DOWN)
        if self._count >= MOST_WATCHERS:
            limit = f"{MOST_WATCHERS} watched sleeps a process"
            raise SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=LOOK_SECONDS)
        self._count += 1
        watcher = None
        try:
            watcher = _Watcher(await self._store.find(*key, self._clock.now()))
            self._watched.setdefault(key, set()).add(watcher)
            self._wanted.set()
            yield watcher.told
            while not self._draining:
                await watcher.woken.wait()
                watcher.woken.clear()
                news, watcher.news = watcher.news, None
                if news is not None:
                    watcher.told = news
                    yield news
            raise SomaError(Reason.SHUTTING_DOWN)
        finally:
            self._count -= 1
            if watcher is not None:
                self._leave(key, watcher)

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
                _LOG.info("watched sleeps wait for the database", reason=error.reason.value)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """One look at all that is watched. Raises DATABASE_UNAVAILABLE."""
        for key, rest in (await self._store.find_many(list(self._watched), self._clock.now())).items():
            for watcher in self._watched.get(key, ()):
                watcher.offer(rest)

    def _leave(self, key: AgentKey, watcher: _Watcher) -> None:
        watchers = self._watched.get(key)
        if watchers is not None:
            watchers.discard(watcher)
            if not watchers:
                del self._watched[key]
