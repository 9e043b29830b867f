"""The settings as every process uses them: typed, complete, each value knowing where it came from.

Nothing here reads anything: `loading.py` builds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from config.databases import BUS, bus_database, house_database, role_dsn, role_passwords
from config.environment import interpreter, machine_environment, machine_name
from config.home import Home
from config.infrastructure import infrastructure
from config.ports import Addresses, PortTable
from config.problems import SettingsError
from config.providers import address_rules, provider_keys
from config.rules import not_started, value_of
from config.settings_registry import ROWS, Registry
from config.showing import Shown, plain_text, shown
from config.sources import Origin, Source
from config.values import (
    BudgetSettings,
    DeployMode,
    EmbedderSettings,
    Endpoint,
    Environment,
    IdentitySettings,
    InfrastructureSettings,
    LogSettings,
    MemorySettings,
    ModelSettings,
    SecretsSettings,
    VectorIndexName,
    WebSettings,
)
from config.vault_loader import vault_login
from soma_common.kernel.addresses import AddressRules
from soma_common.postgres.house import HouseDatabase

Value = TypeVar("Value")


@dataclass(frozen=True)
class Settings:
    """All settings of this process, frozen."""

    mode: DeployMode
    home_folders: Home
    registry: Registry
    origins: Mapping[str, Origin]
    ports: PortTable
    loopback: str
    model: ModelSettings

    @property
    def aaas(self) -> bool:
        """Whether all services run in one process."""
        return bool(self.registry.aaas_mode)

    @property
    def env(self) -> Environment:
        """How strict the start is."""
        return self.registry.env or Environment.DEV

    @property
    def instance(self) -> str:
        """The name of this installation."""
        return self.home_folders.instance

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.home_folders.path

    @property
    def bind(self) -> str:
        """The address on which services listen."""
        return self._needed(self.registry.bind)

    @property
    def _own_host(self) -> str:
        """Where this machine finds what listens on `bind`: there, or on the loopback when it listens everywhere."""
        return self.loopback if ip_address(self.bind).is_unspecified else _bracketed(self.bind)

    @property
    def worker(self) -> int:
        """Which worker of its service this process is."""
        return self.registry.worker or 0

    @property
    def slot(self) -> str:
        """The place of this process among all of its service: a worker of a machine."""
        return f"{machine_name()}-{self.worker}"

    @property
    def deploy_target(self) -> str | None:
        """A label for the place of the installation."""
        return self.registry.deploy_target

    def workers(self, service: str) -> int:
        """How many processes serve this service; the edge is one."""
        count: int | None = getattr(self.registry, f"{service}_workers", None)
        return 1 if self.aaas or count is None else count

    def endpoint(self, service: str) -> Endpoint:
        """Where a service listens (this process's worker of it) and where it is found."""
        addresses = Addresses(_bracketed(self.bind), self._own_host, self.registry.port_shift or 0)
        found = self.ports.endpoint(service, addresses, worker=self.worker, workers=self.workers(service))
        if self.mode is DeployMode.STANDALONE:
            return found
        targets: tuple[str, ...] = getattr(self.registry, f"{service}_targets", None) or ()
        return Endpoint(found.grpc_listen, found.http_listen, found.ops_listen, targets, ())

    def database(self, house: str) -> HouseDatabase:
        """The addresses of a house's database, one a role. Raises SettingsError when something of it is missing."""
        return house_database(self.registry, self.mode, house)

    def bus(self, right: str) -> HouseDatabase:
        """The addresses of the bus for one who writes to it (relay), consumes from it (worker) or looks back (app).

        Raises SettingsError.
        """
        return bus_database(self.registry, self.mode, right)

    def bus_owner_dsn(self) -> str:
        """The address under which the bus is migrated. Raises KeyError when its password is missing."""
        return role_dsn(self.registry, self.mode, BUS, "owner")

    def role_passwords(self) -> dict[str, str]:
        """The password of every database role that is known here, by role."""
        return role_passwords(self.registry)

    @property
    def postgres_socket(self) -> Path | None:
        """The folder of the embedded PostgreSQL's socket; None before the first start and in clusters."""
        return self.registry.postgres_socket

    @property
    def identity(self) -> IdentitySettings:
        """Keys and names. Raises SettingsError before the first start."""
        registry, keys = self.registry, self.home_folders.keys
        if registry.tenant_id is None or registry.owner_sub is None or registry.issuer is None:
            raise SettingsError([not_started()])
        return IdentitySettings(
            jwks_path=registry.jwks_path or keys / "jwks.json",
            service_keys=registry.service_key_path or keys,
            user_key_path=registry.user_key_path or keys / "user.json",
            token_key_path=registry.token_key_path or keys / "tokens.json",
            tenant_id=registry.tenant_id,
            owner_sub=registry.owner_sub,
            issuer=registry.issuer,
        )

    @property
    def budget(self) -> BudgetSettings:
        """What a tenant may use up a day until somebody sets its own budget."""
        return BudgetSettings(
            day_tokens=self._needed(self.registry.budget_day_tokens),
            day_micros=self._needed(self.registry.budget_day_micros),
        )

    @property
    def memory(self) -> MemorySettings:
        """How memories are kept in order."""
        return MemorySettings(
            sweeps=self._needed(self.registry.memory_sweep),
            min_retention=self._needed(self.registry.memory_min_retention),
        )

    @property
    def flags(self) -> Mapping[str, bool]:
        """The start values of the feature flags."""
        prefix = "feature_"
        names = [row.field for row in ROWS.values() if row.field.startswith(prefix)]
        return {name.removeprefix(prefix): bool(getattr(self.registry, name)) for name in names}

    @property
    def log(self) -> LogSettings:
        """How much is logged and in which form."""
        return LogSettings(
            level=self._needed(self.registry.log_level),
            face=self._needed(self.registry.log_face),
        )

    @property
    def otlp_endpoint(self) -> str | None:
        """Where traces are sent, if anywhere."""
        return self.registry.otlp_endpoint

    @property
    def web(self) -> WebSettings:
        """Who may talk to the edge."""
        return WebSettings(
            page_url=self.page_url,
            allowed_hosts=self.registry.allowed_hosts or (),
            allowed_origins=self.registry.allowed_origins or (),
            messages_per_minute=self.messages_per_minute,
            connections_per_user=self._needed(self.registry.connections_per_user),
            connections_per_tenant=self._needed(self.registry.connections_per_tenant),
            session_minutes=self._needed(self.registry.session_minutes),
            tls_certificate=self.registry.tls_cert,
            tls_key=self.registry.tls_key,
        )

    @property
    def messages_per_minute(self) -> int:
        """How many messages one user may send, through the edge or to chat directly."""
        return self._needed(self.registry.messages_per_minute)

    @property
    def approval_hours(self) -> int:
        """How many hours a tool waits for a person's consent."""
        return self._needed(self.registry.approval_hours)

    @property
    def memory_shelf_bytes(self) -> int:
        """How much a process of memory may hold of what it recalls from."""
        return self._needed(self.registry.memory_shelf_megabytes) * 1024 * 1024

    @property
    def page_url(self) -> str:
        """The address of the page on this machine."""
        port = self.endpoint("edge").http_listen.rpartition(":")[2]
        scheme = "http" if self.registry.tls_cert is None else "https"
        return f"{scheme}://{self._own_host}:{port}/"

    @property
    def infrastructure(self) -> InfrastructureSettings:
        """The servers that are not ours."""
        return infrastructure(self.registry, self.home_folders, self.loopback, self._beside)

    @property
    def _beside(self) -> Mapping[str, int]:
        """The ports of servers that may run beside our services."""
        shift = self.registry.port_shift or 0
        return {name: port + shift for name, port in self.ports.beside.items()}

    @property
    def redis_url(self) -> str | None:
        """The address of Redis, where there is one."""
        url = self.infrastructure.redis_url
        return None if url is None else url.get_secret_value()

    @property
    def secrets(self) -> SecretsSettings:
        """Where keys are kept."""
        return SecretsSettings(
            store=self._needed(self.registry.secrets),
            folder=self.home_folders.secrets,
            given=provider_keys(self.registry),
            vault_address=self.registry.vault_address or "",
            vault_login=vault_login(self.registry),
        )

    @property
    def model_addresses(self) -> AddressRules:
        """Where models may be called."""
        return address_rules(self.registry)

    @property
    def vector_index(self) -> VectorIndexName:
        """Where vectors of memories are searched."""
        return self.registry.vector_index or VectorIndexName.PGVECTOR

    @property
    def embedder(self) -> EmbedderSettings | None:
        """The model that is asked for embeddings; None for the built-in embedder."""
        own = self.registry
        if own.embedder_url is None or own.embedder_model is None or own.embedder_dimensions is None:
            return None
        return EmbedderSettings(own.embedder_url, own.embedder_model, own.embedder_dimensions, own.embedder_key)

    @property
    def supervisor_socket(self) -> Path:
        """The socket at which the supervisor of the standalone shape takes orders."""
        return self.home_folders.run / "supervisor.sock"

    def show(self) -> Iterator[Shown]:
        """Every setting with its value, masked where it is a secret, and where it came from."""
        return shown(self.registry, self.origins)

    def child_settings(self) -> dict[str, str]:
        """The settings of a process that we start: what was set for us by name, and its installation."""
        passed = {name: plain_text(value_of(self.registry, name)) for name in self.origins if self._is_passed(name)}
        where = {"SOMA_HOME": str(self.home), "SOMA_INSTANCE": self.instance, "SOMA_DEPLOY_MODE": str(self.mode)}
        return {**passed, **where}

    def child_environment(self) -> dict[str, str]:
        """The whole environment of such a process: the machine's part and the settings."""
        return {**machine_environment(), **self.child_settings()}

    def _is_passed(self, name: str) -> bool:
        """Children find profile, first start and settings file themselves; a secret's own file may be for us alone."""
        source = self.origins[name].source
        return source in (Source.ENVIRONMENT, Source.OLDER_NAME) or (source is Source.FILE and ROWS[name].secret)

    @property
    def python(self) -> str:
        """The Python that has what our processes need."""
        return interpreter()

    def _needed(self, value: Value | None) -> Value:
        if value is None:
            raise AssertionError("a profile lacks a setting that every shape needs")
        return value


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
