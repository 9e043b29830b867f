"""Kafka goes down for a while: everything is accepted meanwhile, nothing is lost, and order holds afterwards."""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import TransportError
from soma_common.testing.eventually import eventually
from soma_common.testing.kafka import launched_kafka
from tests.integration.events.conftest import House

pytestmark = pytest.mark.integration


async def test_a_broker_that_comes_back_gets_everything_in_order(house: House, tmp_path: Path) -> None:
    broker = launched_kafka(tmp_path)
    house.transport = KafkaTransport([broker.bootstrap], request_seconds=2.0)
    relay = house.relay()
    task = asyncio.create_task(relay.run())

    async def is_away() -> bool:
        try:
            await relay.check()
        except TransportError:
            return True
        return False

    async def is_there() -> bool:
        return not await is_away()

    async def none_waits() -> bool:
        return await house.waiting() == 0

    streams = [f"conversation/{number}" for number in range(8)]
    try:
        before_the_first_start = await house.write(*streams)
        broker.start()
        await eventually(none_waits, within_seconds=30)
        broker.kill()
        meanwhile = [event for _ in range(25) for event in await house.write(*streams)]
        relay.wake()
        assert await house.waiting() == 200
        await eventually(is_away, within_seconds=20)
        broker.start()
        await eventually(none_waits, within_seconds=40)
        await eventually(is_there, within_seconds=5)
        afterwards = await house.write(*streams)
        relay.wake()
        await eventually(none_waits, within_seconds=20)
        expected = {event.event_id for event in (*before_the_first_start, *meanwhile, *afterwards)}
        found = await house.published_at_last(len(expected))
        assert {event.event_id for event in found} == expected
        places: dict[str, list[int]] = defaultdict(list)
        for event in found:
            places[event.stream].append(event.sequence)
        assert all(list(dict.fromkeys(numbers)) == list(range(1, 28)) for numbers in places.values())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await house.transport.close()
        broker.kill()
