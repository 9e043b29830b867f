"""The whole stack as a person starts it: `somastack up` in a data folder of its own, on ports of its own.

Knows the command line and the public doors; imports no service.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

from soma_common.kernel.tenancy import TenantId
from soma_common.security.tokens import UserSigner
from soma_common.testing.folders import quick_folder
from soma_common.testing.ports import PortShift
from soma_common.testing.upstream import Script, ScriptedUpstream
from soma_common.testing.warm import Program, WarmProcess, run_warm, start_warm

# The port table of the architecture: what a client of each service dials, and what else must be free.
_GRPC: Final = {"chat": 20021, "governor": 20022, "control": 20043, "cognitive": 30102, "memory": 9596}
_HTTP: Final = {"edge": 20020, "ops": 8010, "chat": 21021, "governor": 21022, "control": 20042}
_READY_AT: Final = {**_HTTP, "edge": 8010, "cognitive": 30101, "memory": 9595}
# With those of a second process of chat, where a stack has two.
_OTHERS: Final = (30101, 9595, 20061, 20062, 20071, 21071)
_HOST: Final = "127.0.0.1"
_STRANGE: Final = ("SOMA", "SA01_", "AAAS_", "OPENAI", "OPENROUTER", "ANTHROPIC", "GROQ", "XDG_")
_UP_SECONDS: Final = 300.0
_PROGRAM: Final = Path(sys.executable).parent / "somastack"
_READY: Final = "RUNNING"
_PRICES: Final = {"SOMA_MODEL_PRICE_INPUT": "1000000", "SOMA_MODEL_PRICE_OUTPUT": "4000000"}


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One row of `somastack status --json`."""

    name: str
    state: str
    pid: int | None
    address: str
    uptime_seconds: float
    restarts: int

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return self.state == _READY


class Mesh:
    """One running stack and the model upstream it talks to. Use it as a `with` block.

    `beside` are words for its first `up` that ask for servers of others; `folder` is where its data lie until its end.
    """

    def __init__(
        self,
        upstream: ScriptedUpstream,
        settings: Mapping[str, str] | None = None,
        *,
        beside: tuple[str, ...] = (),
        folder: Path | None = None,
    ) -> None:
        self._beside = beside
        self.upstream: Final = upstream
        self.model: Final = "scripted"
        self._ports: Final = PortShift.reserve((*_GRPC.values(), *_HTTP.values(), *_OTHERS))
        self.shift: Final = self._ports.shift
        self._folder: Final = folder or quick_folder("soma-e2e-")
        self.home: Final = self._folder / "home"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}
        self._environment: Final = {
            **kept,
            **_PRICES,
            "SOMA_HOME": str(self.home),
            "SOMA_INSTANCE": f"e2e-{self.shift}",
            "SOMA_PORT_SHIFT": str(self.shift),
            "SOMA_MODEL_BASE_URL": upstream.base_url,
            "SOMA_MODEL": self.model,
            "SOMA_MODEL_API_KEY": "sk-e2e-secret-key",
            "SOMA_MODEL_WINDOW": "16384",
            "SOMA_MODEL_MAX_OUTPUT_TOKENS": "1024",
            "SOMA_MESSAGES_PER_MINUTE": "100000",
            # A title costs the scripted model a call that most tests do not expect.
            "SOMA_FEATURE_TITLES": "false",
            **(settings or {}),
        }

    def up(self, *words: str) -> None:
        """`somastack up`; raises AssertionError with what it said and the ends of the logs when it fails."""
        done = self.cli("up", *words, timeout_seconds=_UP_SECONDS)
        if done.returncode != 0:
            tails = "\n".join(f"--- {path.name}\n{_tail(path)}" for path in sorted(self.home.glob("logs/*.log")))
            raise AssertionError(f"somastack up ended with {done.returncode}:\n{done.stdout}{done.stderr}\n{tails}")

    def down(self) -> None:
        """`somastack down`."""
        done = self.cli("down", timeout_seconds=180)
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> Self:
        self._guard = self._start_guard()
        try:
            self.up(*self._beside)
        except BaseException:
            self._give_back()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    def _start_guard(self) -> subprocess.Popen[bytes]:
        """A process that stops the stack and removes its data when we let go of it, also by dying."""
        remove = "" if os.environ.get("SOMA_TEST_KEEP") else '; rm -rf "$1"'
        return subprocess.Popen(
            ["/bin/sh", "-c", f'cat >/dev/null; "$0" down{remove}', str(_PROGRAM), str(self._folder)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _give_back(self) -> None:
        """Stop everything, whatever state it is in, and remove the data."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(180)
        self._ports.release()

    def cli(
        self,
        *words: str,
        stdin: str | int = "",
        timeout_seconds: float = 120,
        settings: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line of this stack, warm; `stdin` is what it reads, or the file it reads from."""
        return run_warm(self._warm(words, settings), stdin, timeout_seconds)

    def at_terminal(self, terminal: int, *words: str, settings: Mapping[str, str] | None = None) -> WarmProcess:
        """Start the command line of this stack, warm, in a terminal that it controls."""
        program = replace(self._warm(words, settings), at_terminal=True)
        return start_warm(program, terminal, terminal, terminal)

    def _warm(self, words: tuple[str, ...], settings: Mapping[str, str] | None) -> Program:
        environment = {**self._environment, **(settings or {})}
        return Program(words, environment, os.getcwd(), script=str(_PROGRAM), ahead=("cli",))

    def begin(
        self, *words: str, before: tuple[str, ...] = (), settings: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start the command line of this stack and go on; `before` are words in front of it, as of a shell."""
        environment = {**self._environment, **(settings or {})}
        return subprocess.Popen([*before, str(_PROGRAM), *words], env=environment, **options)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment in which a command line works on this stack."""
        return self._environment

    @property
    def edge_url(self) -> str:
        """`http://host:port` of the page and of every HTTP door."""
        return f"http://{_HOST}:{_HTTP['edge'] + self.shift}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.edge_url}/v1"

    @property
    def socket_url(self) -> str:
        """The WebSocket of the chat."""
        return f"ws://{_HOST}:{_HTTP['edge'] + self.shift}/ws/v2/chat"

    @property
    def ops_url(self) -> str:
        """Where the edge answers `/health` and `/metrics`."""
        return f"http://{_HOST}:{_HTTP['ops'] + self.shift}"

    def target(self, service: str) -> str:
        """The gRPC address of a service."""
        return f"{_HOST}:{_GRPC[service] + self.shift}"

    def token(self) -> str:
        """The owner's token, by `somastack token`."""
        done = self.cli("token")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def token_for(
        self,
        sub: str,
        roles: tuple[str, ...] = ("member",),
        tenant_id: UUID | None = None,
        ttl_seconds: float = 3600,
    ) -> str:
        """A token of another user, of this installation's tenant unless said otherwise."""
        tenant = TenantId(tenant_id or UUID(self.identity["SOMA_TENANT_ID"]))
        return UserSigner(self.home / "keys" / "user.json").mint(tenant, sub, roles, ttl_seconds)

    @property
    def identity(self) -> dict[str, str]:
        """Tenant, owner and issuer as the first start made them."""
        return dict(json.loads((self.home / "identity.json").read_text("utf-8")))

    def status(self) -> dict[str, ServiceRow]:
        """`somastack status --json` by name."""
        done = self.cli("status", "--json")
        assert done.returncode == 0, done.stderr
        names = ServiceRow.__dataclass_fields__
        rows = [{name: row[name] for name in names} for row in json.loads(done.stdout)["services"]]
        return {row["name"]: ServiceRow(**row) for row in rows}

    def pid(self, service: str) -> int:
        """The process id of a service, for whoever is to kill it at a moment that a command line would miss."""
        pid = self.status()[service].pid
        assert pid is not None, f"{service} has no process"
        return pid

    def kill(self, service: str) -> int:
        """Kill -9 a service's process; gives the process id it had."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_ready(self, service: str, other_than: int | None = None, timeout_seconds: float = 120.0) -> ServiceRow:
        """The row of a service once it serves, as another process than `other_than`."""
        deadline, row = time.monotonic() + timeout_seconds, None
        while True:
            if self._answers(service):
                row = self.status()[service]
                if row.ready and row.pid != other_than:
                    return row
            assert time.monotonic() < deadline, f"{service} does not serve after {timeout_seconds} s: {row}"
            time.sleep(0.1)

    def _answers(self, service: str) -> bool:
        """Whether a service says that it is ready; what has no door is not asked. A command line costs far more."""
        if service not in _READY_AT:
            return True
        try:
            with urllib.request.urlopen(
                f"http://{_HOST}:{_READY_AT[service] + self.shift}/readyz", timeout=2
            ) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def log_lines(self, service: str = "*") -> Iterator[dict[str, Any]]:
        """Every JSON line of a service's log, or of all logs, each with its file's name as `file`."""
        for path in sorted(self.home.glob(f"logs/{service}.log*")):
            for line in path.read_text("utf-8", errors="replace").splitlines():
                with contextlib.suppress(json.JSONDecodeError):
                    value = json.loads(line)
                    if isinstance(value, dict):
                        yield {**value, "file": path.name}


def fresh_sub() -> str:
    """A user that nobody was before."""
    return f"user-{uuid4().hex[:12]}"


def mesh_upstream() -> ScriptedUpstream:
    """An upstream that counts tokens as the stack does, so that the ledger can be compared with it."""
    return ScriptedUpstream(Script(chunks=20), models=("scripted",), tokenizer="model")


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
