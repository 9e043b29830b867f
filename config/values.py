"""The shapes that settings take once they are read: frozen values, no reading and no rules.

Nothing here knows a name of the environment or a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from soma_common.security.secrets import VaultLogin

SERVICES: Final = ("memory", "cognitive", "governor", "control", "chat", "edge")
HOUSES: Final = ("memory", "cognitive", "governor", "chat", "control")
OFFLINE: Final = "offline"


class DeployMode(StrEnum):
    """The shape in which the mesh runs."""

    STANDALONE = "standalone"
    SOMASTACK = "somastack"
    K8S = "k8s"


class Environment(StrEnum):
    """How strict the start is."""

    DEV = "dev"
    PROD = "prod"


class SecretsStore(StrEnum):
    """Where secrets are kept."""

    FILES = "files"
    VAULT = "vault"


class LogLevel(StrEnum):
    """The least severe line that is written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFace(StrEnum):
    """The form of a log line."""

    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service listens and where it is found; an address is `host:port`.

    `targets` are the gRPC addresses of all its workers, `probes` the HTTP addresses at which they tell their health.
    """

    grpc_listen: str | None
    http_listen: str
    ops_listen: str | None
    targets: tuple[str, ...]
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """The keys and names of this installation's identity."""

    jwks_path: Path
    service_keys: Path
    user_key_path: Path
    token_key_path: Path
    tenant_id: UUID
    owner_sub: str
    issuer: str

    def service_key_path(self, service: str) -> Path:
        """The private key with which a service signs its own calls."""
        return self.service_keys if self.service_keys.is_file() else self.service_keys / f"{service}.json"


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """What a model costs, in micros of the currency per million tokens; zero when unknown or free."""

    input_micros: int
    cached_input_micros: int
    output_micros: int
    reasoning_micros: int


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The model that answers; provider `offline` when none is configured, and then there is no base URL and no key.

    `protocol` is openai, litellm or offline; `base_url` is None where the provider's own is known to who calls it;
    `patience_seconds` is how long this and every other model may be silent.
    """

    provider: str
    protocol: str
    base_url: str | None
    model: str
    api_key: SecretStr | None
    window: int
    max_output_tokens: int
    prices: ModelPrices
    patience_seconds: float = 60.0

    @property
    def offline(self) -> bool:
        """Whether no real model is configured."""
        return self.provider == OFFLINE


@dataclass(frozen=True, slots=True)
class SecretsSettings:
    """Where keys are kept: in `folder`, below the `given` ones by name, or in Vault where there is a login."""

    store: SecretsStore
    folder: Path
    given: Mapping[str, SecretStr]
    vault_address: str
    vault_login: VaultLogin


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """What a tenant may use up a day until somebody sets its own budget."""

    day_tokens: int
    day_micros: int


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """Whether memories that faded are swept by themselves, and how much must be left of one that stays."""

    sweeps: bool
    min_retention: float


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How much is logged and in which form."""

    level: LogLevel
    face: LogFace


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Who may talk to the edge, and how much; hosts and origins are added to the page's own address."""

    page_url: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    messages_per_minute: int
    connections_per_user: int
    connections_per_tenant: int
    session_minutes: int
    tls_certificate: Path | None
    tls_key: Path | None


class VectorIndexName(StrEnum):
    """Where vectors of memories are searched."""

    PGVECTOR = "pgvector"
    MILVUS = "milvus"


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    """The model that is asked for embeddings."""

    url: str
    model: str
    dimensions: int
    key: SecretStr | None


class KafkaProtocol(StrEnum):
    """How Kafka's brokers are spoken to."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def logs_in(self) -> bool:
        """Whether a name and a password are asked for."""
        return self.value.startswith("sasl")


class SaslMechanism(StrEnum):
    """How a password is shown to Kafka's brokers."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """How Kafka's brokers are spoken to, and who we are there."""

    protocol: KafkaProtocol
    ca: Path | None
    mechanism: SaslMechanism
    user: str | None
    password: SecretStr | None


@dataclass(frozen=True, slots=True)
class LocalKafka:
    """A broker that runs beside our services on this machine."""

    folder: Path
    host: str
    port: int
    controller_port: int

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class LocalRedis:
    """A Redis that runs beside our services on this machine, behind a Unix socket that this account alone may use."""

    folder: Path
    socket: Path


@dataclass(frozen=True, slots=True)
class InfrastructureSettings:
    """The servers that are not ours; each is None where the built-in form is used.

    `local_kafka` and `local_redis` are set where we run the server ourselves; the addresses are theirs then.
    """

    redis_url: SecretStr | None
    kafka_bootstrap: tuple[str, ...]
    kafka_login: KafkaLogin
    local_kafka: LocalKafka | None
    local_redis: LocalRedis | None
    milvus_address: str | None
    keycloak_url: str | None
    keycloak_realm: str | None
    keycloak_client_id: str | None
    spicedb_url: str | None
    spicedb_api_key: SecretStr | None
    opa_url: str | None
    memory_api_token: SecretStr | None
