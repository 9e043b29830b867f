"""Watching conversations: how one stands, then each change, for however many watchers by one look at the tables.

A signal makes the look come at once; a lost one costs an interval. What a conversation means is not known here.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from servers.chat.conversations.stored import Conversation, conversation_of, found_conversation
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries
from soma_common.signals import Signals, Topic

_SQL: Final = Queries.of("servers.chat", "sql/watching.sql")
_LOG: Final = get_logger("soma.chat.watching")

# How often the tables are looked at while something happens, and when nothing has happened for a while.
POLL_SECONDS: Final = 1.0
IDLE_POLL_SECONDS: Final = 5.0
IDLE_AFTER_SECONDS: Final = 30.0
# What changes meanwhile is looked at together.
PACE_SECONDS: Final = 0.02
MOST_WATCHERS: Final = 10_000
# What is watched elsewhere is said again before it is forgotten; a process that began meanwhile learns of it then.
ANNOUNCE_SECONDS: Final = 60.0
_REMEMBERED_SECONDS: Final = 150.0
_MOST_REMEMBERED: Final = 20_000
_WATCHED: Final = Topic(None, "chat/watched")
_CHANGED: Final = Topic(None, "chat/changed")


@dataclass(eq=False, slots=True)
class _Watcher:
    """One who watches; of several changes that it has not read yet it gets the last."""

    version: int = 0
    state: Conversation | None = None
    is_over: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, state: Conversation) -> None:
        if state.version > self.version and (self.state is None or state.version > self.state.version):
            self.state = state
            self.woken.set()

    def end(self) -> None:
        self.is_over = True
        self.woken.set()


@dataclass(eq=False, slots=True)
class _Watched:
    """A conversation that is watched here; `version` is None until somebody has read it."""

    tenant: TenantId
    version: int | None = None
    watchers: set[_Watcher] = field(default_factory=set)


class Watchers:
    """Everybody who watches a conversation through this process."""

    def __init__(self, database: Database, signals: Signals, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._signals = signals
        self._clock = clock
        self._name = str(ids.uuid4())[:8]
        self._watched: dict[UUID, _Watched] = {}
        self._count = 0
        self._elsewhere: dict[UUID, float] = {}
        self._dirty: set[UUID] = set()
        self._wanted = asyncio.Event()
        self._busy_at = self._announced_at = self._looked_at = clock.monotonic()
        self._draining = False

    def __len__(self) -> int:
        return self._count

    @property
    def elsewhere(self) -> frozenset[UUID]:
        """What other processes said that they watch."""
        return frozenset(self._elsewhere)

    def changed(self, conversation_id: UUID | None) -> None:
        """Says that a conversation moved: its watchers here look at once, and those elsewhere where there are any."""
        if conversation_id is None:
            return
        self._look_at(conversation_id)
        until = self._elsewhere.get(conversation_id)
        if until is not None:
            if until < self._clock.monotonic():
                del self._elsewhere[conversation_id]
            else:
                self._signals.publish(_CHANGED, str(conversation_id))

    async def watch(self, caller: Caller, conversation_id: UUID) -> AsyncGenerator[Conversation, None]:
        """The conversation now and after each change, until it is deleted.

        Raises RESOURCE_NOT_FOUND, RATE_LIMITED where too many watch, SHUTTING_DOWN also in the middle.
        """
        if self._draining:
            raise SomaError(Reason.SHUTTING_DOWN)
        if self._count >= MOST_WATCHERS:
            limit = f"{MOST_WATCHERS} watched conversations a process"
            raise SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=IDLE_POLL_SECONDS)
        watcher = _Watcher()
        watched = self._enter(caller.tenant_id, conversation_id, watcher)
        try:
            first = await self._database.run(
                caller.tenant_id, lambda it: found_conversation(it, caller, conversation_id)
            )
            watcher.version = first.version
            _offer(watched, first)
            yield first
            while True:
                await watcher.woken.wait()
                watcher.woken.clear()
                state, watcher.state = watcher.state, None
                if state is not None and state.version > watcher.version:
                    watcher.version = state.version
                    yield state
                if self._draining:
                    raise SomaError(Reason.SHUTTING_DOWN)
                if watcher.is_over:
                    return
        finally:
            self._leave(conversation_id, watcher)

    def drain(self) -> None:
        """Ends every watch: whoever wants to go on asks another process."""
        self._draining = True
        for watched in self._watched.values():
            for watcher in watched.watchers:
                watcher.woken.set()

    async def run(self) -> None:
        """Looks for changes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear_changes())
            tasks.create_task(self._hear_watched())
            tasks.create_task(self._look())

    def _enter(self, tenant: TenantId, conversation_id: UUID, watcher: _Watcher) -> _Watched:
        watched = self._watched.setdefault(conversation_id, _Watched(tenant))
        watched.watchers.add(watcher)
        self._count += 1
        self._busy_at = self._clock.monotonic()
        self._announce([conversation_id])
        self._wanted.set()
        return watched

    def _leave(self, conversation_id: UUID, watcher: _Watcher) -> None:
        self._count -= 1
        watched = self._watched[conversation_id]
        watched.watchers.discard(watcher)
        if not watched.watchers:
            del self._watched[conversation_id]

    def _look_at(self, conversation_id: UUID) -> None:
        if conversation_id in self._watched:
            self._dirty.add(conversation_id)
            self._wanted.set()

    def _announce(self, conversation_ids: Sequence[UUID]) -> None:
        for conversation_id in conversation_ids:
            self._signals.publish(_WATCHED, f"{conversation_id} {self._name}")

    async def _hear_changes(self) -> None:
        with self._signals.subscribe(_CHANGED) as changes:
            while True:
                heard = await changes.wait()
                if heard:
                    self._look_at(UUID(heard))
                else:
                    # The connection is new: something may have been missed.
                    self._dirty.update(self._watched)
                    self._announce(list(self._watched))
                    self._wanted.set()

    async def _hear_watched(self) -> None:
        with self._signals.subscribe(_WATCHED) as watched:
            while True:
                conversation_id, _, name = (await watched.wait() or "").partition(" ")
                if name and name != self._name:
                    self._elsewhere[UUID(conversation_id)] = self._clock.monotonic() + _REMEMBERED_SECONDS
                    if len(self._elsewhere) > _MOST_REMEMBERED:
                        del self._elsewhere[next(iter(self._elsewhere))]

    async def _look(self) -> None:
        """One statement an interval for all that is watched, or at once for what is said to have changed."""
        while True:
            asked = await self._pause()
            now = self._clock.monotonic()
            if now - self._announced_at > ANNOUNCE_SECONDS:
                self._announced_at = now
                self._announce(list(self._watched))
            try:
                await self._look_once(asked)
            except SomaError as error:
                _LOG.info("watched conversations wait for the database", reason=error.reason.value)
                await asyncio.sleep(POLL_SECONDS)

    async def _pause(self) -> list[UUID]:
        """Until something is to be looked at; gives what, all of it when an interval is over."""
        idle = self._clock.monotonic() - self._busy_at > IDLE_AFTER_SECONDS
        due = self._looked_at + (IDLE_POLL_SECONDS if idle else POLL_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, due - self._clock.monotonic()) if self._watched else None):
                await self._wanted.wait()
        await asyncio.sleep(PACE_SECONDS)
        self._wanted.clear()
        asked, self._dirty = list(self._dirty), set()
        if self._clock.monotonic() < due:
            return asked
        self._looked_at = self._clock.monotonic()
        return list(self._watched)

    async def _look_once(self, conversation_ids: Sequence[UUID]) -> None:
        known = {each: self._watched[each] for each in conversation_ids if each in self._watched}
        if not known:
            return
        tenants = [watched.tenant for watched in known.values()]
        rows = await self._database.worker_statement(_SQL.look, tenants, list(known))
        versions = {row["conversation_id"]: row["version"] for row in rows if row["status"] != "deleted"}
        moved: defaultdict[TenantId, list[UUID]] = defaultdict(list)
        for conversation_id, watched in known.items():
            version = versions.get(conversation_id)
            if version is None:
                for watcher in watched.watchers:
                    watcher.end()
            elif watched.version is not None and version > watched.version:
                moved[watched.tenant].append(conversation_id)
        for tenant, ids in moved.items():
            self._busy_at = self._clock.monotonic()
            await self._tell(tenant, ids)

    async def _tell(self, tenant: TenantId, conversation_ids: Sequence[UUID]) -> None:
        rows = await self._database.run(tenant, lambda it: it.fetch(_SQL.read, conversation_ids))
        for state in map(conversation_of, rows):
            watched = self._watched.get(state.conversation_id)
            if watched is not None and state.status != "deleted":
                _offer(watched, state)


def _offer(watched: _Watched, state: Conversation) -> None:
    watched.version = max(watched.version or 0, state.version)
    for watcher in watched.watchers:
        watcher.offer(state)
