"""Older names, the shapes of a cluster, and what prod refuses."""

import platform
import re

import pytest

from config import DeployMode, SettingsError, load_settings
from config.modes import OLDER_NAMES, map_older_names
from config.process import transport_settings
from config.settings_registry import ROWS

CLUSTER = {
    "SOMA_HOME": "/nowhere",
    "SOMA_DEPLOY_MODE": "somastack",
    "SOMA_MEMORY_TARGETS": "memory:9596",
    "SOMA_COGNITIVE_TARGETS": "cognitive:30102",
    "SOMA_GOVERNOR_TARGETS": "governor:20022",
    "SOMA_CONTROL_TARGETS": "control:20043",
    "SOMA_CHAT_TARGETS": "chat-0:20021, chat-1:20021",
    "SOMA_JWKS_PATH": "/etc/soma/jwks.json",
    "SOMA_SERVICE_KEY_PATH": "/etc/soma/service.json",
    "SOMA_TENANT_ID": "0190d3b0-5d3e-7cc2-9a55-6b1f3f1f7a01",
    "SOMA_OWNER_SUB": "owner",
    "SOMA_ISSUER": "https://login.example.org/realms/somastack",
}


def problems_of(environment: dict[str, str], house: str | None = None) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment, house=house)
    return {problem.name: str(problem) for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("older", "value", "expected"),
    [
        ("SA01_DEPLOYMENT_MODE", "PROD", {"SOMA_ENV": "prod"}),
        ("SA01_DEPLOYMENT_MODE", "AAAS", {"SOMA_DEPLOY_MODE": "standalone", "SOMA_AAAS_MODE": "true"}),
        ("SOMASTACK_SOFTWARE_MODE", "SomaStackClusterMode", {"SOMA_DEPLOY_MODE": "somastack"}),
        ("SA01_DEPLOYMENT_TARGET", "EKS", {"SOMA_DEPLOY_TARGET": "eks", "SOMA_DEPLOY_MODE": "k8s"}),
        ("SA01_DEPLOYMENT_TARGET", "EC2", {"SOMA_DEPLOY_TARGET": "ec2"}),
        ("SOMABRAIN_API_URL", "http://brain:30102/", {"SOMA_COGNITIVE_TARGETS": "brain:30102"}),
        ("SOMAMEMORY_API_URL", "memory:9596", {"SOMA_MEMORY_TARGETS": "memory:9596"}),
        ("MEMORY_ENABLED", "false", {"SOMA_FEATURE_MEMORY": "false"}),
        ("AAAS_DEFAULT_CHAT_MODEL", "gpt-4o-mini", {"SOMA_MODEL": "gpt-4o-mini"}),
    ],
)
def test_an_older_name_means_todays(older: str, value: str, expected: dict[str, str]) -> None:
    mapped, problems = map_older_names({older: value})
    assert {name: row.value for name, row in mapped.items()} == expected
    assert problems == []


def test_the_parts_of_an_older_database_address_become_one() -> None:
    parts = {
        "SA01_DB_HOST": "db",
        "SA01_DB_PORT": "5433",
        "SA01_DB_NAME": "agent",
        "SA01_DB_USER": "a",
        "SA01_DB_PASSWORD": "p@ss",
    }
    mapped, _ = map_older_names(parts)
    assert mapped["SOMA_AGENT_DSN"].value == "postgresql://a:p%40ss@db:5433/agent"


def test_every_older_name_leads_to_a_name_of_the_registry() -> None:
    for row in OLDER_NAMES:
        values = [word.strip() for word in row.values.replace(" or ", ",").split(",")]
        translations = [translated for value in values if (translated := row.translate(value))]
        assert translations, row.name
        assert all(set(translated) <= set(ROWS) for translated in translations), row.name


def test_a_contradiction_names_both_sides() -> None:
    found = problems_of({"SOMA_HOME": "/nowhere", "SA01_DEPLOYMENT_MODE": "PROD", "SOMA_ENV": "dev"})
    assert "SA01_DEPLOYMENT_MODE and SOMA_ENV" in found
    two = {"SOMA_HOME": "/nowhere", "SOMASTACK_SOFTWARE_MODE": "StandAlone", "SA01_DEPLOYMENT_TARGET": "EKS"}
    assert "SOMASTACK_SOFTWARE_MODE and SA01_DEPLOYMENT_TARGET" in problems_of(two)


def test_names_that_agree_are_no_contradiction() -> None:
    both = {"SOMA_HOME": "/nowhere", "SA01_DEPLOYMENT_MODE": "DEV", "SOMA_ENV": "dev"}
    assert load_settings(both).env == "dev"


def test_a_services_own_older_name_wins_over_the_platforms() -> None:
    for names in (("SA01_REDIS_URL", "SOMASTACK_REDIS_URL"), ("SOMASTACK_REDIS_URL", "SA01_REDIS_URL")):
        environment = {name: f"redis://{name}" for name in names}
        mapped, problems = map_older_names(environment)
        assert mapped["SOMA_REDIS_URL"].older == "SA01_REDIS_URL"
        assert problems == []


def test_an_unknown_value_of_an_older_name_is_told() -> None:
    assert (
        "StandAlone"
        in problems_of({"SOMA_HOME": "/nowhere", "SOMASTACK_SOFTWARE_MODE": "x"})["SOMASTACK_SOFTWARE_MODE"]
    )


@pytest.mark.parametrize("mode", ["somastack", "k8s"])
def test_a_cluster_lists_everything_that_is_missing(mode: str) -> None:
    found = problems_of({"SOMA_HOME": "/nowhere", "SOMA_DEPLOY_MODE": mode}, house="memory")
    missing = {"SOMA_CHAT_TARGETS", "SOMA_JWKS_PATH", "SOMA_TENANT_ID", "SOMA_MEMORY_APP_PASSWORD", "SOMA_MEMORY_DSN"}
    assert missing <= set(found)


def test_a_complete_cluster_finds_targets_and_databases() -> None:
    settings = load_settings(
        {
            **CLUSTER,
            "SOMA_POSTGRES_DSN": "postgresql://platform@db:5432/?sslmode=require",
            "SOMA_BRAIN_DSN": "postgresql://other:5433/mind",
            "SOMA_CHAT_APP_PASSWORD": "a/b",
            "SOMA_CHAT_WORKER_PASSWORD": "w",
            "SOMA_COGNITIVE_APP_PASSWORD": "a",
            "SOMA_COGNITIVE_WORKER_PASSWORD": "w",
        }
    )
    assert settings.mode is DeployMode.SOMASTACK
    assert settings.endpoint("chat").targets == ("chat-0:20021", "chat-1:20021")
    chat = settings.database("chat")
    assert chat.app_dsn == "postgresql://chat_app:a%2Fb@db:5432/somaagent?sslmode=require"
    assert chat.owner_dsn is None
    assert settings.database("cognitive").worker_dsn == "postgresql://cognitive_worker:w@other:5433/mind"
    assert settings.identity.service_key_path("chat").name == "chat.json"


def test_a_slot_is_a_worker_of_a_machine_that_it_does_not_name() -> None:
    first, again, other = (load_settings({**CLUSTER, "SOMA_WORKER": number}).slot for number in ("0", "0", "1"))
    assert first == again
    assert re.fullmatch(r"[0-9a-f]{8}-0", first)
    assert other == first.removesuffix("0") + "1"
    assert platform.node() not in first


def test_events_of_a_cluster_travel_by_kafka_or_over_a_bus_that_can_be_reached() -> None:
    dsn = {"SOMA_CHAT_APP_PASSWORD": "a", "SOMA_CHAT_WORKER_PASSWORD": "w", "SOMA_POSTGRES_DSN": "postgresql://db/"}
    found = problems_of({**CLUSTER, **dsn}, house="chat")
    assert set(found) == {"SOMA_BUS_RELAY_PASSWORD", "SOMA_BUS_WORKER_PASSWORD"}
    passwords = {"SOMA_BUS_RELAY_PASSWORD": "r", "SOMA_BUS_WORKER_PASSWORD": "w"}
    over_bus = load_settings({**CLUSTER, **dsn, **passwords, "SOMA_BUS_DSN": "postgresql://other/facts"}, house="chat")
    assert over_bus.bus("relay").worker_dsn == "postgresql://bus_relay:r@other/facts"
    beside = load_settings({**CLUSTER, **dsn, **passwords}, house="chat")
    assert beside.bus("worker").worker_dsn == "postgresql://bus_worker:w@db/somaagent"
    control = {
        "SOMA_CONTROL_APP_PASSWORD": "a",
        "SOMA_CONTROL_WORKER_PASSWORD": "w",
        "SOMA_TOKEN_KEY_PATH": "/etc/soma/token.json",
    }
    assert set(problems_of({**CLUSTER, **dsn, **passwords, **control}, house="control")) == {"SOMA_BUS_APP_PASSWORD"}
    looking_back = {**CLUSTER, **dsn, **passwords, **control, "SOMA_BUS_APP_PASSWORD": "one"}
    transport = transport_settings(load_settings(looking_back, house="control"), looks_back=True)
    assert transport.history is not None
    assert transport.history.app_dsn == "postgresql://bus_app:one@db/somaagent"
    by_kafka = load_settings({**CLUSTER, **dsn, "SOMA_KAFKA_BOOTSTRAP": "kafka:9092"}, house="chat")
    assert by_kafka.infrastructure.kafka_bootstrap == ("kafka:9092",)


def test_control_of_a_cluster_needs_the_key_that_signs_for_api_keys() -> None:
    assert "SOMA_TOKEN_KEY_PATH" in problems_of(CLUSTER, house="control")
    assert "SOMA_TOKEN_KEY_PATH" not in problems_of(CLUSTER, house="chat")
    named = {**CLUSTER, "SOMA_TOKEN_KEY_PATH": "/etc/soma/tokens.json"}
    assert "SOMA_TOKEN_KEY_PATH" not in problems_of(named, house="control")


def test_an_unknown_shape_is_told() -> None:
    assert "standalone" in problems_of({"SOMA_HOME": "/nowhere", "SOMA_DEPLOY_MODE": "moon"})["SOMA_DEPLOY_MODE"]


def test_prod_refuses_what_is_fine_at_home() -> None:
    found = problems_of(
        {
            "SOMA_HOME": "/nowhere",
            "SOMA_ENV": "prod",
            "SOMA_LOG_LEVEL": "debug",
            "SOMA_ALLOWED_ORIGINS": "https://*.example.org",
            "SOMA_BIND": "192.168.1.4",
            "SOMA_AGENT_DSN": "postgresql://db/somaagent",
        }
    )
    assert set(found) == {
        "SOMA_SECRETS",
        "SOMA_LOG_LEVEL",
        "SOMA_ALLOWED_ORIGINS",
        "SOMA_TENANT_ID",
        "SOMA_ISSUER",
        "SOMA_BIND",
        "SOMA_AGENT_DSN",
    }
    assert "Vault" in found["SOMA_SECRETS"]
