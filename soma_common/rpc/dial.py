"""The one way to call another service: identity, deadline, correlation id and trace go along by themselves.

Nothing here knows a service or keeps state about one; breakers are the caller's affair.
"""

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Collection, Sequence
from typing import Final, Protocol, TypeVar, cast

import grpc
from grpc_health.v1 import health_pb2
from opentelemetry.trace import SpanKind

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import MARGIN_SECONDS, current_call
from soma_common.rpc.options import channel_options
from soma_common.rpc.replies import ReplyStream, is_own_cancellation
from soma_common.rpc.status import answered_by_peer, error_of_call
from soma_common.rpc.step_mark import HEADER, current_mark
from soma_common.rpc.stubs import Metadata, Method, StubChannel
from soma_common.tracing import TraceContext, tracer

Stub = TypeVar("Stub")
_RESTING: Final = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)


class CallSigner(Protocol):
    """Whoever signs our calls: a service's `ServiceSigner`, or the token of a person at a terminal."""

    def token_for(self, caller: Caller) -> str:
        """A token under which `caller` may call."""
        ...


def dial(
    target: str | Sequence[str], signer: CallSigner, *, timeout_seconds: float = 5.0, name: str | None = None
) -> "Channel":
    """A channel to a service; with several targets calls go round them, past those that do not answer.

    `timeout_seconds` bounds unary calls; streams last as long as the call they belong to. `name` is what errors call
    the service (default: the service part of the called method).
    """
    targets = (target,) if isinstance(target, str) else tuple(target)
    if not targets:
        raise ValueError("a channel needs at least one target")
    return Channel(targets, signer, timeout_seconds, name)


class Channel:
    """Connections to all replicas of a service. Calls raise SomaError only; see `status.error_of_call`."""

    def __init__(self, targets: tuple[str, ...], signer: CallSigner, timeout_seconds: float, name: str | None) -> None:
        self._signer = signer
        self._timeout_seconds = timeout_seconds
        self._name = name
        self._channels = tuple(grpc.aio.insecure_channel(each, options=channel_options()) for each in targets)
        self._turn = 0

    def stub(self, factory: Callable[[grpc.aio.Channel], Stub]) -> Stub:
        """The generated stub of a service: `channel.stub(memory_grpc.MemoryServiceStub)`.

        Unary methods are awaited, and so are those that take a stream of requests; streams of replies are a
        `ReplyStream`, to be used in `async for` or `aclosing`. All take `timeout` (seconds) and `metadata`.
        """
        return factory(cast(grpc.aio.Channel, StubChannel(self)))

    async def check(self, timeout_seconds: float = 1.0) -> None:
        """Asks the standard health service, without identity; raises DEPENDENCY_DOWN unless a replica serves.

        All replicas together get the time: one that hangs does not speak for the others.
        """
        tried: set[int] = set()
        while len(tried) < len(self._channels):
            channel = self._pick(tried)
            tried.add(id(channel))
            if await _serves(channel, timeout_seconds / len(self._channels)):
                return
        raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": self._name or "it"})

    async def close(self) -> None:
        """Ends all calls and connections."""
        for channel in self._channels:
            await channel.close()

    async def __aenter__(self) -> "Channel":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def unary(self, call: Method, request: object, limit_seconds: float | None, metadata: Metadata) -> object:
        """One unary call; a replica that does not answer or is going down is passed over once."""
        wanted = self._timeout_seconds if limit_seconds is None else limit_seconds
        ends_at = time.monotonic() + _time_within(wanted)
        tried: set[int] = set()
        with tracer.span(call.path, SpanKind.CLIENT):
            while True:
                channel = self._pick(tried)
                tried.add(id(channel))
                sent = (*metadata, *self._metadata())
                try:
                    return await call.unary(channel)(request, timeout=ends_at - time.monotonic(), metadata=sent)
                except asyncio.CancelledError:
                    if is_own_cancellation():
                        raise
                    raise SomaError(Reason.CALL_CANCELLED) from None
                except grpc.aio.AioRpcError as error:
                    if not _may_try_another(error) or len(tried) == len(self._channels):
                        raise error_of_call(error, self.dependency(call.path)) from error

    def stream(self, call: Method, request: object, limit_seconds: float | None, metadata: Metadata) -> ReplyStream:
        """One server-streaming call; it lasts no longer than the call that is being served."""
        span = tracer.start(call.path, SpanKind.CLIENT)
        seconds = _time_left() if limit_seconds is None else _time_within(limit_seconds)
        sent = (*metadata, *self._metadata(TraceContext.of(span)))
        running = call.stream(self._pick())(request, timeout=seconds, metadata=sent)
        return ReplyStream(running, span, self.dependency(call.path))

    async def gather(
        self, call: Method, requests: AsyncIterable[object], limit_seconds: float | None, metadata: Metadata
    ) -> object:
        """One client-streaming call: a request is asked for when the one before has gone; nothing is sent twice."""
        seconds = _time_left() if limit_seconds is None else _time_within(limit_seconds)
        with tracer.span(call.path, SpanKind.CLIENT):
            sent = (*metadata, *self._metadata())
            running = call.gathering(self._pick())(aiter(requests), timeout=seconds, metadata=sent)
            try:
                return await running
            except asyncio.CancelledError:
                if is_own_cancellation():
                    raise
                raise SomaError(Reason.CALL_CANCELLED) from None
            except grpc.aio.AioRpcError as error:
                raise error_of_call(error, self.dependency(call.path)) from error

    def dependency(self, path: str) -> str:
        """What errors call the service behind this channel."""
        return self._name or path.split("/")[1].rpartition(".")[2]

    def _pick(self, tried: Collection[int] = ()) -> grpc.aio.Channel:
        fresh = [channel for channel in self._channels if id(channel) not in tried] or list(self._channels)
        self._turn += 1
        if len(fresh) == 1:
            return fresh[0]
        awake = [channel for channel in fresh if channel.get_state() not in _RESTING] or fresh
        return awake[self._turn % len(awake)]

    def _metadata(self, position: TraceContext | None = None) -> Metadata:
        call, mark = current_call(), current_mark()
        metadata = (
            ("authorization", f"Bearer {self._signer.token_for(call.caller)}"),
            ("x-correlation-id", call.correlation_id),
            ("traceparent", (position or TraceContext.current()).traceparent),
        )
        return metadata if mark is None else (*metadata, (HEADER, mark.header))


async def _serves(channel: grpc.aio.Channel, timeout_seconds: float) -> bool:
    call = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    try:
        reply = await call(health_pb2.HealthCheckRequest(), timeout=timeout_seconds)
    except grpc.aio.AioRpcError:
        return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def _time_left() -> float | None:
    remaining = current_call().remaining_seconds()
    if remaining is None:
        return None
    if remaining <= MARGIN_SECONDS:
        raise SomaError(Reason.DEADLINE_EXCEEDED)
    return remaining - MARGIN_SECONDS


def _time_within(timeout_seconds: float) -> float:
    left = _time_left()
    return timeout_seconds if left is None else min(left, timeout_seconds)


def _may_try_another(error: grpc.aio.AioRpcError) -> bool:
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        return False
    return not answered_by_peer(error) or error_of_call(error, "").reason is Reason.SHUTTING_DOWN
