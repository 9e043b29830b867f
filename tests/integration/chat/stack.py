"""Chat and the services it calls, each its own process on one test database server; the model is the scripted upstream.

Imports no service: what is tested is what a client sees.
"""

import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from soma_common.postgres.house import PLACES, ROLES, HouseDatabase
from soma_common.rpc.dial import Channel, dial
from soma_common.testing.identity import ISSUER, TENANT, TestIdentity
from soma_common.testing.ports import PortShift
from soma_common.testing.postgres import PASSWORD, TestServer, run_aside
from soma_common.testing.upstream import Script, ScriptedUpstream
from soma_common.testing.warm import Program, WarmProcess, start_warm

ROOT: Final = Path(__file__).resolve().parents[3]
HOST: Final = "127.0.0.1"
GRPC: Final = {"chat": 20021, "governor": 20022, "control": 20043, "cognitive": 30102, "memory": 9596}
HTTP: Final = {"chat": 21021, "governor": 21022, "cognitive": 30101, "memory": 9595}
# The edge, and a second process of chat.
BESIDE: Final = (20020, 8010, GRPC["chat"] + 60, HTTP["chat"] + 60)
DSN: Final = {"somaagent": "SOMA_AGENT_DSN", "somabrain": "SOMA_BRAIN_DSN", "somamemory": "SOMA_MEMORY_DSN"}
READY_SECONDS: Final = 60.0
MODEL: Final = "scripted"
LOADED: Final = "tests.integration.chat.ahead:load_tokens"


class ChatStack:
    """Processes by service name; `start`, `kill` and `stop` one at a time."""

    def __init__(self, postgres: TestServer, folder: Path) -> None:
        self.identity: Final = TestIdentity(folder / "keys")
        self.upstream: Final = ScriptedUpstream(Script(chunks=12), models=(MODEL,), tokenizer="model")
        self._postgres = postgres
        self._folder = folder
        self._ports = PortShift.reserve((*GRPC.values(), *HTTP.values(), *BESIDE))
        self._shift = self._ports.shift
        self._processes: dict[str, WarmProcess] = {}
        self.databases: dict[str, HouseDatabase] = {}

    def start_all(self) -> None:
        """Makes the databases and starts everything."""
        self.upstream.start()
        for house in HTTP:
            self.databases[house] = run_aside(self._postgres.make(house, f"servers.{house}"))
        self.databases["bus"] = run_aside(self._postgres.make("bus", "soma_common.events"))
        for house in HTTP:
            self.spawn(house)
        for house in HTTP:
            self.wait_ready(house)

    def revive(self) -> None:
        """Starts again what an earlier test left dead."""
        for house in HTTP:
            if house not in self._processes:
                self.start(house)

    def stop_processes(self) -> None:
        """Ends everything."""
        for service in list(self._processes):
            self.kill(service)
        self.upstream.stop()
        self._ports.release()

    def stop_all(self) -> None:
        """Ends everything and removes the databases."""
        self.stop_processes()
        for urls in self.databases.values():
            run_aside(self._postgres.drop(urls))

    def spawn(self, service: str, **settings: str) -> None:
        """Starts a service without waiting for it."""
        self._launch(service, f"servers.{service}", {**self._environment(service), **settings})

    def _launch(self, name: str, module: str, environment: Mapping[str, str]) -> None:
        """A process under a name, with the log of that name."""
        program = Program((), dict(environment), str(ROOT), module=module, ahead=(f"{module}.__main__", LOADED))
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = start_warm(program, log, log)

    def start(self, service: str, **settings: str) -> None:
        """Starts a service and waits until it serves."""
        self.spawn(service, **settings)
        self.wait_ready(service)

    def kill(self, service: str, number: int = signal.SIGKILL) -> int:
        """Ends a service; gives its exit code."""
        process = self._processes.pop(service)
        process.send_signal(number)
        return process.wait(30)

    def superuser_dsn(self, house: str) -> str:
        """The address of a house's database as a superuser."""
        return self._postgres.address(self._databases_of(house)[0].app_dsn.partition("?")[0].rpartition("/")[2])

    def pid(self, service: str) -> int:
        """The number of a service's process."""
        return self._processes[service].pid

    def signal(self, service: str, number: int) -> None:
        """Sends a service a signal that it survives."""
        self._processes[service].send_signal(number)

    def log_of(self, service: str) -> str:
        """What a service wrote."""
        return (self._folder / f"{service}.log").read_text("utf-8", errors="replace")

    def wait_ready(self, service: str) -> None:
        """Returns when the service serves."""
        self._wait_at(service, HTTP[service] + self._shift)

    def _wait_at(self, service: str, port: int, path: str = "/readyz") -> None:
        url = f"http://{HOST}:{port}{path}"
        deadline = time.monotonic() + READY_SECONDS
        while not answers(url):
            code = self._processes[service].poll()
            assert code is None, f"{service} ended with {code}:\n{self.log_of(service)[-4000:]}"
            assert time.monotonic() < deadline, f"{service} does not serve:\n{self.log_of(service)[-4000:]}"
            time.sleep(0.05)

    @contextmanager
    def second_chat(self, **settings: str) -> Iterator[Channel]:
        """Another process of chat beside the first one, and a channel to it alone."""
        name, away = "second chat", {"SOMA_WORKER": "1", "SOMA_PORT_SHIFT": str(self._shift + 60)}
        self._launch(name, "servers.chat", {**self._environment("chat"), **away, **settings})
        try:
            self._wait_at(name, HTTP["chat"] + self._shift + 60)
            address = f"{HOST}:{GRPC['chat'] + self._shift + 60}"
            yield dial(address, self.identity.signer("edge"), timeout_seconds=10, name="chat")
        finally:
            self.kill(name)

    def target(self, service: str) -> str:
        """The gRPC address of a service."""
        return f"{HOST}:{GRPC[service] + self._shift}"

    def http_port(self, service: str) -> int:
        """The port of a service's operators' face."""
        return HTTP[service] + self._shift

    def metrics_of(self, service: str) -> str:
        """The numbers of a service."""
        with urllib.request.urlopen(f"http://{HOST}:{HTTP[service] + self._shift}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def channel(self, service: str = "chat", caller: str = "edge") -> Channel:
        """A channel as another service has it."""
        return dial(self.target(service), self.identity.signer(caller), timeout_seconds=10, name=service)

    def _databases_of(self, service: str) -> tuple[HouseDatabase, HouseDatabase]:
        return self.databases[service], self.databases["bus"]

    def _environment(self, service: str) -> Mapping[str, str]:
        own, bus = (urls.app_dsn.partition("?")[0].rpartition("/")[2] for urls in self._databases_of(service))
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH", "LANG") if name in os.environ}
        return {
            **kept,
            "SOMA_DEPLOY_MODE": "somastack",
            "SOMA_HOME": str(self._folder / "home"),
            "SOMA_INSTANCE": "test",
            "SOMA_BIND": HOST,
            "SOMA_PORT_SHIFT": str(self._shift),
            **{f"SOMA_{name.upper()}_TARGETS": self.target(name) for name in GRPC},
            **{f"SOMA_{role.upper()}_PASSWORD": PASSWORD for role in ROLES},
            DSN[PLACES[service].database]: self._postgres.address(own),
            "SOMA_BUS_DSN": self._postgres.address(bus),
            "SOMA_JWKS_PATH": str(self.identity.jwks_path),
            "SOMA_SERVICE_KEY_PATH": str(self.identity.service_key_path(service)),
            "SOMA_TENANT_ID": str(TENANT),
            "SOMA_OWNER_SUB": "ada",
            "SOMA_ISSUER": ISSUER,
            "SOMA_MODEL_BASE_URL": self.upstream.base_url,
            "SOMA_MODEL": MODEL,
            "SOMA_MODEL_API_KEY": "sk-test",
            "SOMA_MODEL_WINDOW": "16384",
            "SOMA_MODEL_MAX_OUTPUT_TOKENS": "1024",
            "SOMA_MESSAGES_PER_MINUTE": "100000",
            # A title costs the scripted model a call that most tests do not expect.
            "SOMA_FEATURE_TITLES": "false",
            "SOMA_MODEL_PRICE_INPUT": "1000000",
            "SOMA_MODEL_PRICE_OUTPUT": "4000000",
        }


def answers(url: str) -> bool:
    """Whether there is a 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def new_id() -> str:
    """A request id."""
    return str(uuid4())
