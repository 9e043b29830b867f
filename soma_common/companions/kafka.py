"""One node of Kafka that is broker and controller at once: its properties, its first start, its words, its greeting.

`python -m soma_common.companions.kafka PROGRAM FOLDER HOST PORT CONTROLLER_PORT` becomes the broker.
"""

import os
import secrets
import struct
import subprocess
import sys
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Which versions of its requests a broker knows: the one request that needs no other before it.
GREETING: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_JAVA: Final = "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller_port}
controller.listener.names=CONTROLLER
listeners={protocol}://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners={protocol}://{host}:{port}
inter.broker.listener.name={protocol}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocol}:{protocol}
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
{more}
"""


@dataclass(frozen=True, slots=True)
class KafkaNode:
    """A node: its program, its folder, where it listens. `protocol` and `more` are for one that asks who is there."""

    program: Path
    folder: Path
    host: str
    port: int
    controller_port: int
    protocol: str = "PLAINTEXT"
    more: str = ""

    @property
    def properties(self) -> Path:
        """The file of its properties."""
        return self.folder / "server.properties"

    def prepare(self) -> None:
        """Write its properties, and make its data at the first start. Raises CalledProcessError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        places = {"host": self.host, "port": self.port, "controller_port": self.controller_port}
        words = {**places, "folder": self.folder, "protocol": self.protocol, "more": self.more}
        self.properties.write_text(_PROPERTIES.format_map(words))
        if (self.folder / "data" / "meta.properties").is_file():
            return
        cluster = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "a")
        format_words = ["format", "--standalone", "-t", cluster, "-c", str(self.properties)]
        subprocess.run([self.program, "kafka.tools.StorageTool", *format_words], check=True, stdout=subprocess.DEVNULL)

    @property
    def command(self) -> list[str]:
        """Its command line, for the foreground."""
        return ["env", f"JAVA_WORDS={_JAVA}", str(self.program), "kafka.Kafka", str(self.properties)]


def main(words: list[str]) -> int:
    """Prepare, and become the broker. Comes back only when that fails."""
    if len(words) != 5:
        sys.stderr.write("Usage: python -m soma_common.companions.kafka PROGRAM FOLDER HOST PORT CONTROLLER_PORT\n")
        return 2
    program, folder, host, port, controller_port = words
    node = KafkaNode(Path(program), Path(folder), host, int(port), int(controller_port))
    try:
        node.prepare()
        os.execvp(node.command[0], node.command)  # noqa: S606 - no shell is wanted
    except (OSError, subprocess.CalledProcessError) as problem:
        sys.stderr.write(f"Kafka cannot start: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
