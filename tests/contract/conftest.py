"""The transports on their real servers."""

from collections.abc import AsyncIterator

import pytest

from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer


@pytest.fixture(params=["postgres", "kafka"])
async def transport(
    request: pytest.FixtureRequest, topic_prefix: str, open_database: OpenDatabase
) -> AsyncIterator[Transport]:
    """Each transport in turn, empty."""
    made: Transport
    if request.param == "kafka":
        made = KafkaTransport([request.getfixturevalue("kafka_bootstrap")], prefix=topic_prefix)
    else:
        make: HouseDatabases = request.getfixturevalue("house_database")
        server: TestServer = request.getfixturevalue("postgres_server")
        urls = make("bus", "soma_common.events")
        relay, reader = await open_database(server.as_relay(urls)), await open_database(urls)
        made = PostgresTransport(relay, reader, Clock(), Ids())
    yield made
    await made.close()
