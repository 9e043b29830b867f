"""Kafka is away: everything is accepted meanwhile, the relay says so, and it recovers when somebody takes the events.

That a broker which is killed and comes back gets everything in order is what `tests/chaos/test_faults.py` proves.
"""

import asyncio
from collections.abc import Sequence

import pytest

from soma_common.events.topics import Topic
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import Envelope, Outcome, Subscription, Transport, TransportError
from soma_common.testing.eventually import eventually
from soma_common.testing.servers import HOST, free_port
from tests.integration.events.conftest import House

pytestmark = pytest.mark.integration


class Line(Transport):
    """Hands on to another transport, which may be exchanged."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        return await self.transport.publish(batch)

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        return await self.transport.subscribe(consumer, topics)

    async def sweep(self) -> None:
        await self.transport.sweep()

    async def close(self) -> None:
        await self.transport.close()


async def test_a_relay_says_that_nobody_takes_its_events_until_somebody_does(house: House) -> None:
    nobody = KafkaTransport([f"{HOST}:{free_port()}"], request_seconds=1.0)
    line = Line(nobody)
    relay = house.relay(transport=line)
    task = asyncio.create_task(relay.run())

    async def is_away() -> bool:
        try:
            await relay.check()
        except TransportError:
            return True
        return False

    async def is_there() -> bool:
        return not await is_away()

    streams = [f"conversation/{number}" for number in range(8)]
    try:
        assert await is_there(), "nothing waits"
        written = [event for _ in range(25) for event in await house.write(*streams)]
        relay.wake()
        await eventually(is_away, within_seconds=60)
        assert await house.waiting() == 200
        line.transport = house.transport
        await eventually(is_there, within_seconds=60)
        found = await house.published_at_last(len(written))
        assert {event.event_id for event in found} == {event.event_id for event in written}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await nobody.close()
