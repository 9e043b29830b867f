"""One group of facts: its statement, and what becomes of each when the statement fails or its outcome is unknown.

Nothing here knows how a group was gathered.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from soma_common.events.facts import Fact, columns
from soma_common.events.models import Event
from soma_common.events.transports.port import StreamKey
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.failures import DRIVER_EXCEPTIONS, OutcomeUnknownError
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.events", "sql/events.sql")
_RESOLVE_PAUSE_SECONDS: Final = 0.1


@dataclass(slots=True, eq=False)
class Submission:
    """A fact, whose it is, when it came (on the loop's clock), and where its caller waits."""

    fact: Fact
    tenant_id: TenantId
    since: float
    answer: "asyncio.Future[Event]"

    @property
    def key(self) -> StreamKey:
        """The stream it belongs to."""
        return StreamKey(self.tenant_id, self.fact.draft.stream)

    def fail(self, problem: Exception) -> None:
        """Say why there is no event, unless that was said or nobody waits."""
        if not self.answer.done():
            self.answer.set_exception(problem)


class GroupWriter:
    """Writes groups as the worker role, which is bound to no tenant. `on_written` is told when events are committed.

    `on_away` is told that the database cannot be reached while the outcome of a group is still unknown.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        resolve_seconds: float,
        on_written: Callable[[], None],
        on_away: Callable[[SomaError], None],
    ) -> None:
        self._database = database
        self._service = service
        self._resolve_seconds = resolve_seconds
        self._on_written = on_written
        self._on_away = on_away

    async def write(self, group: Sequence[Submission]) -> list[Submission]:
        """Give each its event, or the error that is its own; returns those whose streams somebody else holds.

        Raises SomaError(DATABASE_UNAVAILABLE) for those that were given neither.
        """
        if not group:
            return []
        try:
            rows = await self._places(group)
        except SomaError as problem:
            if problem.reason is Reason.DATABASE_UNAVAILABLE:
                raise
            if problem.reason is Reason.CONFLICT:
                return await self._write_free(group)
            return await self._write_apart(group, problem)
        except DRIVER_EXCEPTIONS as problem:
            return await self._write_apart(group, problem)
        for submission, (sequence, timestamp) in zip(group, rows, strict=True):
            if not submission.answer.done():
                event = submission.fact.event(self._service, submission.tenant_id, sequence, timestamp)
                submission.answer.set_result(event)
        self._on_written()
        return []

    async def held(self, keys: Iterable[StreamKey]) -> set[StreamKey]:
        """Which of these streams somebody else holds now. Raises SomaError(DATABASE_UNAVAILABLE)."""
        asked = set(keys)
        places = [key.tenant_id for key in asked], [key.stream for key in asked]
        rows = await self._database.worker_statement(_SQL.find_held, *places)
        return {StreamKey(row["tenant_id"], row["stream"]) for row in rows}

    async def _write_free(self, group: Sequence[Submission]) -> list[Submission]:
        """Somebody holds a stream: write the others. One whose first event is not committed yet shows no holder."""
        held = await self.held(submission.key for submission in group)
        if not held:
            return await self._write_apart(group, None)
        return [it for it in group if it.key in held] + await self.write([it for it in group if it.key not in held])

    async def _write_apart(self, group: Sequence[Submission], problem: Exception | None) -> list[Submission]:
        """Halve the group until what is wrong is alone. Without a problem it is held, and that is all."""
        if len(group) == 1:
            if problem is None:
                return list(group)
            group[0].fail(problem)
            return []
        middle = len(group) // 2
        left = await self.write(group[:middle])
        behind = {submission.key for submission in left}
        left += [submission for submission in group[middle:] if submission.key in behind]
        return left + await self.write([submission for submission in group[middle:] if submission.key not in behind])

    async def _places(self, group: Sequence[Submission]) -> Sequence[Any]:
        """Sequence and time of each, once they are committed."""
        try:
            return await self._insert(group)
        except OutcomeUnknownError as problem:
            return await self._resolve(group, problem)

    async def _insert(self, group: Sequence[Submission]) -> Sequence[Any]:
        facts = [submission.fact for submission in group]
        tenants, traces = [submission.tenant_id for submission in group], [fact.trace_id for fact in facts]
        return await self._database.worker_statement(_SQL.publish, self._service, tenants, traces, *columns(facts))

    async def _resolve(self, group: Sequence[Submission], problem: SomaError) -> Sequence[Any]:
        """The statement was sent and nothing is known: ask by the ids of the events, which cannot be there twice.

        What is not there is written again under the same ids; that fails where the first statement ends only now.
        """
        loop, ids = asyncio.get_running_loop(), [submission.fact.event_id for submission in group]
        until = loop.time() + self._resolve_seconds
        while loop.time() < until:
            try:
                rows = await self._database.worker_statement(_SQL.find_places, ids)
                return rows if len(rows) == len(group) else await self._insert(group)
            except asyncpg.UniqueViolationError:
                continue
            except SomaError as again:
                # The first statement may itself be what holds a stream.
                if again.reason is Reason.DATABASE_UNAVAILABLE:
                    self._on_away(again)
                elif again.reason is not Reason.CONFLICT:
                    raise
            await asyncio.sleep(_RESOLVE_PAUSE_SECONDS)
        raise problem
