"""What settings must be there and what must not stand together: required names of each shape, refusals of prod.

Nothing here reads a setting; it is handed the typed registry.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import parse_qs, urlsplit

from config.home import is_instance
from config.ports import PortTable
from config.problems import Problem
from config.providers import embedder_problems
from config.settings_registry import ROWS, Registry
from config.values import HOUSES, DeployMode, Environment, KafkaProtocol, LogLevel, SecretsStore, VectorIndexName
from soma_common.postgres.house import PLACES

_CLUSTER: Final = (
    "SOMA_MEMORY_TARGETS",
    "SOMA_COGNITIVE_TARGETS",
    "SOMA_GOVERNOR_TARGETS",
    "SOMA_CONTROL_TARGETS",
    "SOMA_CHAT_TARGETS",
    "SOMA_JWKS_PATH",
    "SOMA_SERVICE_KEY_PATH",
    "SOMA_TENANT_ID",
    "SOMA_OWNER_SUB",
    "SOMA_ISSUER",
)
REQUIRED: Final = {
    DeployMode.STANDALONE: (),
    DeployMode.SOMASTACK: _CLUSTER,
    DeployMode.K8S: _CLUSTER,
}
DSN_NAMES: Final = {
    "somaagent": "SOMA_AGENT_DSN",
    "somabrain": "SOMA_BRAIN_DSN",
    "somamemory": "SOMA_MEMORY_DSN",
}
# Where the bus is: its own address, else that of the database it lies in.
BUS_DSN_NAMES: Final = ("SOMA_BUS_DSN", "SOMA_AGENT_DSN")
# Houses that read again what was published.
LOOK_BACK: Final = frozenset(("control",))
_SELF_MADE_ISSUER: Final = "urn:somastack:"
_SAFE_SSL: Final = ("verify-full", "verify-ca")


def judge(registry: Registry, mode: DeployMode, ports: PortTable, house: str | None) -> list[Problem]:
    """Everything that is missing or does not go together, of one house's database too if `house` is given."""
    problems = [_missing(name) for name in REQUIRED[mode] if value_of(registry, name) in (None, ())]
    if house == "control" and mode is not DeployMode.STANDALONE and registry.token_key_path is None:
        problems.append(_missing("SOMA_TOKEN_KEY_PATH"))
    if house is not None and house in HOUSES:
        problems += missing_for_database(registry, mode, house)
        lacking = missing_for_bus(registry, mode, looks_back=house in LOOK_BACK)
        problems += [problem for problem in lacking if problem not in problems]
    problems += _words(registry)
    problems += _vault(registry)
    problems += _pairs(registry, mode)
    problems += _kafka(registry)
    problems += embedder_problems(registry)
    problems += _beside(registry, mode)
    problems += _port_problems(registry, ports)
    if registry.env is Environment.PROD:
        problems += _refusals(registry, mode)
    return problems


def value_of(registry: Registry, name: str) -> object:
    """The typed value of a setting by its name; None when it is not set."""
    value: object = getattr(registry, ROWS[name].field)
    return value


def missing_for_database(registry: Registry, mode: DeployMode, house: str) -> list[Problem]:
    """What a house lacks to reach its database."""
    names = [f"SOMA_{house.upper()}_{kind}_PASSWORD" for kind in ("APP", "WORKER")]
    if mode is DeployMode.STANDALONE:
        lacking = [name for name in ("SOMA_POSTGRES_SOCKET", *names) if value_of(registry, name) is None]
        return [not_started()] if lacking else []
    problems = [_missing(name) for name in names if value_of(registry, name) is None]
    dsn = DSN_NAMES[PLACES[house].database]
    if registry.postgres_dsn is None and value_of(registry, dsn) is None:
        problems.append(_missing(dsn))
    return problems


def missing_for_bus(registry: Registry, mode: DeployMode, *, looks_back: bool) -> list[Problem]:
    """What a house lacks to publish its events and to read those of others; nothing where Kafka carries them.

    One that looks back on what was published does so by the role that sees a single tenant.
    """
    if registry.kafka_bootstrap:
        return []
    kinds = ("RELAY", "WORKER", "APP") if looks_back else ("RELAY", "WORKER")
    names = [f"SOMA_BUS_{kind}_PASSWORD" for kind in kinds]
    lacking = [name for name in names if value_of(registry, name) is None]
    if mode is DeployMode.STANDALONE:
        return [not_started()] if lacking else []
    problems = [_missing(name) for name in lacking]
    if all(value_of(registry, name) is None for name in ("SOMA_POSTGRES_DSN", *BUS_DSN_NAMES)):
        problems.append(_missing(BUS_DSN_NAMES[0]))
    return problems


def not_started() -> Problem:
    """The problem of a stack whose keys and passwords were never made."""
    return Problem(
        "The stack",
        "has not been started yet, so it has no keys and passwords",
        "Run `somastack up` first.",
    )


def _missing(name: str) -> Problem:
    row = ROWS[name]
    return Problem(
        name,
        f"is not set ({row.description.rstrip('.').lower()})",
        f"Set it like {name}={row.example}.",
    )


def _words(registry: Registry) -> Iterator[Problem]:
    if registry.instance is not None and not is_instance(registry.instance):
        yield Problem(
            "SOMA_INSTANCE",
            f"is {registry.instance[:80]!r}, but it names a folder: letters, digits, points, dashes, underscores",
            "Set it like SOMA_INSTANCE=work.",
        )
    if registry.bind is not None and _address(registry.bind) is None:
        yield Problem(
            "SOMA_BIND",
            f"is {registry.bind[:80]!r}, which is no IP address",
            f"Set it like SOMA_BIND={ROWS['SOMA_BIND'].example}.",
        )


def _pairs(registry: Registry, mode: DeployMode) -> Iterator[Problem]:
    if (registry.tls_cert is None) != (registry.tls_key is None):
        absent = "SOMA_TLS_KEY" if registry.tls_key is None else "SOMA_TLS_CERT"
        yield Problem(
            absent,
            "is not set, but the other half of the pair is",
            "Set both SOMA_TLS_CERT and SOMA_TLS_KEY.",
        )
    if registry.aaas_mode and mode is not DeployMode.STANDALONE:
        yield Problem(
            "SOMA_AAAS_MODE",
            f"does not go with SOMA_DEPLOY_MODE={mode}",
            "Use it with standalone only.",
        )
    if (registry.milvus_host is None) != (registry.milvus_port is None):
        yield Problem("MILVUS_HOST and MILVUS_PORT", "are needed together", "Set both or none.")
    if registry.vector_index is VectorIndexName.MILVUS and registry.milvus_host is None:
        yield Problem("MILVUS_HOST", "is not set, but SOMA_VECTOR_INDEX is milvus", "Set MILVUS_HOST and MILVUS_PORT.")


def _kafka(registry: Registry) -> Iterator[Problem]:
    """What does not go together in the way to the brokers."""
    protocol = registry.kafka_security or KafkaProtocol.PLAINTEXT
    if registry.local_kafka and registry.kafka_bootstrap:
        yield Problem(
            "SOMA_KAFKA_BOOTSTRAP",
            "names brokers, but a Kafka of this machine's own is asked for",
            "Run `somastack up --no-kafka`, or unset SOMA_KAFKA_BOOTSTRAP.",
        )
    if registry.local_kafka and protocol is not KafkaProtocol.PLAINTEXT:
        yield Problem(
            "SOMA_KAFKA_SECURITY",
            f"is {protocol}, but the Kafka of this machine's own speaks plaintext on the loopback",
            "Unset it, or run `somastack up --no-kafka`.",
        )
    if protocol.logs_in:
        names = ("SOMA_KAFKA_USER", "SOMA_KAFKA_PASSWORD")
        yield from (_missing(name) for name in names if value_of(registry, name) is None)
    elif registry.kafka_user is not None or registry.kafka_password is not None:
        yield Problem(
            "SOMA_KAFKA_SECURITY",
            f"is {protocol}, which logs in nobody, but SOMA_KAFKA_USER or SOMA_KAFKA_PASSWORD is set",
            "Set it to sasl_ssl.",
        )


def _beside(registry: Registry, mode: DeployMode) -> Iterator[Problem]:
    """Servers that run beside ours do so on one machine, and are not there a second time."""
    for name in ("SOMA_LOCAL_KAFKA", "SOMA_LOCAL_REDIS"):
        if value_of(registry, name) and mode is not DeployMode.STANDALONE:
            yield Problem(name, f"does not go with SOMA_DEPLOY_MODE={mode}", "Use it with standalone only.")
    if registry.local_redis and registry.redis_url is not None:
        yield Problem(
            "SOMA_REDIS_URL",
            "names a Redis, but one of this machine's own is asked for",
            "Run `somastack up --no-redis`, or unset SOMA_REDIS_URL.",
        )


def _vault(registry: Registry) -> Iterator[Problem]:
    """What is missing to reach Vault where secrets are kept there."""
    if registry.secrets is not SecretsStore.VAULT:
        return
    if registry.vault_address is None:
        yield _missing("VAULT_ADDR")
    elif not registry.vault_address.startswith(("https://", "http://")):
        yield Problem("VAULT_ADDR", "is not an http or https address", f"Set it like {ROWS['VAULT_ADDR'].example}.")
    elif registry.env is Environment.PROD and registry.vault_address.startswith("http://"):
        yield Problem("VAULT_ADDR", "reaches Vault in plain text, which prod refuses", "Use its https address.")
    if (registry.vault_role_id is None) != (registry.vault_secret_id is None):
        yield Problem("VAULT_ROLE_ID and VAULT_SECRET_ID", "are needed together", "Set both, or VAULT_TOKEN.")
    if registry.vault_token is None and registry.vault_role_id is None:
        yield Problem(
            "VAULT_TOKEN", "is not set, and no AppRole is", "Set VAULT_TOKEN, or VAULT_ROLE_ID and its secret."
        )


def _port_problems(registry: Registry, ports: PortTable) -> Iterator[Problem]:
    shift = registry.port_shift or 0
    numbers = [port for _, port in ports.bound({}, shift)]
    if not all(1024 <= port <= 65535 for port in numbers):
        yield Problem(
            "SOMA_PORT_SHIFT",
            f"of {shift} moves a port out of 1024 to 65535",
            "Choose a smaller number.",
        )


def _refusals(registry: Registry, mode: DeployMode) -> Iterator[Problem]:
    """What prod does not allow; each of these is fine on one's own machine."""
    if registry.secrets is not SecretsStore.VAULT:
        yield Problem("SOMA_SECRETS", "is files, but prod takes its secrets from Vault only", "Set SOMA_SECRETS=vault.")
    if registry.log_level is LogLevel.DEBUG:
        yield Problem("SOMA_LOG_LEVEL", "is debug, which prod refuses", "Set SOMA_LOG_LEVEL=info.")
    if any(
        "*" in origin
        for origin in (
            *(registry.allowed_origins or ()),
            *(registry.allowed_hosts or ()),
        )
    ):
        yield Problem(
            "SOMA_ALLOWED_ORIGINS",
            "or SOMA_ALLOWED_HOSTS has a wildcard, which prod refuses",
            "Name each one.",
        )
    if mode is DeployMode.STANDALONE:
        yield Problem(
            "SOMA_TENANT_ID",
            "is the one made at first start, which prod refuses",
            "Use the shape somastack or k8s.",
        )
    if (registry.issuer or _SELF_MADE_ISSUER).startswith(_SELF_MADE_ISSUER):
        yield Problem(
            "SOMA_ISSUER",
            "is self-made, which prod refuses",
            "Set the issuer of your identity provider.",
        )
    if mode is DeployMode.STANDALONE and not _loopback(registry.bind or "") and registry.tls_cert is None:
        yield Problem(
            "SOMA_BIND",
            "opens plain text to other hosts, which prod refuses",
            "Set SOMA_TLS_CERT and SOMA_TLS_KEY.",
        )
    for name in ("SOMA_POSTGRES_DSN", "SOMA_BUS_DSN", *DSN_NAMES.values()):
        secret = getattr(registry, ROWS[name].field)
        if secret is not None and _plain(secret.get_secret_value()):
            yield Problem(
                name,
                "reaches the database in plain text, which prod refuses",
                "Add sslmode=verify-full to it.",
            )
    if registry.redis_url is not None and registry.redis_url.get_secret_value().startswith("redis://"):
        yield Problem("SOMA_REDIS_URL", "reaches Redis in plain text, which prod refuses", "Use its rediss address.")
    if registry.kafka_bootstrap and registry.kafka_security not in (KafkaProtocol.SSL, KafkaProtocol.SASL_SSL):
        yield Problem(
            "SOMA_KAFKA_SECURITY",
            "lets the brokers be reached in plain text, which prod refuses",
            "Set it to ssl or sasl_ssl.",
        )


def _plain(dsn: str) -> bool:
    return parse_qs(urlsplit(dsn).query).get("sslmode", [""])[0] not in _SAFE_SSL


def _loopback(host: str) -> bool:
    found = _address(host)
    return found is not None and found.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
