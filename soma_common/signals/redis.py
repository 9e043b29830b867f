"""Signals by the publish and subscribe of Redis: one connection listens, another one speaks.

Imported where a Redis is configured and nowhere else.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from soma_common.signals.wired import Hear, Signal, Wire, WiredSignals

_PREFIX: Final = "soma:signals:"
# A channel that is always listened to, because a connection without one cannot be read.
_ALWAYS: Final = "soma:signals"
_ANSWER_SECONDS: Final = 2.0


class RedisSignals(WiredSignals):
    """Signals through one Redis: they reach all processes that are connected to it."""

    broken: ClassVar[tuple[type[Exception], ...]] = (RedisError, OSError, TimeoutError)

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def _connect(self, hear: Hear) -> Wire:
        # Connecting anew is our own affair: the library would do it without a word about what was missed.
        client = Redis.from_url(
            self._url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            decode_responses=False,
        )
        wire = _RedisWire(client, hear)
        try:
            await wire.begin()
        except BaseException:
            await wire.close()
            raise
        return wire


class _RedisWire(Wire):
    """The two connections of a client."""

    def __init__(self, client: Redis, hear: Hear) -> None:
        self.lost = asyncio.Event()
        self._client = client
        self._hear = hear
        self._ears: Any = client.pubsub()
        self._answered = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Listen to something and begin to read."""
        await self._client.ping()
        await self._ears.subscribe(_ALWAYS)
        self._reader = asyncio.create_task(self._read(), name="signals of redis")

    async def _read(self) -> None:
        try:
            while True:
                message = await self._ears.get_message(timeout=None)
                if message is not None:
                    self._read_one(message["type"], message.get("channel"), message.get("data"))
        except (RedisError, OSError, TimeoutError):
            self.lost.set()

    def _read_one(self, kind: str, channel: bytes | None, data: object) -> None:
        if kind == "pong":
            self._answered.set()
            return
        name = (channel or b"").decode(errors="replace")
        if not name.startswith(_PREFIX):
            return
        if kind == "subscribe":
            self._hear(name.removeprefix(_PREFIX), "")
        elif kind == "message" and isinstance(data, bytes):
            self._hear(name.removeprefix(_PREFIX), data.decode(errors="replace"))

    async def listen(self, names: Sequence[str]) -> None:
        await self._ears.subscribe(*(_PREFIX + name for name in names))

    async def unlisten(self, names: Sequence[str]) -> None:
        await self._ears.unsubscribe(*(_PREFIX + name for name in names))

    async def send(self, batch: Sequence[Signal]) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for name, payload in batch:
                pipeline.publish(_PREFIX + name, payload)
            await pipeline.execute()

    async def ping(self) -> None:
        self._answered.clear()
        await self._client.ping()
        await self._ears.ping()
        await self._answered.wait()

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._ears.aclose()
                await self._client.aclose()
        if self._reader is not None:
            await asyncio.wait((self._reader,), timeout=_ANSWER_SECONDS)
