"""The transports and the signals on their real servers."""

import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.house import HouseDatabase
from soma_common.signals import Signals, Topic
from soma_common.signals.postgres import PostgresSignals, channel_of
from soma_common.signals.redis import RedisSignals
from soma_common.testing.postgres import HouseDatabases, LaunchedPostgres, OpenDatabase, TestServer, temporary_home
from soma_common.testing.redis import launched_redis


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


@dataclass(frozen=True)
class SignalServer:
    """A server under the signals, how a process opens signals on it, and how a stranger shouts on a topic."""

    open: Callable[[], Signals]
    shout: Callable[[Topic, bytes], Coroutine[Any, Any, None]]
    start: Callable[[], None] = lambda: None
    kill: Callable[[], object] = lambda: None


@pytest.fixture(params=["postgres", "redis"])
def signal_server(request: pytest.FixtureRequest) -> SignalServer:
    """Each server in turn, shared with other tests."""
    if request.param == "redis":
        return _on_redis(request.getfixturevalue("redis_url"))
    make: HouseDatabases = request.getfixturevalue("house_database")
    return _on_postgres(make("chat", None))


@pytest.fixture(params=["postgres", "redis"])
def own_signal_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SignalServer]:
    """Each server in turn, of one's own, so that it may be killed."""
    if request.param == "redis":
        redis = launched_redis(tmp_path)
        redis.start()
        yield replace(_on_redis(redis.url), start=redis.start, kill=redis.kill)
        redis.kill()
        return
    postgres = LaunchedPostgres(temporary_home(), hasty=True)
    try:
        postgres.start()
        dsn = postgres.cluster.superuser_dsn()
        server = _on_postgres(HouseDatabase("chat", "public", dsn, dsn))
        yield replace(server, start=postgres.start, kill=lambda: postgres.stop(signal.SIGKILL))
    finally:
        postgres.remove()


def _on_redis(url: str) -> SignalServer:
    async def shout(topic: Topic, words: bytes) -> None:
        async with Redis.from_url(url) as client:
            await client.publish(f"soma:signals:{topic.wire}", words)

    return SignalServer(lambda: RedisSignals(url), shout)


def _on_postgres(urls: HouseDatabase) -> SignalServer:
    async def shout(topic: Topic, words: bytes) -> None:
        connection = await asyncpg.connect(urls.app_dsn)
        await connection.execute("select pg_notify($1, $2)", channel_of(topic.wire), words.decode("latin-1"))
        await connection.close()

    return SignalServer(lambda: PostgresSignals(urls), shout)


@pytest.fixture
async def signals(signal_server: SignalServer) -> AsyncIterator[Callable[[], Signals]]:
    """Opens signals as a process of its own does; all are closed after the test."""
    made: list[Signals] = []

    def make() -> Signals:
        made.append(signal_server.open())
        return made[-1]

    yield make
    for each in made:
        await each.close()
