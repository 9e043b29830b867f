"""Puts the stages around every handler of a server, in their one order.

Handlers get bytes and are parsed inside the stages, so that nothing fails outside of them. Nothing here knows what a
stage does; stages run once per call, never per message.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.interceptors.exchange import Access, Context, Exchange, MethodShape, Proceed, Stage
from soma_common.rpc.options import MAX_MESSAGE_BYTES, MESSAGE_LIMIT

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_STANDARD: Final = {
    "grpc.health.v1.Health": Access.ANYONE,
    "grpc.reflection.v1alpha.ServerReflection": Access.ANYONE,
    "grpc.reflection.v1.ServerReflection": Access.ANYONE,
    "grpc.channelz.v1.Channelz": Access.OPERATORS,
}


class StageOrderError(Exception):
    """The stages of a pipeline do not stand in an order that all of them accept."""


def check_order(stages: Sequence[Stage]) -> None:
    """Refuses a stage that stands before, or without, one it must come after."""
    passed: set[str] = set()
    for stage in stages:
        missing = stage.after - passed
        if missing:
            raise StageOrderError(f"the stage {stage.name} must come after {', '.join(sorted(missing))}")
        if stage.name in passed:
            raise StageOrderError(f"the stage {stage.name} stands twice")
        passed.add(stage.name)


class Pipeline(grpc.aio.ServerInterceptor):
    """The one interceptor of a server; raises StageOrderError when the stages are in a wrong order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        check_order(stages)
        self._stages = tuple(stages)
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The handler of a call with all stages around it; made once per method."""
        path = str(handler_call_details.method)
        wrapped = self._wrapped.get(path)
        if wrapped is not None:
            return wrapped
        found = await continuation(handler_call_details)
        if found is None:
            return self._unknown(path)
        self._wrapped[path] = self._wrap(path, found)
        return self._wrapped[path]

    def _wrap(self, path: str, handler: Handler) -> Handler:
        access = _STANDARD.get(path.rpartition("/")[0].lstrip("/"), Access.HOUSE)
        if handler.request_streaming:
            wrap = self._wrap_stream_stream if handler.response_streaming else self._wrap_stream_unary
            return wrap(path, handler, access)
        shape = MethodShape(
            path=path,
            access=access,
            expected=_message_name(handler.request_deserializer),
            parse=handler.request_deserializer or _no_message,
            streams_replies=bool(handler.response_streaming),
        )
        encode = _bytes_pass(handler.response_serializer)
        if not handler.response_streaming:
            run = self._compose(shape, _unary(handler.unary_unary, encode))

            async def answer(raw: bytes, context: Context) -> bytes:
                return await run(Exchange(shape, context, raw)) or b""

            return grpc.unary_unary_rpc_method_handler(answer)
        stream = self._compose(shape, _stream(handler.unary_stream))

        async def follow(raw: bytes, context: Context) -> None:
            await stream(Exchange(shape, context, raw))

        return grpc.unary_stream_rpc_method_handler(follow, response_serializer=encode)

    def _wrap_stream_unary(self, path: str, handler: Handler, access: Access) -> Handler:
        parse = handler.request_deserializer or _no_message
        shape = MethodShape(path, access, _message_name(parse), parse, streams_replies=False, streams_requests=True)
        run = self._compose(shape, _gathering(handler.stream_unary, _bytes_pass(handler.response_serializer)))

        async def gather(requests: AsyncIterator[bytes], context: Context) -> bytes:
            return await run(Exchange(shape, context, b"", requests)) or b""

        return grpc.stream_unary_rpc_method_handler(gather)

    def _wrap_stream_stream(self, path: str, handler: Handler, access: Access) -> Handler:
        if access is Access.HOUSE:
            return self._unknown(path)
        parse = handler.request_deserializer or _no_message
        shape = MethodShape(path, access, _message_name(parse), parse, streams_replies=True, streams_requests=True)
        run = self._compose(shape, _dialogue(handler.stream_stream))

        async def converse(requests: AsyncIterator[bytes], context: Context) -> None:
            await run(Exchange(shape, context, b"", requests))

        encode = _bytes_pass(handler.response_serializer)
        return grpc.stream_stream_rpc_method_handler(converse, response_serializer=encode)

    def _unknown(self, path: str) -> Handler:
        shape = MethodShape("unknown", Access.ANYONE, "", _no_message, streams_replies=True, streams_requests=True)

        async def refuse(_exchange: Exchange) -> bytes | None:
            raise SomaError(Reason.METHOD_UNKNOWN, {"method": path[:200]})

        run = self._compose(shape, refuse)

        async def answer(requests: AsyncIterator[bytes], context: Context) -> None:
            await run(Exchange(shape, context, b"", requests))

        return grpc.stream_stream_rpc_method_handler(answer)

    def _compose(self, shape: MethodShape, innermost: Proceed) -> Proceed:
        proceed = innermost
        for stage in reversed(self._stages):
            if shape.access in stage.covers:
                proceed = _around(stage, proceed)
        return proceed


def _around(stage: Stage, proceed: Proceed) -> Proceed:
    run = stage.run

    def step(exchange: Exchange) -> Awaitable[bytes | None]:
        return run(exchange, proceed)

    return step


def parsed(exchange: Exchange) -> Message:
    """The request of a call, read at most once; raises MALFORMED_MESSAGE or PAYLOAD_TOO_LARGE."""
    if exchange.request is None:
        exchange.request = _parse(exchange.shape, exchange.raw)
    return exchange.request


def _parse(shape: MethodShape, raw: bytes) -> Message:
    if len(raw) > MAX_MESSAGE_BYTES:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": MESSAGE_LIMIT})
    try:
        return shape.parse(raw)
    except DecodeError:
        raise SomaError(Reason.MALFORMED_MESSAGE, {"expected": shape.expected}) from None


def _unary(behaviour: Any, encode: Callable[[Any], bytes]) -> Proceed:
    async def respond(exchange: Exchange) -> bytes:
        return encode(await behaviour(parsed(exchange), exchange.context))

    return respond


def _stream(behaviour: Any) -> Proceed:
    if inspect.iscoroutinefunction(behaviour):

        async def write_itself(exchange: Exchange) -> None:
            await behaviour(parsed(exchange), exchange.context)

        return write_itself

    async def respond(exchange: Exchange) -> None:
        replies = behaviour(parsed(exchange), exchange.context)
        write = exchange.context.write
        try:
            async for reply in replies:
                await write(reply)
        finally:
            await replies.aclose()

    return respond


async def _requests(exchange: Exchange) -> AsyncIterator[Message]:
    if exchange.requests is not None:
        async for raw in exchange.requests:
            request = _parse(exchange.shape, raw)
            for check in exchange.checks:
                check(request)
            yield request


def _gathering(behaviour: Any, encode: Callable[[Any], bytes]) -> Proceed:
    async def respond(exchange: Exchange) -> bytes:
        return encode(await behaviour(_requests(exchange), exchange.context))

    return respond


def _dialogue(behaviour: Any) -> Proceed:
    async def respond(exchange: Exchange) -> None:
        async for reply in behaviour(_requests(exchange), exchange.context):
            await exchange.context.write(reply)

    return respond


def _bytes_pass(serializer: Callable[[Any], bytes] | None) -> Callable[[Any], bytes]:
    def encode(reply: Any) -> bytes:
        if type(reply) is bytes:
            return reply
        return serializer(reply) if serializer is not None else bytes(reply)

    return encode


def _message_name(deserializer: object) -> str:
    owner = getattr(deserializer, "__self__", None)
    descriptor = getattr(owner, "DESCRIPTOR", None)
    return str(getattr(descriptor, "full_name", "the expected message"))


def _no_message(_raw: bytes) -> Message:
    raise DecodeError("this method has no message")
