"""The relay: carries a house's outbox to the transport, each stream strictly in its order.

Nothing here knows which transport it is, or what the events mean.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from soma_common.events.failpoints import Failpoint, Reached, pass_by
from soma_common.events.metrics import RelayMetrics
from soma_common.events.outbox import BEGINNING, EVENTS_AT_ONCE, STREAMS_AT_ONCE, Outbox, Waiting
from soma_common.events.topics import UnknownAggregateError, topic_of
from soma_common.events.transports.port import Envelope, Outcome, StreamKey, Transport, TransportError
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database

_LOG: Final = get_logger("soma.events.relay")

# A batch that takes longer than its lease may go out twice, which consumers take once; the fence keeps the marks right.
LEASE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 1.0
IDLE_POLL_SECONDS: Final = 2.0
_ACTIVE_SECONDS: Final = 30.0
_COUNT_SECONDS: Final = 5.0
# Whoever wakes a relay has written and not yet committed: it looks after these pauses.
_EAGER_SECONDS: Final = (0.005, 0.03, 0.15)
# A round costs the same for one event as for many: after one that was not full a relay waits for more of them.
_REST_SECONDS: Final = 0.05
# About every ten minutes when nothing gets better.
_FAILURES_A_LINE: Final = 60
# How long it may take to hand a batch over before the transport counts as away.
_AWAY_SECONDS: Final = 2.0
_PATIENCE: Final = Backoff(first_seconds=0.25, longest_seconds=10.0)
_KINDS: Final = {TransportError: "transport", SomaError: "database"}
_STREAM_PATIENCE: Final = Backoff(first_seconds=1.0, longest_seconds=300.0)


@dataclass(slots=True)
class _Stopped:
    """A stream that could not go on: how often it failed, and when it is tried again."""

    failures: int = 0
    until: float = 0.0


class Relay:
    """The relay of one process. Several processes of a house share the shards by leases; one has each at a time."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        clock: Clock,
        ids: Ids,
        metrics: RelayMetrics,
        *,
        lease_seconds: float = LEASE_SECONDS,
        reached: Reached = pass_by,
    ) -> None:
        self._outbox = Outbox(database, ids.uuid4())
        self._transport = transport
        self._clock = clock
        self._metrics = metrics
        self._lease_seconds = lease_seconds
        self._reached = reached
        self._chance = random.SystemRandom()
        self._wanted = asyncio.Event()
        self._eager: Sequence[float] = ()
        self._fences: dict[int, int] = {}
        self._held_until = float("-inf")
        self._behind = BEGINNING
        self._stopped: dict[StreamKey, _Stopped] = {}
        self._active_at = clock.monotonic()
        self._counted_at = float("-inf")
        self._is_busy = False
        self._failures = 0
        self._handing_over_since: float | None = None

    def wake(self) -> None:
        """Says that there will be something to publish in a moment."""
        self._wanted.set()

    async def check(self) -> None:
        """Whether the transport takes what is handed over. Raises TransportError when it has not for a while."""
        since = self._handing_over_since
        if since is not None and self._clock.monotonic() - since > _AWAY_SECONDS:
            raise TransportError("events wait in the outbox: the transport does not take them")

    async def run(self) -> None:
        """Publish until cancelled; then give the shards back."""
        try:
            while True:
                try:
                    published = await self.publish_some()
                except Exception as problem:  # noqa: BLE001 - the outermost net of this task: the relay goes on
                    await self._be_patient(problem)
                else:
                    self._recovered()
                    await self._pause(published)
        finally:
            with suppress(SomaError):
                await asyncio.shield(self._outbox.let_go())

    async def publish_some(self) -> int:
        """One round: look, hold, read, hand over, mark. Returns how many events went out.

        Raises TransportError when the transport broke, SomaError when the database did; what was safe is marked.
        """
        if not await self._is_wanted() or not await self._hold():
            return 0
        self._is_busy = False
        self._reached(Failpoint.RELAY_CLAIMED)
        waiting = await self._read()
        self._reached(Failpoint.RELAY_READ)
        published = await self._publish(waiting) if waiting else 0
        self._is_busy = published > 0
        return published

    async def _read(self) -> list[Waiting]:
        """The next events of some streams: behind those of the last round, or from the beginning."""
        now = self._clock.monotonic()
        stopped = [key for key, stop in self._stopped.items() if stop.until > now]
        waiting = await self._outbox.read(self._fences, stopped, self._behind)
        if not waiting and self._behind != BEGINNING:
            waiting = await self._outbox.read(self._fences, stopped, BEGINNING)
        is_full = len(waiting) >= STREAMS_AT_ONCE or sum(len(stream.events) for stream in waiting) >= EVENTS_AT_ONCE
        self._behind = waiting[-1].key if is_full else BEGINNING
        return waiting

    async def _publish(self, waiting: Sequence[Waiting]) -> int:
        oldest = min(stream.events[0].timestamp for stream in waiting)
        self._metrics.oldest_seconds.set(max(0.0, (self._clock.now() - oldest).total_seconds()))
        ready = [stream for stream in waiting if self._is_ready(stream)]
        batch = [Envelope.of(topic_of(stream.key.stream), event) for stream in ready for event in stream.events]
        if not batch:
            return 0
        if self._handing_over_since is None:
            self._handing_over_since = self._clock.monotonic()
        outcome = await self._transport.publish(batch)
        if outcome.broken is None:
            self._handing_over_since = None
        self._reached(Failpoint.RELAY_PUBLISHED)
        published = await self._mark(ready, outcome)
        self._reached(Failpoint.RELAY_MARKED)
        for key, problem in outcome.failed.items():
            self._stop(key, problem)
        self._metrics.stopped.set(len(self._stopped))
        if outcome.broken is not None:
            raise outcome.broken
        if not outcome.failed:
            self._metrics.oldest_seconds.set(0)
        return published

    def _is_ready(self, stream: Waiting) -> bool:
        """Whether the stream's next events are here and have a topic; one of which that is not true stops."""
        if not stream.is_dense:
            found = [event.sequence for event in stream.events[:3]]
            self._stop(stream.key, f"after {stream.published} come {found}")
            return False
        try:
            topic_of(stream.key.stream)
        except UnknownAggregateError as problem:
            self._stop(stream.key, str(problem))
            return False
        return True

    async def _mark(self, ready: Sequence[Waiting], outcome: Outcome) -> int:
        """Mark what was acknowledged. Another relay that has taken over meanwhile publishes and marks by itself."""
        safe = [(stream, outcome.acknowledged.get(stream.key, 0)) for stream in ready]
        done = [(stream.key, stream.published + 1, stream.published + amount) for stream, amount in safe if amount]
        if not done:
            return 0
        marked = await self._outbox.mark(self._fences, done)
        if len(marked) < len(done):
            self._held_until = float("-inf")
        now, published = self._clock.now(), 0
        for stream, amount in safe:
            if amount and stream.key in marked:
                self._stopped.pop(stream.key, None)
                published += amount
                waited_seconds = (now - stream.events[0].timestamp).total_seconds()
                self._metrics.published(topic_of(stream.key.stream).name, amount, waited_seconds)
        return published

    def _stop(self, key: StreamKey, problem: str) -> None:
        """Leave a stream alone for a while; the others flow."""
        stop = self._stopped.setdefault(key, _Stopped())
        stop.failures += 1
        wait_seconds = _STREAM_PATIENCE.wait_seconds(stop.failures, self._chance.random()) or 0.0
        stop.until = self._clock.monotonic() + wait_seconds
        self._metrics.failed("stream")
        if stop.failures == 1:
            tenant_id = str(key.tenant_id)
            _LOG.error("a stream cannot be published", tenant_id=tenant_id, stream=key.stream, problem=problem)

    async def _is_wanted(self) -> bool:
        """Whether anything waits; a relay in the middle of its work knows and asks for the number only now and then."""
        now = self._clock.monotonic()
        if self._is_busy:
            self._active_at = now
            if now - self._counted_at < _COUNT_SECONDS:
                return True
        if not await self._has_waiting(now):
            self._metrics.waiting.set(0)
            self._metrics.oldest_seconds.set(0)
            return False
        self._active_at = now
        return True

    async def _has_waiting(self, now: float) -> bool:
        """Counts what waits now and then; between that it is enough to know whether anything does."""
        if now - self._counted_at < _COUNT_SECONDS:
            return await self._outbox.has_any()
        amount = await self._outbox.count()
        self._counted_at = now
        self._metrics.waiting.set(amount)
        return amount > 0

    async def _hold(self) -> bool:
        """Have a lease of which at least a half is left; says if there is any shard to work on."""
        now = self._clock.monotonic()
        if now > self._held_until - self._lease_seconds / 2:
            self._fences = dict(await self._outbox.hold(self._lease_seconds))
            self._held_until = now + self._lease_seconds if self._fences else float("-inf")
        return bool(self._fences)

    async def _pause(self, published: int) -> None:
        """None after a full round; else until there may be more, somebody wakes us, or it is time to look again."""
        if published:
            self._eager = ()
            if self._behind == BEGINNING:
                await asyncio.sleep(_REST_SECONDS)
            return
        if self._eager:
            seconds, self._eager = self._eager[0], self._eager[1:]
        else:
            is_active = self._clock.monotonic() - self._active_at < _ACTIVE_SECONDS
            seconds = POLL_SECONDS if is_active else IDLE_POLL_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return
        self._wanted.clear()
        self._eager = _EAGER_SECONDS[1:]
        await asyncio.sleep(_EAGER_SECONDS[0])

    async def _be_patient(self, problem: Exception) -> None:
        """Wait longer with every failure; a line says that it began, others that it lasts or ends."""
        self._failures += 1
        is_defect = not isinstance(problem, SomaError | TransportError)
        self._metrics.failed(next((name for kind, name in _KINDS.items() if isinstance(problem, kind)), "defect"))
        if self._failures % _FAILURES_A_LINE == 1:
            say = _LOG.error if is_defect else _LOG.warning
            say("events wait in the outbox", failures=self._failures, problem=str(problem), exc_info=is_defect)
        await asyncio.sleep(_PATIENCE.wait_seconds(self._failures, self._chance.random()) or 0.0)

    def _recovered(self) -> None:
        if self._failures:
            _LOG.info("events are published again", failures=self._failures)
            self._failures = 0
