"""Programs of real servers that `make servers` brought, how one is run, and the sentence where one is missing.

Nothing here knows what a server speaks.
"""

import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn, Protocol, TypeVar

import pytest

from soma_common.companions.programs import prepared_program

Server = TypeVar("Server", bound="Launched")

HOST: Final = "127.0.0.1"
# Above those of memory and below those of the other services, however far a stack of tests has shifted them.
_PORTS: Final = range(12_500, 20_000)


def program_of(name: str) -> Path | None:
    """The program of a server, or None when it was not brought."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return prepared_program(cache / "somastack" / "servers", name)


def skip_without(name: str, setting: str) -> NoReturn:
    """Skip the test by name, with the command that brings the server."""
    pytest.skip(f"the server {name} is not here: bring it with `make servers ONLY={name}`, or set {setting}")


def free_port() -> int:
    """A port that nobody listens on now; no outgoing connection gets it while its server is away."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def answer_of(port: int, request: bytes) -> bytes:
    """The first bytes that a server on this machine answers; empty when there is none."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(request)
            return connection.recv(16)
    except OSError:
        return b""


class Launched(Protocol):
    """A server that a fixture starts and ends."""

    def start(self) -> None:
        """Start it and wait until it serves."""

    def kill(self) -> None:
        """End it at once."""


@contextmanager
def running(make: Callable[[Path], Server], name: str) -> Iterator[Server]:
    """The server that `make` makes in a folder of its own, started, and ended and forgotten afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"soma-{name}-") as folder:
        launched = make(Path(folder))
        try:
            launched.start()
            yield launched
        finally:
            launched.kill()


class ServerProcess:
    """A server as a process of ours, with its log in a file; it is started and ended as often as a test wants."""

    def __init__(
        self, command: Sequence[str | Path], log_path: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = [str(word) for word in command]
        self._log_path = log_path
        self._environment = {"HOME": str(log_path.parent), "PATH": os.environ.get("PATH", os.defpath)}
        self._environment |= environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, answers: Callable[[], bool], within_seconds: float) -> None:
        """Start it and wait until it answers; raises RuntimeError with the end of its log when it does not."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)
        deadline = time.monotonic() + within_seconds
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = self._log_path.read_text("utf-8", errors="replace")
                raise RuntimeError(f"{self._command[0]} does not serve:\n{log_text[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a loss of power would. Safe to repeat."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
