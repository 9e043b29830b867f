"""Two replicas of chat, the services they call and an edge before them, as processes on one database server."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import TestServer
from soma_common.testing.upstream import Script
from tests.integration.chat.stack import GRPC, HOST, HTTP, ChatStack

EDGE: Final = 20020
OPERATORS: Final = 8010
# The ports of the second replica are so far from those of the first.
STEP: Final = 60


class Stand(ChatStack):
    """A context. Replicas are named by their number; who kills one starts it again."""

    def __init__(self, postgres: TestServer, folder: Path, script: Script) -> None:
        super().__init__(postgres, folder)
        self._script = script

    def __enter__(self) -> Self:
        try:
            self.start_all()
            self.upstream.set_default(self._script)
            self.spawn_replica(1)
            self._spawn_edge()
            self.wait_replica(1)
            self._wait_at("edge", OPERATORS + self._shift, "/health")
        except BaseException:
            self.stop_all()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop_all()

    def spawn_replica(self, number: int) -> None:
        """Starts a replica without waiting for it."""
        ports = str(self._shift + number * STEP)
        name = _name(number)
        if number == 0:
            self.spawn("chat")
            return
        environment = {**self._environment("chat"), "SOMA_WORKER": str(number), "SOMA_PORT_SHIFT": ports}
        self._launch(name, "servers.chat", environment)

    def wait_replica(self, number: int) -> None:
        """Returns when the replica serves."""
        self._wait_at(_name(number), HTTP["chat"] + self._shift + number * STEP)

    def kill_replica(self, number: int) -> None:
        """Ends a replica as a loss of power would."""
        self.kill(_name(number))

    def replica_target(self, number: int) -> str:
        """The gRPC address of a replica."""
        return f"{HOST}:{GRPC['chat'] + self._shift + number * STEP}"

    @property
    def edge_url(self) -> str:
        """The address of the edge."""
        return f"http://{HOST}:{EDGE + self._shift}"

    def token(self, sub: str) -> str:
        """A token of a user that lasts."""
        return self.identity.user_token(sub, TENANT, ("admin",), ttl_seconds=7200)

    def _spawn_edge(self) -> None:
        environment = {
            **self._environment("chat"),
            "SOMA_SERVICE_KEY_PATH": str(self.identity.service_key_path("edge")),
            "SOMA_CHAT_TARGETS": f"{self.replica_target(0)},{self.replica_target(1)}",
            "SOMA_MESSAGES_PER_MINUTE": "100000",
        }
        self._launch("edge", "edge", environment)


def _name(number: int) -> str:
    return "chat" if number == 0 else "second chat"
