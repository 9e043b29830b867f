"""A real Kafka for tests: one broker a session, topics of its own for every test.

The broker is the one of `SOMA_TEST_KAFKA` (its bootstrap address), else Apache Kafka as `make servers ONLY=kafka`
brings it.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from soma_common.companions.kafka import GREETING, KafkaNode
from soma_common.testing.servers import HOST, ServerProcess, answer_of, free_port, program_of, running, skip_without

_READY_SECONDS: Final = 240.0
# A second door of the broker, which it tells its clients to reach through a proxy. The last word on a property holds.
_PROXIED: Final = """\
listeners={protocol}://{host}:{port},PROXIED://{host}:{behind_port},CONTROLLER://{host}:{controller_port}
advertised.listeners={protocol}://{host}:{port},PROXIED://{host}:{proxy_port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,{protocol}:{protocol}
"""


class LaunchedKafka:
    """A broker as a process of ours; its data outlive its end, so that it can be started again.

    A test that spoils the line to it has a proxy listen at `proxy_port` and connect to `behind_port`.
    """

    def __init__(self, program: Path, folder: Path, protocol: str = "PLAINTEXT", more: str = "") -> None:
        port, controller_port = free_port(), free_port()
        self.proxy_port, self.behind_port = free_port(), free_port()
        places = {"protocol": protocol, "host": HOST, "port": port, "controller_port": controller_port}
        doors = _PROXIED.format(**places, proxy_port=self.proxy_port, behind_port=self.behind_port)
        self._node = KafkaNode(program, folder, HOST, port, controller_port, protocol, doors + more)
        self._process = ServerProcess(self._node.command, folder / "kafka.log")
        self.bootstrap: Final = f"{HOST}:{self._node.port}"

    def format(self) -> None:
        """Make the data folder; once, before the first start."""
        self._node.prepare()

    def start(self) -> None:
        """Start it and wait until it serves; raises RuntimeError when it does not."""
        self._process.start(lambda: answer_of(self._node.port, GREETING) != b"", _READY_SECONDS)

    def kill(self) -> None:
        """End it at once. Safe to repeat."""
        self._process.kill()


def launched_kafka(folder: Path, protocol: str = "PLAINTEXT", more: str = "") -> LaunchedKafka:
    """A broker of one's own, formatted and not started yet, for tests that take it down; skips without a program."""
    program = program_of("kafka")
    if program is None:
        skip_without("kafka", "SOMA_TEST_KAFKA")
    launched = LaunchedKafka(program, folder, protocol, more)
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
