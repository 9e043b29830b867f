"""A real server that speaks Vault's API for tests: one a session, nothing kept.

The server is the one of `SOMA_TEST_VAULT` (its address, the root token in `SOMA_TEST_VAULT_TOKEN`), else OpenBao as
`make servers ONLY=openbao` brings it.
"""

import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from soma_common.testing.servers import HOST, ServerProcess, free_port, program_of, running, skip_without

_READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class VaultServer:
    """A server under test and the token that may do everything there."""

    address: str
    token: str


class LaunchedVault:
    """OpenBao in its development mode, in memory, as a process of ours."""

    def __init__(self, program: Path, folder: Path) -> None:
        address, token = f"{HOST}:{free_port()}", f"test-{secrets.token_hex(16)}"
        words = (f"-dev-root-token-id={token}", f"-dev-listen-address={address}")
        self._process = ServerProcess(
            [program, "server", "-dev", "-dev-no-store-token", *words], folder / "openbao.log"
        )
        self.server: Final = VaultServer(f"http://{address}", token)

    def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError when it does not."""
        self._process.start(lambda: _answers(f"{self.server.address}/v1/sys/health"), _READY_SECONDS)

    def kill(self) -> None:
        """End it; everything it knew is gone. Safe to repeat."""
        self._process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


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
    with running(launched_vault, "vault") as launched:
        yield launched.server


@pytest.fixture
def vault_addr(vault_server: VaultServer) -> str:
    """The address of the session's server."""
    return vault_server.address
