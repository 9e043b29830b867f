"""Servicer of API keys: protos in, values to the use cases, protos out, and the text of a key put into its answer.

Nothing is decided here.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration

from servers.control.api_keys import ApiKeys, KeyOrder
from servers.control.domain.keys import ApiKey
from servers.control.key_exchange import KeyExchanging
from soma.control.v1 import api_key_pb2 as key_pb
from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma_common.kernel.paging import next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import DuplicateRequest, IdempotencyStore, Once

Reply = TypeVar("Reply", keys_pb.CreateApiKeyResponse, keys_pb.RotateApiKeyResponse)
_TIMES = ("create_time", "expire_time", "last_used_time", "rotate_time", "previous_expire_time", "revoke_time")


def key_message(key: ApiKey) -> key_pb.ApiKey:
    """A key as the contract has it."""
    message = key_pb.ApiKey(
        key_id=key.key_id, name=key.name, sub=key.sub, role=key.role, scopes=key.scopes, created_by=key.created_by
    )
    for name in _TIMES:
        time: datetime | None = getattr(key, name)
        if time is not None:
            getattr(message, name).FromDatetime(time)
    return message


class ApiKeyServicer(keys_grpc.ApiKeyServiceServicer):
    """`soma.control.v1.ApiKeyService`."""

    def __init__(self, keys: ApiKeys, exchanging: KeyExchanging, answers: IdempotencyStore) -> None:
        self._keys = keys
        self._exchanging = exchanging
        self._answers = answers

    async def CreateApiKey(  # noqa: N802 - the contract's name
        self, request: keys_pb.CreateApiKeyRequest, _: Any
    ) -> keys_pb.CreateApiKeyResponse:
        """Make a key."""
        caller = current_call().caller
        lifetime = _span(request.ttl) if request.HasField("ttl") else None
        order = KeyOrder(request.name, request.role, frozenset(request.scopes), request.sub, lifetime)
        return await self._with_text(
            request.request_id,
            keys_pb.CreateApiKeyResponse,
            lambda reply: self._keys.create(caller, order, request.request_id, reply),
        )

    async def ListApiKeys(  # noqa: N802 - the contract's name
        self, request: keys_pb.ListApiKeysRequest, _: Any
    ) -> keys_pb.ListApiKeysResponse:
        """The keys of the caller's tenant."""
        filters = {"include_revoked": request.include_revoked}
        page = page_of(request.page_size, request.page_token, filters)
        after = None if page.after is None else _position(*page.after)
        tenant_id = current_call().caller.tenant_id
        found = await self._keys.list(tenant_id, request.include_revoked, after, page.size + 1)
        answer = keys_pb.ListApiKeysResponse(api_keys=[key_message(key) for key in found[: page.size]])
        if len(found) > page.size:
            last = found[page.size - 1]
            answer.next_page_token = next_page_token((last.create_time.isoformat(), last.key_id), filters)
        return answer

    async def RevokeApiKey(  # noqa: N802 - the contract's name
        self, request: keys_pb.RevokeApiKeyRequest, _: Any
    ) -> keys_pb.RevokeApiKeyResponse:
        """End a key."""
        return await self._keys.revoke(
            current_call().caller,
            request.key_id,
            lambda key: keys_pb.RevokeApiKeyResponse(api_key=key_message(key)),
        )

    async def RotateApiKey(  # noqa: N802 - the contract's name
        self, request: keys_pb.RotateApiKeyRequest, _: Any
    ) -> keys_pb.RotateApiKeyResponse:
        """Give a key a new text."""
        caller = current_call().caller
        return await self._with_text(
            request.request_id,
            keys_pb.RotateApiKeyResponse,
            lambda reply: self._keys.rotate(caller, request.key_id, _span(request.grace), request.request_id, reply),
        )

    async def ExchangeApiKey(  # noqa: N802 - the contract's name
        self, request: keys_pb.ExchangeApiKeyRequest, _: Any
    ) -> keys_pb.ExchangeApiKeyResponse:
        """A token for a key."""
        found = await self._exchanging.exchange(request.key)
        answer = keys_pb.ExchangeApiKeyResponse(token=found.token)
        answer.expire_time.FromDatetime(found.expire_time)
        answer.lifetime.FromTimedelta(found.lifetime)
        return answer

    async def _with_text(
        self,
        request_id: str,
        kind: type[Reply],
        make: Callable[[Callable[[ApiKey], Reply]], Awaitable[Reply]],
    ) -> Reply:
        """The answer of an earlier call with this request_id, else of this one; the text is derived, never stored."""
        answer = await self._earlier(kind)
        if answer is None:
            try:
                answer = await make(lambda key: kind(api_key=key_message(key)))
            except DuplicateRequest:
                # It was committed while this one was at work.
                answer = await self._earlier(kind)
                if answer is None:
                    raise
        key = answer.api_key
        stamp = key.rotate_time if key.HasField("rotate_time") else key.create_time
        made = stamp.ToDatetime(UTC)
        answer.key = self._keys.text_of(current_call().caller.tenant_id, key.key_id, request_id, made).text
        return answer

    async def _earlier(self, kind: type[Reply]) -> Reply | None:
        given = await Once.current().earlier(self._answers)
        return None if given is None else kind.FromString(given)


def _span(duration: Duration) -> timedelta:
    return duration.ToTimedelta()


def _position(time: object, key_id: object = "") -> tuple[datetime, str]:
    try:
        return datetime.fromisoformat(str(time)), str(key_id)
    except ValueError:
        raise unreadable_token() from None
