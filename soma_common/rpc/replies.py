"""The replies of a server-streaming call, as the caller reads them.

Nothing here opens a call.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
from opentelemetry.trace import Span, Status, StatusCode

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.status import error_of_call

Reply = TypeVar("Reply")


class ReplyStream:
    """Replies in order; failures are SomaError. `aclose`, `cancel` or losing it ends the call; see `following`."""

    def __init__(self, call: grpc.aio.UnaryStreamCall[Any, Any], span: Span, dependency: str) -> None:
        self._call = call
        self._replies = _replies(call, span, dependency)

    def __aiter__(self) -> "ReplyStream":
        return self

    async def __anext__(self) -> Any:
        # A coroutine, so that who awaits it holds this object: lost, it would cancel the call that is being read.
        return await self._replies.__anext__()

    def cancel(self) -> bool:
        """Ends the call; a reader gets CALL_CANCELLED. False when it had ended before."""
        return self._call.cancel()

    async def aclose(self) -> None:
        """Ends the call and its reader."""
        await self._replies.aclose()
        self._call.cancel()

    def __del__(self) -> None:
        # A call that nobody reads is never collected by the runtime unless it is cancelled.
        self._call.cancel()


@asynccontextmanager
async def following(call: grpc.aio.UnaryStreamCall[Any, Reply]) -> AsyncIterator[AsyncIterator[Reply]]:
    """Gives the replies of a stream inside the block and ends its call where the block ends."""
    replies = call.__aiter__()
    try:
        yield replies
    finally:
        call.cancel()
        if isinstance(replies, ReplyStream | AsyncGenerator):
            await replies.aclose()


async def _replies(call: grpc.aio.UnaryStreamCall[Any, Any], span: Span, dependency: str) -> AsyncGenerator[Any, None]:
    try:
        async for reply in call:
            yield reply
    except grpc.aio.AioRpcError as error:
        span.set_status(Status(StatusCode.ERROR, error.code().name))
        raise error_of_call(error, dependency) from error
    except asyncio.CancelledError:
        if is_own_cancellation():
            raise
        # The runtime says "cancelled" for a call that was, even to a task that was not.
        raise SomaError(Reason.CALL_CANCELLED) from None
    finally:
        call.cancel()
        span.end()


def is_own_cancellation() -> bool:
    """Whether the running task itself was asked to stop."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
