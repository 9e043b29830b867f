"""The channel a generated stub sees: it hands every call to the caller that `dial` made.

Nothing here knows identity, deadlines or errors.
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from typing import Any, Protocol

import grpc

from soma_common.rpc.replies import ReplyStream

Metadata = tuple[tuple[str, str], ...]
Serializer = Callable[[Any], bytes]
Deserializer = Callable[[bytes], Any]


class Method:
    """One method of a service, with the runtime's callable for each connection."""

    def __init__(self, path: str, serializer: Serializer | None, deserializer: Deserializer | None) -> None:
        self.path = path
        self._serializer = serializer
        self._deserializer = deserializer
        self._callables: dict[int, Callable[..., Any]] = {}

    def unary(self, channel: grpc.aio.Channel) -> Callable[..., Awaitable[Any]]:
        """The callable for a unary call on this connection."""
        found = self._callables.get(id(channel))
        if found is None:
            found = channel.unary_unary(self.path, self._serializer, self._deserializer)
            self._callables[id(channel)] = found
        return found

    def stream(self, channel: grpc.aio.Channel) -> Callable[..., grpc.aio.UnaryStreamCall[Any, Any]]:
        """The callable for a server-streaming call on this connection."""
        found = self._callables.get(id(channel))
        if found is None:
            found = channel.unary_stream(self.path, self._serializer, self._deserializer)
            self._callables[id(channel)] = found
        return found

    def gathering(self, channel: grpc.aio.Channel) -> Callable[..., Awaitable[Any]]:
        """The callable for a client-streaming call on this connection."""
        found = self._callables.get(id(channel))
        if found is None:
            found = channel.stream_unary(self.path, self._serializer, self._deserializer)
            self._callables[id(channel)] = found
        return found


class MakesCalls(Protocol):
    """What a stub needs from a channel."""

    def unary(
        self, call: Method, request: object, limit_seconds: float | None, metadata: Metadata
    ) -> Coroutine[Any, Any, Any]:
        """One unary call."""
        ...

    def stream(self, call: Method, request: object, limit_seconds: float | None, metadata: Metadata) -> ReplyStream:
        """One server-streaming call."""
        ...

    def gather(
        self, call: Method, requests: AsyncIterable[object], limit_seconds: float | None, metadata: Metadata
    ) -> Coroutine[Any, Any, Any]:
        """One client-streaming call."""
        ...


class StubChannel:
    """Has the three methods of `grpc.aio.Channel` that generated stubs of our contracts use.

    The edge calls by descriptor with the first two and its own (de)serialisers.
    """

    def __init__(self, caller: MakesCalls) -> None:
        self._caller = caller

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool = False,
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        """The callable of a unary method."""
        made = Method(method, request_serializer, response_deserializer)

        def call(
            request: object, *, timeout: float | None = None, metadata: Metadata | None = None
        ) -> Coroutine[Any, Any, Any]:
            return self._caller.unary(made, request, timeout, metadata or ())

        return call

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool = False,
    ) -> Callable[..., ReplyStream]:
        """The callable of a server-streaming method."""
        made = Method(method, request_serializer, response_deserializer)

        def call(request: object, *, timeout: float | None = None, metadata: Metadata | None = None) -> ReplyStream:
            return self._caller.stream(made, request, timeout, metadata or ())

        return call

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        _registered_method: bool = False,
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        """The callable of a client-streaming method."""
        made = Method(method, request_serializer, response_deserializer)

        def call(
            requests: AsyncIterable[object], *, timeout: float | None = None, metadata: Metadata | None = None
        ) -> Coroutine[Any, Any, Any]:
            return self._caller.gather(made, requests, timeout, metadata or ())

        return call
