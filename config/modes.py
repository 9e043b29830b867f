"""The older names of settings and what each means today, as one table, and the contradictions they can make.

Nothing here reads the environment: it is handed a mapping and returns today's names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from config.problems import Problem

Translation = Mapping[str, str]
Translate = Callable[[str], Translation | None]


@dataclass(frozen=True, slots=True)
class OlderName:
    """One older name: what a value of it means (None: not a known value), and who wins over whom.

    `weak` marks the names of the platform, to which a service's own older name is preferred without a contradiction.
    """

    name: str
    translate: Translate
    values: str
    weak: bool = False
    secret: bool = False


def _same(today: str) -> Translate:
    return lambda value: {today: value}


def _table(rows: Mapping[str, Translation]) -> Translate:
    folded = {key.casefold(): row for key, row in rows.items()}
    return lambda value: folded.get(value.strip().casefold())


def _target(today: str) -> Translate:
    """An `http://host:port` of the older kind is taken as host:port."""

    def translate(value: str) -> Translation:
        return {today: urlsplit(value).netloc if "://" in value else value.rstrip("/")}

    return translate


_STANDALONE: Final = {"SOMA_DEPLOY_MODE": "standalone"}
_AAAS: Final = {"SOMA_DEPLOY_MODE": "standalone", "SOMA_AAAS_MODE": "true"}
_TARGETS: Final = ("LOCAL", "FARGATE", "EKS", "ECS_EC2", "EC2", "APP_RUNNER")

OLDER_NAMES: Final = (
    OlderName(
        "SA01_DEPLOYMENT_MODE",
        _table(
            {
                "DEV": {"SOMA_ENV": "dev"},
                "PROD": {"SOMA_ENV": "prod"},
                "STANDALONE": _AAAS,
                "AAAS": _AAAS,
            }
        ),
        "DEV, PROD, STANDALONE or AAAS",
    ),
    OlderName(
        "SOMASTACK_SOFTWARE_MODE",
        _table(
            {
                "StandAlone": _STANDALONE,
                "SomaStackClusterMode": {"SOMA_DEPLOY_MODE": "somastack"},
            }
        ),
        "StandAlone or SomaStackClusterMode",
    ),
    OlderName(
        "SA01_DEPLOYMENT_TARGET",
        _table(
            {
                name: {"SOMA_DEPLOY_TARGET": name.lower()} | ({"SOMA_DEPLOY_MODE": "k8s"} if name == "EKS" else {})
                for name in _TARGETS
            }
        ),
        ", ".join(_TARGETS),
    ),
    OlderName("SA01_DB_DSN", _same("SOMA_AGENT_DSN"), "a PostgreSQL address", secret=True),
    OlderName(
        "SOMASTACK_POSTGRES_DSN",
        _same("SOMA_POSTGRES_DSN"),
        "a PostgreSQL address",
        secret=True,
    ),
    OlderName("SA01_REDIS_URL", _same("SOMA_REDIS_URL"), "a Redis address", secret=True),
    OlderName(
        "SOMASTACK_REDIS_URL",
        _same("SOMA_REDIS_URL"),
        "a Redis address",
        weak=True,
        secret=True,
    ),
    OlderName(
        "KAFKA_BOOTSTRAP_SERVERS",
        _same("SOMA_KAFKA_BOOTSTRAP"),
        "host:port, comma separated",
    ),
    OlderName(
        "SOMASTACK_KAFKA_BOOTSTRAP",
        _same("SOMA_KAFKA_BOOTSTRAP"),
        "host:port, comma separated",
        weak=True,
    ),
    OlderName("SOMASTACK_JAEGER_ENDPOINT", _same("SOMA_OTLP_ENDPOINT"), "an OTLP address"),
    OlderName(
        "SOMABRAIN_API_URL",
        _target("SOMA_COGNITIVE_TARGETS"),
        "host:port or http://host:port",
    ),
    OlderName(
        "SOMABRAIN_URL",
        _target("SOMA_COGNITIVE_TARGETS"),
        "host:port or http://host:port",
    ),
    OlderName(
        "SOMAMEMORY_API_URL",
        _target("SOMA_MEMORY_TARGETS"),
        "host:port or http://host:port",
    ),
    OlderName(
        "SOMAFRACTALMEMORY_URL",
        _target("SOMA_MEMORY_TARGETS"),
        "host:port or http://host:port",
    ),
    OlderName(
        "SOMABRAIN_MEMORY_HTTP_ENDPOINT",
        _target("SOMA_MEMORY_TARGETS"),
        "host:port or http://host:port",
    ),
    OlderName("AAAS_DEFAULT_CHAT_MODEL", _same("SOMA_MODEL"), "the name of a model"),
    OlderName("SA01_CHAT_PROVIDER", _same("SOMA_MODEL_PROVIDER"), "the name of a provider"),
    OlderName("MEMORY_ENABLED", _same("SOMA_FEATURE_MEMORY"), "true or false"),
    OlderName("VOICE_ENABLED", _same("SOMA_FEATURE_VOICE"), "true or false"),
    OlderName("MCP_ENABLED", _same("SOMA_FEATURE_MCP"), "true or false"),
    OlderName("CODE_EXECUTION_ENABLED", _same("SOMA_FEATURE_CODE_EXECUTION"), "true or false"),
    OlderName(
        "SA01_ENABLE_AGENTIQ_GOVERNOR",
        _same("SOMA_FEATURE_AGENTIQ_GOVERNOR"),
        "true or false",
    ),
)

_DSN_PARTS: Final = (
    "SA01_DB_HOST",
    "SA01_DB_PORT",
    "SA01_DB_NAME",
    "SA01_DB_USER",
    "SA01_DB_PASSWORD",
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A value of today's name that came from an older one."""

    name: str
    value: str
    older: str
    weak: bool


def map_older_names(
    environment: Mapping[str, str],
) -> tuple[dict[str, Mapped], list[Problem]]:
    """Today's values of the older names that are set, and every contradiction, naming both sides."""
    mapped: dict[str, Mapped] = {}
    problems: list[Problem] = []
    for row, value in _present(environment):
        translation = row.translate(value)
        if translation is None:
            problems.append(
                Problem(
                    row.name,
                    f"has the unknown value {value!r}",
                    f"It may be {row.values}.",
                )
            )
            continue
        for name, translated in translation.items():
            clash = _settle(mapped, Mapped(name, translated, row.name, row.weak))
            if clash is not None:
                problems.append(clash)
    for name, entry in mapped.items():
        if name in environment and not _equal(environment[name], entry.value):
            problems.append(_contradiction(entry.older, name, name))
    return mapped, problems


def _present(environment: Mapping[str, str]) -> list[tuple[OlderName, str]]:
    rows = [(row, environment[row.name]) for row in OLDER_NAMES if row.name in environment]
    if "SA01_DB_HOST" in environment and "SA01_DB_DSN" not in environment:
        parts = OlderName("SA01_DB_HOST", _same("SOMA_AGENT_DSN"), "a host name", secret=True)
        rows.append((parts, _dsn_of_parts(environment)))
    return rows


def _dsn_of_parts(environment: Mapping[str, str]) -> str:
    host, port, name, user, password = (environment.get(part, "") for part in _DSN_PARTS)
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql://{login + '@' if login else ''}{host}{':' + port if port else ''}/{name}"


def _settle(mapped: dict[str, Mapped], new: Mapped) -> Problem | None:
    old = mapped.get(new.name)
    if old is None or (old.weak and not new.weak):
        mapped[new.name] = new
    elif not _equal(old.value, new.value) and not new.weak:
        return _contradiction(old.older, new.older, new.name)
    return None


def _equal(left: str, right: str) -> bool:
    return left.strip().casefold() == right.strip().casefold()


def _contradiction(first: str, second: str, today: str) -> Problem:
    meaning = "" if today == second else f" about {today}"
    return Problem(
        f"{first} and {second}",
        f"contradict each other{meaning}",
        f"Unset {first}, or make them say the same.",
    )
