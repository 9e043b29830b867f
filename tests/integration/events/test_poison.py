"""Events that nobody can take, whatever is wrong with them: kept, alone in waiting, and never the end of a consumer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import LetterFilter
from soma_common.dlq.policy import LetterPolicy, LetterStatus, WhenParked
from soma_common.events.codec import to_message
from soma_common.events.models import Event
from soma_common.events.topics import TURNS, Topic
from soma_common.events.transports.port import Delivery, Shard, Subscription
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT
from soma_common.postgres.pool import Connection
from soma_common.testing.eventually import eventually
from tests.integration.events.conftest import STREAM, House
from tests.integration.events.test_consumer import SOON, Reader, as_delivery, publish, reading

pytestmark = pytest.mark.integration

__all__ = ["reading"]

OTHER = "conversation/2"
AT_ONCE_PARKED = LetterPolicy(quick=replace(SOON, max_attempts=1), later_seconds=3600.0)


async def test_an_event_that_comes_again_after_it_was_passed_keeps_its_letter(reading: House) -> None:
    events = await publish(reading, STREAM, STREAM)
    reader = Reader(reading, policy=LetterPolicy(WhenParked.PASS, SOON))
    reader.refused = lambda event: event.sequence == 1
    await reader.take_all()
    await reader.consumer.take(as_delivery(events[0], 1))
    assert await reader.effects() == [(STREAM, 2)]
    reader.refused = lambda _: False
    await eventually(reader.consumer.retry_some)
    assert await reader.effects() == [(STREAM, 2), (STREAM, 1)]
    assert await reader.letters_of(reading.tenant) == []


@pytest.mark.parametrize("words", ["a \0 in it", "half a pair \ud800", "long " * 1000, ""])
async def test_a_failure_is_kept_whatever_its_words_are(reading: House, words: str) -> None:
    await publish(reading, STREAM, OTHER)
    reader = Reader(reading, policy=AT_ONCE_PARKED)

    def refuse(event: Event) -> bool:
        if event.stream == STREAM:
            raise RuntimeError(words)
        return False

    reader.refused = refuse
    async with asyncio.timeout(10):
        await reader.take_all()
    assert await reader.effects() == [(OTHER, 1)]
    [letter] = await reader.letters_of(reading.tenant)
    assert (letter.status, letter.error_class) == (LetterStatus.PARKED, "RuntimeError")
    assert letter.error_message[:2] == words[:2]
    assert "\0" not in letter.error_message


def without(field: str) -> Callable[[event_pb.Event], None]:
    return lambda message: message.ClearField(field)  # type: ignore[arg-type]  # one of its fields


def with_stream(stream: str) -> Callable[[event_pb.Event], None]:
    return lambda message: setattr(message, "stream", stream)


def out_of_time(message: event_pb.Event) -> None:
    message.timestamp.seconds = 10**15


@pytest.mark.parametrize(
    "spoil",
    [
        without("correlation_id"), without("event_type"), without("sequence"), without("stream"), without("tenant_id"),
        with_stream("conversation/\0"), out_of_time,
    ],
)  # fmt: skip
async def test_bytes_that_lack_something_are_kept_and_stop_nobody(
    reading: House, spoil: Callable[[event_pb.Event], None]
) -> None:
    events = await publish(reading, STREAM)
    message = to_message(events[0])
    spoil(message)
    body = message.SerializeToString()
    reader = Reader(reading, policy=AT_ONCE_PARKED)
    reader.refused = lambda event: event.stream != STREAM
    async with asyncio.timeout(10):
        await reader.consumer.take(Delivery(Shard(TURNS.name, 0), 7, body, events[0].timestamp, {"a\0": b"\x01"}))
        await reader.take_all()
    assert await reader.effects() == [(STREAM, 1)]
    [letter] = await reader.letters_of(SYSTEM_TENANT)
    assert (letter.status, letter.body, dict(letter.headers)) == (LetterStatus.PARKED, body, {"a\0": b"\x01"})


@pytest.mark.parametrize("problem", [TimeoutError("no answer"), ConnectionRefusedError("nobody there")])
async def test_an_effect_that_finds_somebody_else_away_stops_its_own_stream_only(
    reading: House, problem: Exception
) -> None:
    await publish(reading, STREAM, OTHER)
    reader = Reader(reading)

    def refuse(event: Event) -> bool:
        if event.stream == STREAM:
            raise problem
        return False

    reader.refused = refuse
    async with asyncio.timeout(30):
        await reader.take_all()
    assert await reader.effects() == [(OTHER, 1)]
    [letter] = await reader.letters_of(reading.tenant)
    assert letter.sequence == 1
    async with asyncio.timeout(30):
        await eventually(reader.consumer.retry_some)
    assert (await reader.letters_of(reading.tenant))[0].attempts == 2


async def test_an_effect_that_takes_too_long_every_time_stops_its_own_stream_only(reading: House) -> None:
    """To the driver a statement that took too long looks as a server that does not serve."""
    await publish(reading, STREAM, OTHER)
    reader = Reader(reading)
    quick = reader.effect

    async def slow(connection: Connection, event: Event) -> None:
        if event.stream == STREAM:
            await connection.execute("set local statement_timeout = 20; select pg_sleep(1)")
        await quick(connection, event)

    reader.use(slow)
    async with asyncio.timeout(30):
        await reader.take_all()
    assert await reader.effects() == [(OTHER, 1)]
    [letter] = await reader.letters_of(reading.tenant)
    assert (letter.sequence, letter.error_class) == (1, "SomaError")


class Failing(PostgresTransport):
    """A bus whose first subscription fails in a way that nobody foresaw, when everything is done but committed."""

    failed = False

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        subscription = await super().subscribe(consumer, topics)
        if not self.failed:
            self.failed = True
            subscription.commit = self.fail  # type: ignore[method-assign]  # the defect
        return subscription

    async def fail(self, places: Mapping[Shard, int]) -> None:
        raise LookupError(f"a defect with {len(places)} places")


async def test_a_consumer_outlives_a_defect_and_loses_nothing(reading: House) -> None:
    house = reading
    await publish(house, STREAM, OTHER)
    own = house.transport
    assert isinstance(own, PostgresTransport)
    house.transport = Failing(own._relay, own._reader, Clock(), Ids(), lease_seconds=0.5)
    reader = Reader(house)
    task = asyncio.create_task(reader.consumer.run())
    try:
        await eventually(lambda: house.transport.failed, within_seconds=10)  # type: ignore[attr-defined]
        await publish(house, STREAM)

        async def all_three() -> bool:
            return sorted(await reader.effects()) == [(STREAM, 1), (STREAM, 2), (OTHER, 1)]

        await eventually(all_three, within_seconds=10)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_edited_bytes_that_are_no_event_are_refused(reading: House) -> None:
    events = await publish(reading, STREAM)
    reader = Reader(reading, policy=AT_ONCE_PARKED)
    reader.refused = lambda _: True
    await reader.take_all()
    for spoil in (without("correlation_id"), without("payload"), without("schema"), out_of_time):
        message = to_message(events[0])
        spoil(message)
        with pytest.raises(SomaError) as refused:
            await reader.letters.retry_event(
                reading.tenant, "reader", events[0].event_id, "ada", message.SerializeToString()
            )
        assert refused.value.reason is Reason.INVALID_FIELD
    [letter] = await reader.letters_of(reading.tenant)
    assert (letter.status, letter.edited_body) == (LetterStatus.PARKED, None)


async def test_an_edited_payload_that_does_not_parse_fails_again_and_the_original_stays(reading: House) -> None:
    events = await publish(reading, STREAM, STREAM)
    reader = Reader(reading, policy=AT_ONCE_PARKED)

    def parse(event: Event) -> bool:
        turn_id = payloads_pb.TurnStarted.FromString(event.payload).turn_id
        return event.sequence == 1 and turn_id != "mended"

    reader.refused = parse
    await reader.take_all()
    key = (reading.tenant, "reader", events[0].event_id)
    message = to_message(events[0])
    message.payload = b"\xff\xff"
    await reader.letters.retry_event(*key, "ada", message.SerializeToString())
    await eventually(reader.consumer.retry_some)
    letter = await reader.letters.get(*key)
    assert (letter.status, letter.attempts, letter.error_class) == (LetterStatus.PARKED, 2, "DecodeError")
    assert letter.body == to_message(events[0]).SerializeToString()
    assert await reader.effects() == []
    message.payload = payloads_pb.TurnStarted(turn_id="mended").SerializeToString()
    await reader.letters.retry_event(*key, "ada", message.SerializeToString())

    async def all_done() -> bool:
        await reader.consumer.retry_some()
        return not await reader.letters_of(reading.tenant)

    await eventually(all_done)
    assert await reader.effects() == [(STREAM, 1), (STREAM, 2)]


async def test_a_letter_that_is_given_up_while_it_is_tried_stays_given_up(reading: House) -> None:
    events = await publish(reading, STREAM)
    reader = Reader(reading, policy=AT_ONCE_PARKED)
    reader.refused = lambda _: True
    await reader.take_all()
    key = (reading.tenant, "reader", events[0].event_id)
    await reader.letters.retry_event(*key, "ada")
    [claimed] = await reader.letters.claim("reader", AT_ONCE_PARKED, 10, 0.0)
    await reader.letters.discard(*key, "ada")
    reader.refused = lambda _: False
    await reader.consumer._try_again(claimed)
    assert await reader.effects() == []
    assert (await reader.letters.get(*key)).status is LetterStatus.DISCARDED


async def test_a_batch_leaves_a_letter_that_somebody_else_gave_up(reading: House) -> None:
    await publish(reading, STREAM, OTHER)
    reader = Reader(reading, policy=AT_ONCE_PARKED)
    reader.refused = lambda _: True
    await reader.take_all()
    first = (await reader.letters_of(reading.tenant))[0]
    await reader.letters.discard(reading.tenant, first.consumer, first.event_id, "bob")
    [called] = await reader.letters.retry_batch(reading.tenant, LetterFilter(), "ada")
    assert called.event_id != first.event_id
    found = {letter.status for letter in await reader.letters_of(reading.tenant)}
    assert found == {LetterStatus.DISCARDED, LetterStatus.RETRYING}
