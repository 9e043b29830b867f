"""A real Milvus for tests: one server a session, started for the first test that asks, nothing kept.

The server is the one of `SOMA_TEST_MILVUS` (its address), else that of `make servers ONLY=milvus`. The wheel's
own launcher would leave the server behind when it is killed, so the fixture writes its settings and runs it itself.
"""

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from soma_common.testing.servers import HOST, ServerProcess, free_port, program_of, running, skip_without

_READY_SECONDS: Final = 90.0
# Even so it may end by itself while it starts.
_STARTS: Final = 3
# What the wheel does before it starts the server: free ports, the settings, the program and its libraries.
_SETUP: Final = """
import sys, milvus
settings = milvus.MilvusServerConfig(data_dir=sys.argv[1], proxy_port=sys.argv[2])
settings.set("proxy_port", int(sys.argv[2]))
settings.resolve()
milvus._initialize_data_files(sys.argv[3])
"""


class LaunchedMilvus:
    """Milvus as a process of ours, all its parts in one."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._package, self._folder = program.resolve().parent.parent, folder
        self._port, self._web_port = free_port(), free_port()
        self.uri: Final = f"http://{HOST}:{self._port}"
        unpacked = self._package / "unpacked" / "bin"
        environment = {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self._web_port),
            "MILVUSCONF": str(folder / "configs"),
            "MILVUS_RUN_DIR": str(folder / "run"),
            "LD_LIBRARY_PATH": str(unpacked),
            # Its parts begin beside one another on one map of settings, which two processors at once break.
            "GOMAXPROCS": "1",
            "GODEBUG": "asyncpreemptoff=1",
        }
        self._process = ServerProcess([unpacked / "milvus", "run", "standalone"], folder / "milvus.log", environment)

    def start(self) -> None:
        """Start it and wait until it answers; skips where it cannot be had. What it held is there again."""
        if not (self._folder / "configs" / "milvus.yaml").exists():
            words = [str(self._folder), str(self._port), str(self._package / "unpacked")]
            subprocess.run(
                [sys.executable, "-c", _SETUP, *words],
                check=True,
                env={"PYTHONPATH": str(self._package), "PATH": os.environ.get("PATH", os.defpath)},
            )
        for tries_left in reversed(range(_STARTS)):
            try:
                self._process.start(lambda: _answers(f"http://{HOST}:{self._web_port}/healthz"), _READY_SECONDS)
            except RuntimeError:
                self.kill()
                if not tries_left:
                    pytest.skip(f"Milvus ended {_STARTS} times while it started, which is no doing of ours")
            else:
                return

    def kill(self) -> None:
        """End it at once. Safe to repeat."""
        self._process.kill()

    def empty(self) -> None:
        """Throw away what it held, while it is down."""
        for part in ("data", "run"):
            shutil.rmtree(self._folder / part, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return b"OK" in answer.read()
    except (urllib.error.URLError, OSError):
        return False


def launched_milvus(folder: Path) -> LaunchedMilvus:
    """A server of one's own, not started yet, for tests that take it down; skips where there is no program."""
    program = program_of("milvus")
    if program is None:
        skip_without("milvus", "SOMA_TEST_MILVUS")
    return LaunchedMilvus(program, folder)


@pytest.fixture(scope="session")
def milvus_uri() -> Iterator[str]:
    """The address of this session's server, `http://host:port`."""
    given = os.environ.get("SOMA_TEST_MILVUS")
    if given:
        yield given
        return
    with running(launched_milvus, "milvus") as launched:
        yield launched.uri
