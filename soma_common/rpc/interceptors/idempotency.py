"""The innermost stage: a mutation that was done before is answered from the store and not done again.

Nothing here writes an answer: the use case does, in its own transaction, through `Once`.
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol
from uuid import UUID

from google.protobuf.message import Message

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.idempotency import DuplicateRequest, Once, RequestKey, StoredReply, body_hash
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.interceptors.pipeline import parsed
from soma_common.security.rules import MethodRule


class GivenReplies(Protocol):
    """Finds what was answered before."""

    async def find(self, key: RequestKey) -> StoredReply | None:
        """The answer to this request, or None when it was not committed yet."""
        ...


class Idempotency:
    """Covers unary methods whose request has a `request_id`; streams keep theirs in their own rows.

    Where the method's row says that the use case finds repeats by itself, the store is asked only if it says so.
    """

    name: ClassVar[str] = "idempotency"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline", "auth", "limits", "validate"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE})

    def __init__(self, replies: GivenReplies, rules: Mapping[str, MethodRule]) -> None:
        self._replies = replies
        self._unasked = frozenset(path for path, rule in rules.items() if rule.finds_repeats)

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Answers a repeat, or runs the call with its `Once` open; raises REQUEST_ID_REUSED or CONFLICT."""
        request = parsed(exchange)
        key = None if exchange.shape.streams_replies else _key_of(exchange, request)
        if key is None:
            return await proceed(exchange)
        body = body_hash(request)
        given = None if key.method in self._unasked else await self._replies.find(key)
        if given is not None:
            return given.answer_to(key, body)
        try:
            with Once.opened(key, body):
                return await proceed(exchange)
        except DuplicateRequest:
            given = await self._replies.find(key)
            if given is None:
                raise SomaError(Reason.CONFLICT) from None
            return given.answer_to(key, body)


def _key_of(exchange: Exchange, request: Message) -> RequestKey | None:
    given = getattr(request, "request_id", "")
    if not given or exchange.caller is None:
        return None
    try:
        request_id = UUID(given)
    except ValueError:
        return None
    return RequestKey(exchange.caller.tenant_id, exchange.caller.sub, exchange.shape.path, request_id)
