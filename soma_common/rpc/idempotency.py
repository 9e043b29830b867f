"""Repeats of a mutation: what was answered to a `request_id`, written in the use case's own transaction.

The interceptor asks `IdempotencyStore` before the handler and opens a `Once`; use cases only call `Once.record`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.step_mark import Purpose, StepMark
from soma_common.sagas.fences import Fences, step_fenced

_SQL = Queries.of("soma_common.postgres", "sql/idempotency.sql")
KEPT: Final = timedelta(hours=24)
FENCES_KEPT: Final = timedelta(days=90)


class DuplicateRequest(Exception):  # noqa: N818 - it is no error: the answer exists already
    """The same request was committed by another call meanwhile; the answer is in the store."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a request the same: tenant, user, full method path, request_id."""

    tenant_id: TenantId
    sub: str
    method: str
    request_id: UUID


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What was answered, and to which body."""

    body_hash: bytes
    response: bytes

    def answer_to(self, key: RequestKey, body_hash: bytes) -> bytes:
        """The stored response for the same body. Raises SomaError(REQUEST_ID_REUSED) for another one."""
        if body_hash != self.body_hash:
            raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(key.request_id)})
        return self.response


def body_hash(request: Message) -> bytes:
    """SHA-256 of the request in its deterministic form, 32 bytes."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


class IdempotencyStore:
    """The answers a house has given; kept for 24 hours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: RequestKey) -> StoredReply | None:
        """The answer to a request that was committed before. Raises SomaError(DATABASE_UNAVAILABLE)."""
        rows = await self._database.tenant_read(key.tenant_id, _SQL.find, key.sub, key.method, key.request_id)
        return StoredReply(rows[0]["body_hash"], rows[0]["response"]) if rows else None

    async def refuse(self, tenant_id: TenantId, mark: StepMark) -> bool:
        """Refuse a step of a saga from now on; says whether it was done. Raises SomaError(DATABASE_UNAVAILABLE)."""
        return await self._database.run(tenant_id, lambda it: Fences.undo(it, tenant_id, mark.effect_key))

    async def sweep(self, older_than: timedelta = KEPT) -> int:
        """Forget answers of all tenants that are older, and fences that nobody asks for any more; returns how many."""
        async with self._database.worker() as connection:
            await connection.execute(_SQL.sweep_fences, FENCES_KEPT)
            return int((await connection.execute(_SQL.sweep, older_than)).rpartition(" ")[2])


class Once:
    """The request being served, if it has a `request_id`; otherwise recording does nothing."""

    def __init__(self, key: RequestKey | None = None, body_hash: bytes = b"", mark: StepMark | None = None) -> None:
        self._key = key
        self._body_hash = body_hash
        self._mark = mark

    @staticmethod
    def current() -> "Once":
        """The one of the call that is being served."""
        return _ONCE.get()

    @staticmethod
    @contextmanager
    def opened(key: RequestKey, body_hash: bytes, mark: StepMark | None = None) -> Iterator["Once"]:
        """Make this request the current one; for the interceptor. `mark` is there when it is part of a saga."""
        once = Once(key, body_hash, mark)
        token = _ONCE.set(once)
        try:
            yield once
        finally:
            _ONCE.reset(token)

    async def earlier(self, replies: IdempotencyStore) -> bytes | None:
        """What was answered to this request before: for use cases whose row says that they find repeats themselves.

        Raises SomaError(REQUEST_ID_REUSED) when it had another body.
        """
        if self._key is None:
            return None
        given = await replies.find(self._key)
        return None if given is None else given.answer_to(self._key, self._body_hash)

    def columns(self, response: Message) -> tuple[object, ...] | None:
        """What a statement needs that records the answer by itself: user, method, request_id, hash of the body, answer.

        All None without a request_id. None for a step of a saga, which is recorded by `record` only.
        """
        if self._mark is not None:
            return None
        if self._key is None:
            return (None,) * 5
        key = self._key
        return key.sub, key.method, key.request_id, self._body_hash, response.SerializeToString()

    async def enter(self, connection: Connection) -> None:
        """Set the fence of a step of a saga with its first effect, where the answer comes in a later transaction.

        Raises SomaError(SAGA_STEP_FENCED) for a step that comes after its compensation.
        """
        if self._key is not None and self._mark is not None and self._mark.purpose is Purpose.ACT:
            await Fences.act(connection, self._key.tenant_id, self._mark.effect_key)

    async def record_repeat(self, connection: Connection, response: Message) -> None:
        """As `record`, where the use case knows by a key of its own that all was done before: an answer may be there.

        Raises SomaError(REQUEST_ID_REUSED) where it was given to another body.
        """
        key = self._key
        rows = None if key is None else await connection.fetch(_SQL.find, *astuple(key))
        if key is None or not rows:
            await self.record(connection, response)
        else:
            StoredReply(**rows[0]).answer_to(key, self._body_hash)

    async def record(self, connection: Connection, response: Message) -> None:
        """Write the answer beside the change itself, in the same transaction.

        Raises DuplicateRequest when another call with this request_id was committed first: the transaction must roll
        back, and the interceptor answers with what is stored. A step of a saga that comes after its compensation rolls
        back too: SomaError(SAGA_STEP_FENCED).
        """
        if self._key is None:
            return
        key = self._key
        answer = (self._body_hash, response.SerializeToString())
        values = (key.tenant_id, key.sub, key.method, key.request_id, *answer)
        if self._mark is not None and self._mark.purpose is Purpose.ACT:
            await _record_step(connection, values, self._mark)
        elif not (await connection.execute(_SQL.record, *values)).endswith(" 1"):
            raise DuplicateRequest


async def _record_step(connection: Connection, values: tuple[object, ...], mark: StepMark) -> None:
    [row] = await connection.fetch(_SQL.record_step, *values, mark.effect_key)
    if not row["open"]:
        raise step_fenced(mark.effect_key)
    if not row["fresh"]:
        raise DuplicateRequest


_ONCE: ContextVar[Once] = ContextVar("soma_once", default=Once())  # noqa: B039 - it holds nothing and never changes
