"""A real Redis for tests: one server a session, nothing kept.

The server is the one of `SOMA_TEST_REDIS` (its address), else the system's, as `make servers ONLY=redis` finds it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from soma_common.companions.redis import GREETED, GREETING, words_behind_port
from soma_common.testing.servers import HOST, ServerProcess, answer_of, free_port, program_of, running, skip_without

_READY_SECONDS: Final = 10.0


class LaunchedRedis:
    """Redis as a process of ours, without a file of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._port = free_port()
        self._process = ServerProcess([program, *words_behind_port(folder, HOST, self._port)], folder / "redis.log")
        self.url: Final = f"redis://{HOST}:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError when it does not."""
        self._process.start(lambda: answer_of(self._port, GREETING).startswith(GREETED), _READY_SECONDS)

    def kill(self) -> None:
        """End it at once; everything it knew is gone. Safe to repeat."""
        self._process.kill()


def launched_redis(folder: Path) -> LaunchedRedis:
    """A server of one's own, not started yet, for tests that take it down; skips where there is no program."""
    program = program_of("redis")
    if program is None:
        skip_without("redis", "SOMA_TEST_REDIS")
    return LaunchedRedis(program, folder)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of this session's server, `redis://host:port/0`."""
    given = os.environ.get("SOMA_TEST_REDIS")
    if given:
        yield given
        return
    with running(launched_redis, "redis") as launched:
        yield launched.url
