"""Runs the sagas of a process: takes what is due, a task for each, keeps the leases, gives them back at the end.

Nothing here knows what a step does.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.driving import Driver, LostSagaError
from soma_common.sagas.held import Held, held_of
from soma_common.sagas.models import SagaDefinition, consumer_of
from soma_common.sagas.store import SagaStore

_LOG: Final = get_logger("soma.sagas")

POLL_SECONDS: Final = 2.0
LETTERS_SECONDS: Final = 5.0
# Whoever wakes us may have written and not yet committed: we look again after these pauses.
_EAGER_SECONDS: Final = (0.003, 0.01, 0.04, 0.15)
_PATIENCE: Final = Backoff(first_seconds=0.25, longest_seconds=10.0)
_FAILURES_A_LINE: Final = 60

Key = tuple[UUID, UUID]
ByLetter = Callable[[TenantId, str], Awaitable[None]]


class Runner:
    """The sagas that one process holds."""

    def __init__(
        self,
        store: SagaStore,
        driver: Driver,
        definitions: Mapping[tuple[str, int], SagaDefinition],
        resume_by_letter: ByLetter,
        clock: Clock,
        conduct: Conduct,
    ) -> None:
        self._store = store
        self._driver = driver
        self._definitions = definitions
        self._resume_by_letter = resume_by_letter
        self._clock = clock
        self._conduct = conduct
        self._wanted = asyncio.Event()
        self._eager: Sequence[float] = ()
        self._is_running = False
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._held: dict[Key, Held] = {}
        self._watched: defaultdict[Key, set[asyncio.Event]] = defaultdict(set)

    @property
    def has_room(self) -> bool:
        """Whether a saga that is started now would be run at once, here."""
        return self._is_running and len(self._tasks) < self._conduct.at_once

    def wake(self) -> None:
        """Says that something is due, or will be in a moment."""
        self._wanted.set()

    def take(self, held: Held) -> None:
        """Run a saga that this process holds."""
        self._held[held.key] = held
        task = asyncio.create_task(self._drive(held), name=f"saga {held.saga_id}")
        self._tasks[held.key] = task
        task.add_done_callback(lambda _: self._put_down(held))

    @contextmanager
    def watching(self, key: Key) -> Iterator[asyncio.Event]:
        """An event that is set when this process puts a saga down."""
        rested = asyncio.Event()
        self._watched[key].add(rested)
        try:
            yield rested
        finally:
            self._watched[key].discard(rested)
            if not self._watched[key]:
                del self._watched[key]

    async def run(self) -> None:
        """Until cancelled; then the sagas are given back."""
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_on(self._claim_some, self._pause))
                group.create_task(self._keep_on(self._keep_leases, self._third_of_a_lease))
                group.create_task(self._keep_on(self.look_at_stuck, lambda: asyncio.sleep(LETTERS_SECONDS)))
        finally:
            self._is_running = False
            await asyncio.shield(self._give_back())

    async def _drive(self, held: Held) -> None:
        try:
            due_seconds = await self._driver.drive(held)
        except LostSagaError:
            _LOG.info("a saga was taken over", saga_id=str(held.saga_id))
        except SomaError as problem:
            _LOG.warning("a saga waits for its database", saga_id=str(held.saga_id), reason=problem.reason.value)
        except Exception as problem:  # noqa: BLE001 - the outermost net of this task: its lease runs out
            _LOG.error("a saga cannot be run", saga_id=str(held.saga_id), exc_info=problem)
        else:
            if due_seconds is not None:
                asyncio.get_running_loop().call_later(due_seconds, self.wake)

    def _put_down(self, held: Held) -> None:
        if self._held.get(held.key) is held:
            del self._tasks[held.key], self._held[held.key]
        for rested in self._watched.get(held.key, ()):
            rested.set()
        if len(self._tasks) == self._conduct.at_once - 1:
            self.wake()

    async def _keep_on(self, work: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await work()
                failures = 0
            except Exception as problem:  # noqa: BLE001 - the outermost net of this task: the work goes on
                failures += 1
                if failures % _FAILURES_A_LINE == 1:
                    is_defect = not isinstance(problem, SomaError)
                    _LOG.warning("sagas wait", failures=failures, problem=str(problem), exc_info=is_defect)
                await asyncio.sleep(_PATIENCE.wait_seconds(failures, 0.5) or 0.0)
            else:
                await pause()

    async def _claim_some(self) -> None:
        while (room := self._conduct.at_once - len(self._tasks)) > 0:
            began, lease_seconds = self._clock.monotonic(), self._conduct.lease_seconds
            rows = await self._store.claim(lease_seconds, list(self._definitions.values()), room)
            for row in rows:
                definition = self._definitions[row["name"], row["version"]]
                held = held_of(row, definition, began, lease_seconds)
                await self._end(held.key)
                self.take(held)
            if rows:
                self._eager = ()
            if len(rows) < room:
                return

    async def _end(self, key: tuple[UUID, UUID]) -> None:
        """End a task of ours whose lease ran out before it was done: the saga is taken anew."""
        task = self._tasks.get(key)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _pause(self) -> None:
        if self._eager:
            seconds, self._eager = self._eager[0], self._eager[1:]
        else:
            seconds = min(POLL_SECONDS, self._conduct.lease_seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return
        self._wanted.clear()
        self._eager = _EAGER_SECONDS

    async def _third_of_a_lease(self) -> None:
        await asyncio.sleep(self._conduct.lease_seconds / 3)

    async def _keep_leases(self) -> None:
        """Prolong what would run out; what another has taken is let go of."""
        now, lease_seconds = self._clock.monotonic(), self._conduct.lease_seconds
        ending = [held for held in self._held.values() if held.leased_until - now < lease_seconds * 2 / 3]
        if not ending:
            return
        kept = await self._store.prolong(lease_seconds, ending)
        for held in ending:
            if held.key in kept:
                held.leased_until = max(held.leased_until, now + lease_seconds)
            elif self._held.get(held.key) is held:
                self._tasks[held.key].cancel()

    async def look_at_stuck(self) -> None:
        """Count what waits for a person, and resume what a dead letter calls."""
        names = {definition.name for definition in self._definitions.values()}
        if not names:
            return
        counted = await self._store.count_stuck()
        for name in names:
            self._conduct.metrics.stuck.labels(name).set(counted.get(name, 0))
        for tenant_id, stream in await self._store.due_letters([consumer_of(name) for name in names]):
            await self._resume_by_letter(tenant_id, stream)

    async def _give_back(self) -> None:
        held = list(self._held.values())
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if held:
            with suppress(SomaError):
                await self._store.let_go(held)
