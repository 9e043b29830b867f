"""A real Kafka for tests: one broker a session, topics of its own for every test.

The broker is the one of `SOMA_TEST_KAFKA` (its bootstrap address), else Apache Kafka as `make servers ONLY=kafka`
brings it.
"""

import os
import secrets
import struct
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from soma_common.testing.servers import HOST, ServerProcess, answer_of, free_port, program_of, running, skip_without

_READY_SECONDS: Final = 120.0
# Which versions of its requests a broker knows: the one request that needs no other before it.
_API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{behind_port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{proxy_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


class LaunchedKafka:
    """A broker as a process of ours; its data outlive its end, so that it can be started again.

    A test that spoils the line to it has a proxy listen at `proxy_port` and connect to `behind_port`.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._properties = folder / "server.properties"
        self._port, self._folder = free_port(), folder
        self.proxy_port, self.behind_port = free_port(), free_port()
        self._process = ServerProcess(
            [program, "kafka.Kafka", self._properties],
            folder / "kafka.log",
            {"JAVA_WORDS": "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"},
        )
        self.bootstrap: Final = f"{HOST}:{self._port}"

    def format(self) -> None:
        """Make the data folder; once, before the first start."""
        places = {"host": HOST, "port": self._port, "controller_port": free_port(), "folder": self._folder}
        places |= {"proxy_port": self.proxy_port, "behind_port": self.behind_port}
        self._properties.write_text(_PROPERTIES.format_map(places))
        cluster = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "a")
        words = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(self._properties)]
        subprocess.run([self._program, *words], check=True, capture_output=True)

    def start(self) -> None:
        """Start it and wait until it serves; raises RuntimeError when it does not."""
        self._process.start(lambda: answer_of(self._port, _API_VERSIONS) != b"", _READY_SECONDS)

    def kill(self) -> None:
        """End it at once. Safe to repeat."""
        self._process.kill()


def launched_kafka(folder: Path) -> LaunchedKafka:
    """A broker of one's own, formatted and not started yet, for tests that take it down; skips without a program."""
    program = program_of("kafka")
    if program is None:
        skip_without("kafka", "SOMA_TEST_KAFKA")
    launched = LaunchedKafka(program, folder)
    launched.format()
    return launched


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The address of this session's broker, `host:port`."""
    given = os.environ.get("SOMA_TEST_KAFKA")
    if given:
        yield given
        return
    with running(launched_kafka, "kafka") as launched:
        yield launched.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """What the topics of one test begin with, so that tests share a broker."""
    return f"test-{secrets.token_hex(4)}."
