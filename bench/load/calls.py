"""Unary gRPC calls, one after the other or many at once, and how long each took.

Nothing here knows a service.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import grpc

from soma_common.rpc.options import channel_options

_TIMEOUT_SECONDS: Final = 30.0


class Caller:
    """One client of one service, under one token."""

    def __init__(self, target: str, token: str) -> None:
        self.channel = grpc.aio.insecure_channel(target, options=channel_options())
        self.metadata = (("authorization", f"Bearer {token}"),)

    async def call(self, method: Any, request: Any) -> float:
        """Milliseconds of one call; raises grpc.aio.AioRpcError."""
        begun = time.perf_counter()
        await method(request, metadata=self.metadata, timeout=_TIMEOUT_SECONDS)
        return (time.perf_counter() - begun) * 1000

    async def in_turn(self, method: Any, requests: Sequence[Any], warm: int = 20) -> list[float]:
        """Milliseconds of each call, one after the other; the first `warm` are not told."""
        return [await self.call(method, request) for request in requests][warm:]

    async def at_once(self, method: Any, requests: Iterable[Any], many: int) -> list[float]:
        """Milliseconds of each call, `many` under way at any time."""
        waiting = iter(requests)

        async def worker() -> list[float]:
            return [await self.call(method, request) for request in waiting]

        return [spent for each in await asyncio.gather(*(worker() for _ in range(many))) for spent in each]
