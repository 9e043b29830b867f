"""Redis and Kafka in the settings: named ones, ones of this machine's own, logins, and what does not go together."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from config import load_settings
from config.process import transport_settings
from config.programs import DATABASE, beside_us, doors, programs
from soma_common.companions.programs import lacking, prepared_program
from tests.unit.config.test_modes import CLUSTER, problems_of

LOGIN = {"SOMA_KAFKA_USER": "somastack", "SOMA_KAFKA_PASSWORD": "a-secret"}
BROKERS = {"SOMA_KAFKA_BOOTSTRAP": "kafka-0:9092,kafka-1:9092"}


def test_without_them_nothing_runs_beside_the_database(tmp_path: Path) -> None:
    settings = load_settings({"SOMA_HOME": str(tmp_path)})
    assert settings.redis_url is None
    assert settings.infrastructure.kafka_bootstrap == ()
    assert beside_us(settings) == ()
    assert programs(settings)[0].name == DATABASE


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder with a name that is short enough for sockets in it."""
    with TemporaryDirectory(prefix="soma-") as folder:
        yield Path(folder)


def test_what_up_remembered_runs_beside_us_and_is_used(home: Path) -> None:
    (home / "beside.json").write_text(json.dumps({"SOMA_LOCAL_KAFKA": True, "SOMA_LOCAL_REDIS": True}))
    settings = load_settings({"SOMA_HOME": str(home), "SOMA_PORT_SHIFT": "100"})
    assert beside_us(settings) == ("kafka", "redis")
    kafka = settings.infrastructure.local_kafka
    assert kafka is not None
    assert (kafka.port, kafka.controller_port) == (20161, 20162)
    assert settings.infrastructure.kafka_bootstrap == (kafka.address,)
    assert transport_settings(settings, looks_back=False).kafka_bootstrap == (kafka.address,)
    assert settings.redis_url == f"unix://{home}/run/redis.sock?db=0"
    assert [door.name for door in doors(settings)][:3] == [DATABASE, "kafka", "redis"]
    arguments = {program.name: program.arguments for program in programs(settings)}
    assert all(str(home / name) in arguments[name] for name in ("kafka", "redis"))


def test_the_ports_beside_us_are_nobody_elses(tmp_path: Path) -> None:
    settings = load_settings({"SOMA_HOME": str(tmp_path)})
    most = {"chat": 4, "governor": 4, "control": 4, "cognitive": 4, "memory": 4}
    taken = {port for _, port in settings.ports.bound(most, 0)}
    beside = list(settings.ports.beside.values())
    assert len(set(beside)) == len(beside)
    assert not taken & set(beside)
    assert all(any(low <= port <= high for low, high in settings.ports.ranges["agent"]) for port in beside)


def test_a_login_reaches_the_transport(tmp_path: Path) -> None:
    given = {**BROKERS, **LOGIN, "SOMA_KAFKA_SECURITY": "sasl_ssl", "SOMA_KAFKA_CA": "/ca.crt"}
    settings = load_settings({"SOMA_HOME": str(tmp_path), **given, "SOMA_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"})
    login = transport_settings(settings, looks_back=False).kafka_login
    assert login is not None
    assert (login.protocol, login.ca, login.mechanism) == ("SASL_SSL", Path("/ca.crt"), "SCRAM-SHA-512")
    assert (login.user, login.password) == ("somastack", "a-secret")
    shown = {row.row.name: row.value for row in settings.show()}
    assert "a-secret" not in str(shown)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({**BROKERS, "SOMA_LOCAL_KAFKA": "true"}, "SOMA_KAFKA_BOOTSTRAP"),
        ({"SOMA_LOCAL_KAFKA": "true", "SOMA_KAFKA_SECURITY": "ssl"}, "SOMA_KAFKA_SECURITY"),
        ({"SOMA_REDIS_URL": "redis://r:6379/0", "SOMA_LOCAL_REDIS": "true"}, "SOMA_REDIS_URL"),
        ({**BROKERS, "SOMA_KAFKA_SECURITY": "sasl_ssl"}, "SOMA_KAFKA_PASSWORD"),
        ({**BROKERS, **LOGIN}, "SOMA_KAFKA_SECURITY"),
        ({**BROKERS, "SOMA_KAFKA_SECURITY": "secret"}, "SOMA_KAFKA_SECURITY"),
        ({**CLUSTER, "SOMA_LOCAL_REDIS": "true"}, "SOMA_LOCAL_REDIS"),
        ({**CLUSTER, "SOMA_LOCAL_KAFKA": "true"}, "SOMA_LOCAL_KAFKA"),
        ({**CLUSTER, "SOMA_ENV": "prod", "SOMA_REDIS_URL": "redis://r:6379/0"}, "SOMA_REDIS_URL"),
        ({**CLUSTER, "SOMA_ENV": "prod", **BROKERS}, "SOMA_KAFKA_SECURITY"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, given: dict[str, str], name: str) -> None:
    assert name in problems_of({"SOMA_HOME": str(tmp_path), **given})


def test_what_is_missing_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Java runtime, 17 or newer" in (lacking(tmp_path, "kafka") or "")
    assert "the package redis-server" in (lacking(tmp_path, "redis") or "")
    for name, program in (("kafka", "java"), ("redis", "redis-server")):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
        assert "was not brought yet" in (lacking(tmp_path, name) or "")
        assert prepared_program(tmp_path, name) is None
        (tmp_path / name).mkdir()
        (tmp_path / name / "program").write_text("")
        assert lacking(tmp_path, name) is None
