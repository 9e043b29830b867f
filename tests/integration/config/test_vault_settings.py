"""Settings whose secrets stand in a real Vault, and what prod demands of it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hvac
import pytest

from config import SettingsError, load_settings
from soma_common.testing.vault import launched_vault

PLAIN = {
    "SOMA_HOME": "/nowhere",
    "SOMA_DEPLOY_MODE": "somastack",
    "SOMA_SECRETS": "vault",
    **{f"SOMA_{name}_TARGETS": f"{name.lower()}:1" for name in ("MEMORY", "COGNITIVE", "GOVERNOR", "CONTROL", "CHAT")},
    "SOMA_JWKS_PATH": "/etc/soma/jwks.json",
    "SOMA_SERVICE_KEY_PATH": "/etc/soma/service.json",
    "SOMA_TENANT_ID": str(uuid4()),
    "SOMA_OWNER_SUB": "owner",
    "SOMA_ISSUER": "https://login.example.org/realms/somastack",
}
SECRETS = {
    "SOMA_AGENT_DSN": "postgresql://db/somaagent?sslmode=verify-full",
    "SOMA_CHAT_APP_PASSWORD": "app-word",
    "SOMA_CHAT_WORKER_PASSWORD": "worker-word",
    "SOMA_BUS_RELAY_PASSWORD": "relay-word",
    "SOMA_BUS_WORKER_PASSWORD": "reader-word",
}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[hvac.Client]:
    """A server of one's own with what an installation keeps there."""
    launched = launched_vault(tmp_path)
    launched.start()
    root = hvac.Client(url=launched.server.address, token=launched.server.token)
    root.secrets.kv.v2.create_or_update_secret("soma/settings", SECRETS)
    root.secrets.kv.v2.create_or_update_secret("soma/groq", {"value": "gsk-in-vault"})
    yield root
    launched.kill()


def environment(vault: hvac.Client, **more: str) -> dict[str, str]:
    return {**PLAIN, "VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.token, **more}


def problems_of(given: dict[str, str], house: str | None = None) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(given, house=house)
    return {problem.name: str(problem) for problem in caught.value.problems}


def test_secrets_come_from_vault_and_are_shown_masked(vault: hvac.Client) -> None:
    settings = load_settings(environment(vault), house="chat")
    assert "app-word" in settings.database("chat").app_dsn
    assert settings.model.provider == "groq"
    assert settings.model.api_key is not None
    assert settings.model.api_key.get_secret_value() == "gsk-in-vault"
    shown = {row.row.name: row for row in settings.show()}
    assert str(shown["GROQ_API_KEY"].origin and shown["GROQ_API_KEY"].origin.source) == "vault"
    whole = " ".join(str(row.value) for row in shown.values())
    for secret in ("app-word", "gsk-in-vault", vault.token):
        assert secret not in whole
    assert "GROQ_API_KEY" not in settings.child_settings()


def test_who_calls_no_model_reads_no_key(vault: hvac.Client) -> None:
    given = environment(vault, SOMA_MEMORY_DSN="postgresql://db/m", SOMA_MEMORY_APP_PASSWORD="a")
    settings = load_settings({**given, "SOMA_MEMORY_WORKER_PASSWORD": "b"}, house="memory")
    assert settings.model.offline


def test_prod_starts_with_vault_and_refuses_secrets_beside_it(vault: hvac.Client) -> None:
    prod = environment(vault, SOMA_ENV="prod")
    assert set(problems_of(prod, "chat")) == {"VAULT_ADDR"}, "only the plain text of the test's server"
    beside = problems_of({**prod, "SOMA_CHAT_OWNER_PASSWORD": "word"}, "chat")
    assert "secret/soma/settings" in beside["SOMA_CHAT_OWNER_PASSWORD"]
    key = problems_of(environment(vault, OPENAI_API_KEY="sk-1"))
    assert "secret/soma/openai" in key["OPENAI_API_KEY"]
    assert "sk-1" not in str(key)
    assert "SOMA_SECRETS" in problems_of({**PLAIN, "SOMA_SECRETS": "files", "SOMA_ENV": "prod"})


def test_a_name_that_is_no_secret_setting_is_told(vault: hvac.Client) -> None:
    vault.secrets.kv.v2.create_or_update_secret("soma/settings", {**SECRETS, "SOMA_BIND": "0.0.0.0", "X": "y"})
    assert set(problems_of(environment(vault), "chat")) == {"SOMA_BIND", "X"}


def test_what_is_missing_to_reach_vault_is_listed() -> None:
    assert set(problems_of(PLAIN)) == {"VAULT_ADDR", "VAULT_TOKEN"}
    half = {**PLAIN, "VAULT_ADDR": "https://vault.example.org", "VAULT_ROLE_ID": "r"}
    assert set(problems_of(half)) == {"VAULT_ROLE_ID and VAULT_SECRET_ID"}
    assert "VAULT_ADDR" in problems_of({**PLAIN, "VAULT_ADDR": "vault:8200", "VAULT_TOKEN": "t"})


def test_vault_that_refuses_or_is_down_ends_the_start_with_a_sentence(vault: hvac.Client) -> None:
    wrong = problems_of({**environment(vault), "VAULT_TOKEN": "wrong"}, "chat")
    assert "refuses the login" in wrong["SOMA_SECRETS"]
    down = problems_of({**environment(vault), "VAULT_ADDR": "http://127.0.0.1:1"}, "chat")
    assert "does not answer" in down["SOMA_SECRETS"]
