"""A real server that speaks Vault's API for tests: one a session, nothing kept.

The server is the one of `SOMA_TEST_VAULT` (its address, the root token in `SOMA_TEST_VAULT_TOKEN`), else OpenBao as
`make servers ONLY=openbao` brings it.
"""

import os
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from soma_common.testing.servers import program_of, skip_without

_HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class VaultServer:
    """A server under test and the token that may do everything there."""

    address: str
    token: str


class LaunchedVault:
    """OpenBao in its development mode, in memory, as a process of ours."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.server: Final = VaultServer(f"http://{_HOST}:{self._port}", f"test-{secrets.token_hex(16)}")

    def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError when it does not."""
        command = [
            str(self._program),
            "server",
            "-dev",
            "-dev-no-store-token",
            f"-dev-root-token-id={self.server.token}",
            f"-dev-listen-address={_HOST}:{self._port}",
        ]
        log_path = self._folder / "openbao.log"
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={"HOME": str(self._folder), "PATH": os.defpath}
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not _answers(f"{self.server.address}/v1/sys/health"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"OpenBao does not serve:\n{log_path.read_text('utf-8', errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; everything it knew is gone. Safe to repeat."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def launched_vault(folder: Path) -> LaunchedVault:
    """A server of one's own, not started yet, for tests that take it down; skips where there is no program."""
    program = program_of("openbao")
    if program is None:
        skip_without("openbao", "SOMA_TEST_VAULT")
    return LaunchedVault(program, folder)


@pytest.fixture(scope="session")
def vault_server() -> Iterator[VaultServer]:
    """The server of this session."""
    given = os.environ.get("SOMA_TEST_VAULT")
    if given:
        yield VaultServer(given, os.environ.get("SOMA_TEST_VAULT_TOKEN", ""))
        return
    with tempfile.TemporaryDirectory(prefix="soma-vault-") as folder:
        launched = launched_vault(Path(folder))
        try:
            launched.start()
            yield launched.server
        finally:
            launched.stop()


@pytest.fixture
def vault_addr(vault_server: VaultServer) -> str:
    """The address of the session's server."""
    return vault_server.address
