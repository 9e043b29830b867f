"""A lane: the callers of some streams, gathered into groups that are written one after the other.

Nothing here knows a statement: that is the group's. All events of a stream go through one lane, so their order holds.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from soma_common.events.group import GroupWriter, Submission
from soma_common.events.transports.port import StreamKey
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.failures import RETRY_AFTER_SECONDS
from soma_common.postgres.pool import Database

_HELD_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Grouping:
    """How callers are gathered.

    A group is written `gather_seconds` after its first fact came, or when it has `most_events`. `lanes` groups are
    under way at once, each on a connection. `most_waiting` facts may wait in a lane; who brings more waits for room. A
    fact whose stream somebody else holds is given up after `held_seconds`. What became of a group whose answer was lost
    is asked for `resolve_seconds`, long enough for a server that is restarted.
    """

    gather_seconds: float = 0.003
    most_events: int = 256
    lanes: int = 2
    most_waiting: int = 8192
    held_seconds: float = 10.0
    resolve_seconds: float = 20.0


class Lane:
    """One lane. It has a task only while something waits."""

    def __init__(self, database: Database, service: str, grouping: Grouping, on_written: Callable[[], None]) -> None:
        self._writer = GroupWriter(database, service, grouping.resolve_seconds, on_written, self._refuse_waiting)
        self._grouping = grouping
        self._waiting: deque[Submission] = deque()
        self._held: dict[StreamKey, list[Submission]] = {}
        self._hurry = asyncio.Event()
        self._room = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._freeing: asyncio.Task[None] | None = None
        self._is_closing = False

    async def room(self) -> None:
        """Until there is room for a fact. Raises SomaError(SHUTTING_DOWN)."""
        while not self._is_closing and self._is_full():
            self._room.clear()
            await self._room.wait()
        if self._is_closing:
            raise SomaError(Reason.SHUTTING_DOWN)

    def submit(self, submission: Submission) -> None:
        """Take a fact in; its caller waits for its answer."""
        self._waiting.append(submission)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        elif len(self._waiting) >= self._grouping.most_events:
            self._hurry.set()

    async def close(self) -> None:
        """Write what waits, without gathering any longer; what comes from now on is refused."""
        self._is_closing = True
        self._hurry.set()
        self._room.set()
        while tasks := [task for task in (self._writing, self._freeing) if task is not None]:
            await asyncio.wait(tasks)

    def _is_full(self) -> bool:
        held = sum(map(len, self._held.values())) if self._held else 0
        return len(self._waiting) + held >= self._grouping.most_waiting

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                group = self._take()
                if group:
                    self._hold(await self._write(group))
        finally:
            self._writing = None

    async def _gather(self) -> None:
        """Until the group is full, or its first fact has waited long enough."""
        due = self._waiting[0].since + self._grouping.gather_seconds
        rest = due - asyncio.get_running_loop().time()
        if rest > 0 and len(self._waiting) < self._grouping.most_events and not self._is_closing:
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._hurry.wait()

    def _take(self) -> list[Submission]:
        """The next group, without those that nobody waits for any more, and without those of held streams."""
        group: list[Submission] = []
        while self._waiting and len(group) < self._grouping.most_events:
            submission = self._waiting.popleft()
            if submission.answer.done():
                continue
            if self._held and submission.key in self._held:
                self._held[submission.key].append(submission)
            else:
                group.append(submission)
        self._room.set()
        return group

    async def _write(self, group: Sequence[Submission]) -> Sequence[Submission]:
        """Write a group, whatever comes of it; returns those whose streams somebody else holds."""
        try:
            return await self._writer.write(group)
        except SomaError as problem:
            for submission in group:
                submission.fail(type(problem)(problem.reason, retry_after_seconds=problem.retry_after_seconds))
            self._refuse_waiting(problem)
        except Exception as problem:  # noqa: BLE001 - the outermost net of this task: whoever waits gets it and logs it
            for submission in group:
                submission.fail(problem)
        except asyncio.CancelledError:
            for submission in (*group, *self._waiting):
                submission.answer.cancel()
            raise
        return ()

    def _refuse_waiting(self, problem: SomaError) -> None:
        """What waits was not sent: it is told at once, not after as many attempts as there are groups."""
        for submission in self._waiting:
            submission.fail(SomaError(problem.reason, retry_after_seconds=problem.retry_after_seconds))

    def _hold(self, left: Sequence[Submission]) -> None:
        """Keep facts aside while others hold their streams; later ones of these streams go behind them."""
        for submission in left:
            self._held.setdefault(submission.key, []).append(submission)
        if self._held and self._freeing is None:
            self._freeing = asyncio.create_task(self._write_held())

    async def _write_held(self) -> None:
        try:
            while self._held:
                await asyncio.sleep(_HELD_PAUSE_SECONDS)
                await self._write_some_held()
                self._held = {
                    key: kept
                    for key, facts in self._held.items()
                    if (kept := [fact for fact in facts if not fact.answer.done()])
                }
                self._room.set()
        except Exception as problem:  # noqa: BLE001 - the outermost net of this task: whoever waits gets it and logs it
            for fact in [fact for facts in self._held.values() for fact in facts]:
                fact.fail(problem)
            self._held = {}
        finally:
            self._freeing = None

    async def _write_some_held(self) -> None:
        """Write those whose streams are free by now, and give up those that have waited too long."""
        group: list[Submission] = []
        with suppress(SomaError):
            held = await self._writer.held(self._held)
            free = [fact for key, facts in self._held.items() if key not in held for fact in facts]
            group = free[: self._grouping.most_events]
        if group:
            await self._write(group)
        oldest = asyncio.get_running_loop().time() - self._grouping.held_seconds
        for fact in [fact for facts in self._held.values() for fact in facts]:
            if fact.since < oldest:
                fact.fail(SomaError(Reason.CONFLICT, retry_after_seconds=RETRY_AFTER_SECONDS))
