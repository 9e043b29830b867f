"""Work that belongs together inside one process: a span around it, and what it did undone when it fails.

What has to survive the process is a saga (`soma_common/sagas/`): a block of code cannot be taken up by another one.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar
from uuid import UUID

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database, unhurried
from soma_common.rpc.call import current_call
from soma_common.sagas.plan import leaves_doubt
from soma_common.tracing import tracer

P = ParamSpec("P")
T = TypeVar("T")

_LOG: Final = get_logger("soma.transactions")
_PATIENCE: Final = Backoff(first_seconds=0.1, longest_seconds=1.0, max_attempts=3)

Undo = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class TransactionJournal:
    """Where transactions are told of as events: of the tenant and the correlation id of the running call."""

    database: Database
    events: EventStore

    async def tell(self, what: str, transaction: payloads_pb.TransactionChanged) -> None:
        """Write one event by itself: it stays when the work is rolled back. Raises LookupError without a call."""
        call = current_call()
        stream = f"transaction/{transaction.transaction_id}"
        draft = EventDraft(f"txn.{what}", stream, transaction, call.correlation_id)
        tenant_id = call.caller.tenant_id
        await self.database.run(tenant_id, lambda it: self.events.append(it, tenant_id, [draft]))


class TransactionScope:
    """A block whose compensations run in the opposite order when it fails, each repeated a few times.

    Its failure is raised on; a compensation that keeps failing is logged and does not keep the others from running.
    With a `journal` it is told of as txn.started and then txn.committed, or txn.compensating and txn.rolled_back, or
    txn.failed when it had nothing to undo or could not; where that cannot be written, the work goes on. A scope within
    another undoes only what was registered in itself.
    """

    def __init__(self, name: str, journal: TransactionJournal | None = None, ids: Ids | None = None) -> None:
        self.name: Final = name
        self.transaction_id: Final[UUID] = (ids or Ids()).uuid7()
        self._journal = journal
        self._undos: list[Undo] = []
        self._token: Token[TransactionScope | None] | None = None

    @staticmethod
    def current() -> "TransactionScope | None":
        """The innermost scope that this code runs in."""
        return _SCOPE.get()

    def register(self, undo: Undo) -> Callable[[], None]:
        """Have this done when the block fails; call what it returns to forget it again. It may run more than once."""
        self._undos.append(undo)
        return lambda: self._undos.remove(undo)

    async def __aenter__(self) -> Self:
        await self._tell("started")
        self._token = _SCOPE.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _SCOPE.reset(self._token)
        if problem is None:
            await self._tell("committed")
        else:
            await unhurried(self._roll_back(problem))

    async def _roll_back(self, problem: BaseException) -> None:
        reason = problem.reason if isinstance(problem, SomaError) else Reason.INTERNAL
        if self._undos:
            await self._tell("compensating", reason)
        undone = [await self._undone(undo) for undo in reversed(self._undos)]
        left = undone.count(False)
        await self._tell("rolled_back" if undone and not left else "failed", reason, left)

    async def _undone(self, undo: Undo) -> bool:
        failures = 0
        while True:
            try:
                await undo()
            except Exception as problem:  # noqa: BLE001 - the others have to be undone all the same
                failures += 1
                wait_seconds = _PATIENCE.wait_seconds(failures, 0.5)
                if wait_seconds is None:
                    _LOG.error("a compensation has failed", transaction=self.name, exc_info=problem)
                    return False
                await asyncio.sleep(wait_seconds)
            else:
                return True

    async def _tell(self, what: str, reason: Reason | None = None, left: int = 0) -> None:
        if self._journal is None:
            return
        changed = payloads_pb.TransactionChanged(
            transaction_id=str(self.transaction_id),
            name=self.name,
            error_reason="" if reason is None else reason.value,
            compensations=len(self._undos),
            left=left,
        )
        try:
            await self._journal.tell(what, changed)
        except SomaError as problem:
            _LOG.warning("a transaction was not told of", transaction=self.name, what=what, reason=problem.reason.value)


_SCOPE: ContextVar[TransactionScope | None] = ContextVar("soma_transaction", default=None)


def trace_transaction(
    name: str, journal: TransactionJournal | None = None
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Runs each call of a coroutine function in a span and a `TransactionScope` of this name."""

    def around(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(work)
        async def traced(*args: P.args, **kwargs: P.kwargs) -> T:
            with tracer.span(name):
                async with TransactionScope(name, journal):
                    return await work(*args, **kwargs)

        return traced

    return around


def with_compensation(
    action: Callable[..., Awaitable[object]],
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Says what undoes a coroutine function, for the scope in which it is called; without a scope it does nothing.

    `action` gets what the function returned, and then its arguments. A call that ended without an answer may have had
    its effect: it is undone too, with None in the place of what it returned.
    """

    def around(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(work)
        async def compensated(*args: P.args, **kwargs: P.kwargs) -> T:
            scope = TransactionScope.current()
            if scope is None:
                return await work(*args, **kwargs)
            returned: list[T] = []
            forget = scope.register(lambda: action(returned[0] if returned else None, *args, **kwargs))
            try:
                returned.append(await work(*args, **kwargs))
            except Exception as problem:
                if not leaves_doubt(problem):
                    forget()
                raise
            return returned[0]

        return compensated

    return around
