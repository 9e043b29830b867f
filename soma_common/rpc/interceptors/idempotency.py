"""The innermost stage: a mutation that was done before is answered from the store and not done again.

Nothing here writes an answer: the use case does, in its own transaction, through `Once`.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Protocol
from uuid import UUID

from google.protobuf.message import Message

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.idempotency import DuplicateRequest, Once, RequestKey, StoredReply, body_hash
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.interceptors.pipeline import parsed
from soma_common.rpc.step_mark import HEADER, Purpose, StepMark
from soma_common.security.rules import MethodRule

# The empty message of whatever the method answers with.
_NOTHING_TO_UNDO: Final = b""


class GivenReplies(Protocol):
    """Finds what was answered before."""

    async def find(self, key: RequestKey) -> StoredReply | None:
        """The answer to this request, or None when it was not committed yet."""
        ...

    async def refuse(self, tenant_id: TenantId, mark: StepMark) -> bool:
        """Refuse a step of a saga from now on; says whether it was done."""
        ...


class Idempotency:
    """Covers unary methods whose request has a `request_id`; streams keep theirs in their own rows.

    Where the method's row says that the use case finds repeats by itself, the store is not asked. A call that undoes a
    step of a saga first refuses that step for good; where it is not known to be done and was not, that is all.
    """

    name: ClassVar[str] = "idempotency"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline", "auth", "limits", "validate"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE})

    def __init__(self, replies: GivenReplies, rules: Mapping[str, MethodRule]) -> None:
        self._replies = replies
        self._unasked = frozenset(path for path, rule in rules.items() if rule.finds_repeats)

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Answers a repeat, or runs the call with its `Once` open; raises REQUEST_ID_REUSED or CONFLICT."""
        if exchange.shape.streams_requests:
            return await proceed(exchange)
        request = parsed(exchange)
        key = None if exchange.shape.streams_replies else _key_of(exchange, request)
        if key is None:
            return await proceed(exchange)
        body = body_hash(request)
        given = None if key.method in self._unasked else await self._replies.find(key)
        if given is not None:
            return given.answer_to(key, body)
        mark = self._mark_of(exchange, key)
        if mark is not None and mark.purpose is not Purpose.ACT:
            was_done = await self._replies.refuse(key.tenant_id, mark)
            if not was_done and mark.purpose is Purpose.UNDO_IF_DONE:
                return _NOTHING_TO_UNDO
        try:
            with Once.opened(key, body, mark):
                return await proceed(exchange)
        except DuplicateRequest:
            given = await self._replies.find(key)
            if given is None:
                raise SomaError(Reason.CONFLICT) from None
            return given.answer_to(key, body)

    def _mark_of(self, exchange: Exchange, key: RequestKey) -> StepMark | None:
        """The step of a saga that a service makes this call for; a person's call is none."""
        if exchange.caller is None or exchange.caller.service is None:
            return None
        mark = StepMark.parse(exchange.text(HEADER))
        if mark is not None and key.method in self._unasked:
            raise ValueError(f"{key.method} records no answer, so it cannot be a step of a saga")
        return mark


def _key_of(exchange: Exchange, request: Message) -> RequestKey | None:
    given = getattr(request, "request_id", "")
    if not given or exchange.caller is None:
        return None
    try:
        request_id = UUID(given)
    except ValueError:
        return None
    return RequestKey(exchange.caller.tenant_id, exchange.caller.sub, exchange.shape.path, request_id)
