"""What the first start makes, and that a repeat changes none of it."""

import json
import os
import stat
from pathlib import Path

import pytest

from cli.stack.first_start import make_first_start
from config import SERVICES, Settings, load_settings
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.house import ROLES
from soma_common.security.tokens import ServiceSigner, TokenVerifier, UserSigner


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"SOMA_HOME": str(tmp_path / "home"), "SOMA_INSTANCE": "test"}


def started(environment: dict[str, str]) -> Settings:
    make_first_start(load_settings(environment), Ids())
    return load_settings(environment)


def test_the_first_start_makes_keys_that_sign_and_verify(environment: dict[str, str]) -> None:
    settings = started(environment)
    identity = settings.identity
    verifier = TokenVerifier(identity.jwks_path)
    token = UserSigner(identity.user_key_path).mint(TenantId(identity.tenant_id), identity.owner_sub, ["admin"], 60)
    caller = verifier.verify(token)
    assert (caller.sub, caller.tenant_id) == (identity.owner_sub, identity.tenant_id)
    for service in SERVICES:
        signer = ServiceSigner(service, identity.service_key_path(service))
        assert verifier.verify(signer.token_for(caller)).service == service


def test_every_role_has_a_password_of_its_own(environment: dict[str, str]) -> None:
    passwords = started(environment).role_passwords()
    assert set(passwords) == set(ROLES)
    assert len(set(passwords.values())) == len(ROLES)
    assert all(len(password) >= 24 for password in passwords.values())


def test_a_repeat_keeps_everything_and_makes_what_is_missing(environment: dict[str, str]) -> None:
    settings = started(environment)
    home = settings.home_folders
    before = {path: path.read_bytes() for path in (*home.keys.iterdir(), home.passwords_file, home.identity_file)}
    again = make_first_start(settings, Ids())
    assert not again
    assert {path: path.read_bytes() for path in before} == before
    (home.keys / "edge.json").unlink()
    make_first_start(settings, Ids())
    signer = ServiceSigner("edge", home.keys / "edge.json")
    caller = TokenVerifier(home.keys / "jwks.json").verify(signer.token_for(_caller(settings)))
    assert caller.service == "edge"


def test_an_older_installation_gets_the_key_of_api_keys_tokens(environment: dict[str, str]) -> None:
    settings = started(environment)
    identity, tenant_id = settings.identity, TenantId(settings.identity.tenant_id)
    before = UserSigner(identity.user_key_path).mint(tenant_id, "ada", ["viewer"], 60)
    (settings.home_folders.keys / "tokens.json").unlink()
    make_first_start(settings, Ids())
    verifier = TokenVerifier(identity.jwks_path)
    token = UserSigner(identity.token_key_path).mint(tenant_id, "robot", ["viewer"], 60, scopes=["chat:read"])
    assert verifier.verify(token).scopes == frozenset({"chat:read"})
    assert verifier.verify(before).sub == "ada"


def test_nobody_else_can_read_keys_and_passwords(environment: dict[str, str]) -> None:
    home = started(environment).home_folders
    for folder in (home.keys, home.passwords_file.parent, home.run, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.passwords_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((home.keys / "user.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_that_was_there_keeps_its_mode(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home").chmod(0o755)
    started(environment)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o755


def test_an_installation_keeps_its_tenant_when_a_later_version_adds_values(environment: dict[str, str]) -> None:
    settings = started(environment)
    file = settings.home_folders.identity_file
    file.write_text(json.dumps({"SOMA_TENANT_ID": str(settings.identity.tenant_id)}))
    assert started(environment).identity.tenant_id == settings.identity.tenant_id


def _caller(settings: Settings) -> Caller:
    identity = settings.identity
    return Caller(TenantId(identity.tenant_id), identity.owner_sub)
