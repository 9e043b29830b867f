"""A consumer: each event's effect once, in order per stream, whatever fails or dies in between.

The effect is handed in; nothing here knows it, or which transport it is.
"""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.letters import BEHIND, DeadLetter, Failure, capture, resolve
from soma_common.dlq.policy import Decision, LetterStatus
from soma_common.events.consumption import Consumption
from soma_common.events.failpoints import Failpoint, Reached, pass_by
from soma_common.events.inbox import Admission
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.models import Event
from soma_common.events.transports.port import Delivery, Subscription, Transport, TransportError
from soma_common.events.unreadable import name_of_delivery, name_of_letter
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database

_LOG: Final = get_logger("soma.events.consumer")

FETCH_EVENTS: Final = 200
FETCH_SECONDS: Final = 30.0
# Effects beside one another: half of what the pool of a house has, so that calls find room.
AT_ONCE: Final = 2
RETRY_SECONDS: Final = 1.0
IDLE_RETRY_SECONDS: Final = 5.0
LETTERS_AT_ONCE: Final = 50
_CALL_SECONDS: Final = 30.0
# So long after the last failure letters are looked at each second.
_ALERT_SECONDS: Final = 60.0
_PATIENCE: Final = Backoff(first_seconds=0.25, longest_seconds=10.0)
# A subscription may be beyond repair while its transport serves others; a new one begins behind what was committed.
_FAILURES_OF_A_SUBSCRIPTION: Final = 5
# An event that fails so often with a database that answers others is itself to blame: a statement that takes too long.
_FAILURES_BEFORE_BLAME: Final = 3


class EffectError(Exception):
    """An effect failed because of somebody else; the cause says how."""


class Consumer:
    """One member of a consumer; several processes of a house share the shards."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        letters: DLQHandler,
        what: Consumption,
        ids: Ids,
        metrics: ConsumerMetrics,
        reached: Reached = pass_by,
    ) -> None:
        self._database = database
        self._transport = transport
        self._letters = letters
        self._what = what
        self._inbox = what.inbox()
        self._ids = ids
        self._metrics = metrics
        self._reached = reached
        self._chance = random.SystemRandom()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._failed_at = float("-inf")

    async def run(self) -> None:
        """Consume until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._retry())

    async def _read(self) -> None:
        failures = 0
        while True:
            subscription: Subscription | None = None
            try:
                subscription = await self._transport.subscribe(self._what.consumer, self._what.topics)
                while True:
                    failures = await self._take_or_wait(subscription, failures)
            except TransportError as problem:
                failures += 1
                await self._be_patient(failures, problem)
            except Exception as problem:  # noqa: BLE001 - the outermost net of this task: what was not committed comes again
                failures += 1
                _LOG.error("a consumer begins anew", consumer=self._what.consumer, exc_info=problem)
                await self._be_patient(failures, problem)
            finally:
                if subscription is not None:
                    await asyncio.shield(subscription.close())

    async def _take_or_wait(self, subscription: Subscription, failures: int) -> int:
        """Take some; returns how often in a row the transport did not serve. Raises its error when that lasts."""
        try:
            await self.take_some(subscription)
        except TransportError as problem:
            if failures >= _FAILURES_OF_A_SUBSCRIPTION:
                raise
            await self._be_patient(failures + 1, problem)
            return failures + 1
        return 0

    async def _be_patient(self, failures: int, problem: Exception) -> None:
        if failures == 1:
            _LOG.warning("events cannot be read", consumer=self._what.consumer, problem=str(problem))
        await asyncio.sleep(_PATIENCE.wait_seconds(failures, self._chance.random()) or 0.0)

    async def take_some(self, subscription: Subscription, wait_seconds: float = FETCH_SECONDS) -> int:
        """Fetch, have the effects, and only then commit the places. Returns how many came. Raises TransportError."""
        deliveries = await subscription.fetch(FETCH_EVENTS, wait_seconds)
        if not deliveries:
            return 0
        self._reached(Failpoint.CONSUMER_FETCHED)
        streams: dict[object, list[Delivery]] = {}
        for delivery in deliveries:
            streams.setdefault(_stream_of(delivery), []).append(delivery)
        await _all_or_cancelled([self._take_in_turn(own) for own in streams.values()])
        places = {delivery.shard: delivery.position for delivery in deliveries}
        await subscription.commit(places)
        self._reached(Failpoint.CONSUMER_COMMITTED)
        return len(deliveries)

    async def _take_in_turn(self, deliveries: Sequence[Delivery]) -> None:
        """The events of one stream; other streams have their effects beside it."""
        for delivery in deliveries:
            async with self._room:
                await self._take_surely(delivery)
            self._reached(Failpoint.CONSUMER_DONE)

    async def _take_surely(self, delivery: Delivery) -> None:
        """As often as it takes while the database is away: that is no failure of the event."""
        failures = 0
        while True:
            try:
                return await self.take(delivery, blame=failures >= _FAILURES_BEFORE_BLAME and await self._is_served())
            except SomaError as problem:
                failures += 1
                if failures == 1:
                    _LOG.warning(
                        "a consumer waits for its database", consumer=self._what.consumer, problem=str(problem)
                    )
                await asyncio.sleep(_PATIENCE.wait_seconds(failures, self._chance.random()) or 0.0)

    async def _is_served(self) -> bool:
        """Whether the database answers others."""
        try:
            await self._database.ping()
        except SomaError:
            return False
        return True

    async def take(self, delivery: Delivery, *, blame: bool = False) -> None:
        """One event: its effect, or a letter.

        Raises SomaError when the database is away; with `blame` that is taken for a failure of the event.
        """
        try:
            event = delivery.event()
        except ValueError as problem:
            await self._capture(
                name_of_delivery(delivery), delivery, problem, self._what.policy.quick.max_attempts or 1
            )
            return
        if self._what.types is not None and event.event_type not in self._what.types:
            return
        try:
            outcome = await self._database.run(event.tenant_id, lambda it: self._apply(it, event, delivery))
        except Exception as problem:
            if _is_away(problem) and not blame:
                raise
            await self._capture(event, delivery, problem, 1)
        else:
            self._metrics.consumed(self._what.consumer, outcome.name.lower())

    async def _apply(self, connection: Connection, event: Event, delivery: Delivery) -> Admission:
        admission = await self._inbox.admit(connection, event)
        if admission is Admission.FRESH:
            await self._have_effect(connection, event)
        elif admission is Admission.BEHIND:
            waits = Decision(LetterStatus.WAITING, None)
            await capture(connection, self._what.consumer, event, delivery, BEHIND, 0, waits)
        return admission

    async def _have_effect(self, connection: Connection, event: Event) -> None:
        try:
            await self._what.effect(connection, event)
        except (SomaError, OSError) as problem:
            # Somebody else was not to be had. Left as it is, it would be taken for our own database's absence.
            raise EffectError from problem
        self._reached(Failpoint.CONSUMER_AFFECTED)

    async def _capture(self, event: Event, delivery: Delivery, failed: Exception, attempts: int) -> None:
        """Keep the event; the log has the details under the id that the letter carries."""
        problem = failed.__cause__ if isinstance(failed, EffectError) and failed.__cause__ else failed
        error_id = str(self._ids.uuid7())
        failure = Failure.of(problem, error_id)
        decision = await self._letters.capture_failed_event(
            self._what.consumer, delivery, event, failure, attempts, self._what.policy, self._chance.random()
        )
        self._reached(Failpoint.LETTER_CAPTURED)
        self._failed_at = asyncio.get_running_loop().time()
        self._metrics.consumed(self._what.consumer, decision.status.value)
        words = {"consumer": self._what.consumer, "event_id": str(event.event_id), "error_id": error_id}
        if decision.status is LetterStatus.PARKED:
            _LOG.error("an event is parked", attempts=attempts, exc_info=problem, **words)
        else:
            _LOG.warning("an event has failed", attempts=attempts, error_class=failure.error_class, **words)

    async def _retry(self) -> None:
        """Try letters again; where there were none lately, they are looked at more seldom."""
        loop, called_at = asyncio.get_running_loop(), float("-inf")
        while True:
            try:
                if loop.time() - called_at >= _CALL_SECONDS:
                    await self._letters.call_waiting(self._what.consumer)
                    called_at = loop.time()
                while await self.retry_some():
                    self._failed_at = loop.time()
            except SomaError as problem:
                _LOG.info("letters wait for the database", consumer=self._what.consumer, problem=str(problem))
            except Exception as problem:  # noqa: BLE001 - the outermost net of this task: letters come again by themselves
                _LOG.error("letters cannot be tried", consumer=self._what.consumer, exc_info=problem)
            is_alert = loop.time() - self._failed_at < _ALERT_SECONDS
            await asyncio.sleep(RETRY_SECONDS if is_alert else IDLE_RETRY_SECONDS)

    async def retry_some(self) -> int:
        """Try letters again whose time has come; returns how many there were."""
        policy = self._what.policy
        letters = await self._letters.claim(self._what.consumer, policy, LETTERS_AT_ONCE, policy.lease_seconds)
        await _all_or_cancelled([self._try_again(letter) for letter in letters])
        return len(letters)

    async def _try_again(self, letter: DeadLetter) -> None:
        async with self._room:
            await self._try_in_room(letter)
        self._reached(Failpoint.LETTER_RETRIED)

    async def _try_in_room(self, letter: DeadLetter) -> None:
        delivery = letter.delivery()
        try:
            event = delivery.event()
        except ValueError as problem:
            await self._capture(name_of_letter(letter), delivery, problem, letter.attempts + 1)
            return
        try:
            await self._database.run(event.tenant_id, lambda it: self._apply_again(it, event))
        except Exception as problem:
            if _is_away(problem) and not await self._is_served():
                raise
            await self._capture(event, delivery, problem, letter.attempts + 1)
        else:
            self._metrics.consumed(self._what.consumer, "recovered")

    async def _apply_again(self, connection: Connection, event: Event) -> None:
        if await self._inbox.admit(connection, event, again=True) is Admission.FRESH:
            await self._have_effect(connection, event)
        await resolve(connection, self._what.consumer, event)


async def _all_or_cancelled(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all beside one another; when one ends badly the others are cancelled and its failure is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _stream_of(delivery: Delivery) -> object:
    """What must be taken in turn: the events of a stream, and bytes that are no event by themselves."""
    try:
        event = delivery.event()
    except ValueError:
        return (delivery.shard, delivery.position)
    return (event.tenant_id, event.stream)


def _is_away(problem: Exception) -> bool:
    return isinstance(problem, SomaError) and problem.reason is Reason.DATABASE_UNAVAILABLE
