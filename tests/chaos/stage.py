"""The servers of the chaos tests: a PostgreSQL and a Kafka of their own, which are killed and started again."""

import asyncio
import secrets
import shutil
import signal
from dataclasses import replace
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from soma_common.testing.folders import quick_folder
from soma_common.testing.kafka import LaunchedKafka, launched_kafka
from soma_common.testing.postgres import LaunchedPostgres, TestServer, run_aside, temporary_home
from soma_common.testing.servers import HOST
from tests.chaos.plan import Plan
from tests.chaos.proxy import KafkaWire, PostgresWire, Proxy
from tests.chaos.scene import Scene

TRANSPORTS: Final = ("bus", "kafka")
_SOCKET: Final = ".s.PGSQL.5432"


class Stage:
    """Where scenes are played; a context. Kafka is started when the first scene needs it."""

    def __init__(self) -> None:
        self.postgres = LaunchedPostgres(temporary_home(), hasty=True)
        self._folder = quick_folder("soma-chaos-")
        self._broker: LaunchedKafka | None = None
        self._count = 0

    def __enter__(self) -> Self:
        self.postgres.start()
        self.server = TestServer(self.postgres.cluster.superuser_dsn())
        run_aside(self.server.prepare())
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._broker is not None:
            self._broker.kill()
        self.postgres.stop(signal.SIGKILL)
        self.postgres.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def broker(self) -> LaunchedKafka:
        """The broker, started; skips the test when there is none to start."""
        if self._broker is None:
            folder = self._folder / "kafka"
            folder.mkdir()
            launched = launched_kafka(folder)
            launched.start()
            self._broker = launched
        return self._broker

    async def scene(self, transport: str = "bus") -> Scene:
        """A house and a bus with nothing in them, or topics of Kafka that nobody else uses."""
        bootstrap = self.broker.bootstrap if transport == "kafka" else ""
        self._count += 1
        folder = self._folder / f"{transport}-{self._count}"
        folder.mkdir()
        urls = await asyncio.to_thread(run_aside, self.server.make("chat", None))
        bus = await asyncio.to_thread(run_aside, self.server.make("bus", "soma_common.events"))
        participant = await asyncio.to_thread(run_aside, self.server.make("memory", None))
        scene = Scene(self.server, (urls, bus, participant), folder)
        await scene.prepare()
        scene.plan = replace(scene.plan, kafka_bootstrap=bootstrap, topic_prefix=f"chaos-{secrets.token_hex(4)}.")
        return scene

    def postgres_proxy(self, seed: int) -> Proxy:
        """A line to PostgreSQL that a test may spoil."""
        folder = parse_qs(urlsplit(self.server.superuser_dsn).query)["host"][0]
        return Proxy(lambda: asyncio.open_unix_connection(f"{folder}/{_SOCKET}"), PostgresWire, seed)

    def kafka_proxy(self, seed: int) -> Proxy:
        """The same for Kafka; it listens at the broker's `proxy_port`."""
        return Proxy(lambda: asyncio.open_connection(HOST, self.broker.behind_port), KafkaWire, seed)


def through(plan: Plan, postgres_port: int, kafka_port: int) -> Plan:
    """The plan of processes whose lines go through proxies."""

    def other(dsn: str) -> str:
        parts = urlsplit(dsn)
        place = f"{parts.netloc.rpartition('@')[0]}@{HOST}:{postgres_port}"
        return urlunsplit((parts.scheme, place, parts.path, "sslmode=disable", ""))

    return replace(
        plan,
        app_dsn=other(plan.app_dsn),
        worker_dsn=other(plan.worker_dsn),
        bus_relay_dsn=other(plan.bus_relay_dsn),
        bus_worker_dsn=other(plan.bus_worker_dsn),
        participant_app_dsn=other(plan.participant_app_dsn),
        participant_worker_dsn=other(plan.participant_worker_dsn),
        kafka_bootstrap=f"{HOST}:{kafka_port}" if plan.kafka_bootstrap else "",
    )
