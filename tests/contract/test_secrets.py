"""What every `Secrets` keeps to: files on one machine, and Vault's API on a real server."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import hvac
import hvac.exceptions
import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.security.secrets import FileSecrets, Secrets, VaultLogin, VaultSecrets
from soma_common.security.secrets.vault import PROBLEMS
from soma_common.testing.vault import VaultServer, launched_vault


@pytest.fixture
def vault_login(vault_server: VaultServer) -> VaultLogin:
    return VaultLogin(token=vault_server.token)


@pytest.fixture(params=["files", "vault", "vault by AppRole"])
async def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Secrets]:
    store: Secrets
    if request.param == "files":
        store = FileSecrets(tmp_path / "secrets")
    else:
        server: VaultServer = request.getfixturevalue("vault_server")
        login = approle(server) if "AppRole" in request.param else VaultLogin(token=server.token)
        store = VaultSecrets(server.address, login)
    yield store
    await store.close()


def approle(server: VaultServer, **limits: object) -> VaultLogin:
    """An AppRole that may do what chat needs and nothing else."""
    root = hvac.Client(url=server.address, token=server.token)
    if "approle/" not in root.sys.list_auth_methods()["data"]:
        root.sys.enable_auth_method("approle")
    rights = 'path "secret/data/soma/*" { capabilities = ["create", "read", "update"] }\n'
    rights += 'path "secret/metadata/soma/*" { capabilities = ["delete"] }'
    root.sys.create_or_update_policy("chat", rights)
    name = f"chat-{uuid4()}"
    root.auth.approle.create_or_update_approle(name, token_policies=["chat"], **limits)
    role_id = root.auth.approle.read_role_id(name)["data"]["role_id"]
    secret_id = root.auth.approle.generate_secret_id(name)["data"]["secret_id"]
    return VaultLogin(role_id=role_id, secret_id=secret_id)


def fresh(name: str = "openai") -> str:
    return f"{uuid4()}/{name}"


async def test_what_was_written_is_read(secrets: Secrets) -> None:
    name, value = fresh(), "sk-ß…\n two lines "
    await secrets.write(name, value)
    assert await secrets.read(name) == value


async def test_a_secret_that_was_never_written_is_none(secrets: Secrets) -> None:
    assert await secrets.read(fresh()) is None
    assert await secrets.read("acme") is None


async def test_the_last_value_counts(secrets: Secrets) -> None:
    name = fresh()
    await secrets.write(name, "one")
    await secrets.write(name, "two")
    assert await secrets.read(name) == "two"


async def test_a_secret_is_forgotten_for_good(secrets: Secrets) -> None:
    name, other = fresh(), fresh()
    await secrets.write(name, "one")
    await secrets.write(other, "kept")
    await secrets.delete(name)
    await secrets.delete(name)
    assert await secrets.read(name) is None
    assert await secrets.read(other) == "kept"
    await secrets.write(name, "again")
    assert await secrets.read(name) == "again"


async def test_names_within_names_do_not_meet(secrets: Secrets) -> None:
    outer = fresh("gpt-4.1")
    await secrets.write(outer, "outer")
    await secrets.write(f"{outer}/key", "inner")
    assert (await secrets.read(outer), await secrets.read(f"{outer}/key")) == ("outer", "inner")
    await secrets.delete(outer)
    assert await secrets.read(f"{outer}/key") == "inner"


@pytest.mark.parametrize(
    "name", ["", "../etc", "a//b", "/a", "a/", "A", "a/../b", ".a", "a b", "a/b/c/d/e/f", "a" * 200]
)
async def test_a_name_that_is_none_is_refused(secrets: Secrets, name: str) -> None:
    for call in (secrets.read(name), secrets.write(name, "x"), secrets.delete(name)):
        with pytest.raises(ValueError, match="no name"):
            await call


async def test_many_at_once(secrets: Secrets) -> None:
    names = [fresh() for _ in range(12)]
    await asyncio.gather(*(secrets.write(name, name) for name in names))
    assert await asyncio.gather(*(secrets.read(name) for name in names)) == names


def test_a_file_is_for_its_account_alone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    store, name = FileSecrets(tmp_path / "secrets"), fresh()
    asyncio.run(store.write(name, "sk-1"))
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    folders = [path for path in (tmp_path / "secrets").rglob("*") if path.is_dir()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets", *folders)} == {0o700}
    asyncio.run(store.delete(name))
    assert list((tmp_path / "secrets").rglob("*")) == []


async def test_given_secrets_stand_before_files(tmp_path: Path) -> None:
    store = FileSecrets(tmp_path, {"openai": "given"})
    assert await store.read("openai") == "given"
    await store.write("openai", "written")
    assert await store.read("openai") == "given"
    assert await FileSecrets(tmp_path).read("openai") == "written"


async def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("")
    with pytest.raises(SomaError) as refused:
        await FileSecrets(tmp_path / "secrets").write("openai", "sk-1")
    assert refused.value.reason is Reason.SECRETS_UNAVAILABLE
    assert str(tmp_path) not in refused.value.sentence


async def test_a_key_that_a_person_put_into_vault_is_read(vault_server: VaultServer) -> None:
    root = hvac.Client(url=vault_server.address, token=vault_server.token)
    root.secrets.kv.v2.create_or_update_secret("soma/groq", {"value": "gsk-1", "note": "ours"})
    store = VaultSecrets(vault_server.address, VaultLogin(token=vault_server.token))
    assert await store.read("groq") == "gsk-1"
    assert await store.read_entry("groq") == {"value": "gsk-1", "note": "ours"}


async def test_a_login_that_ran_out_is_renewed(vault_server: VaultServer) -> None:
    store = VaultSecrets(vault_server.address, approle(vault_server, token_num_uses=2))
    name = fresh()
    await store.write(name, "kept")
    assert [await store.read(name) for _ in range(5)] == ["kept"] * 5


async def test_vault_that_refuses_or_is_gone_is_told_without_its_address(
    vault_server: VaultServer, tmp_path: Path
) -> None:
    strangers = (
        VaultSecrets(vault_server.address, VaultLogin(token="wrong")),
        VaultSecrets(vault_server.address, VaultLogin(role_id="nobody", secret_id="wrong")),
        VaultSecrets("http://127.0.0.1:1", VaultLogin(token=vault_server.token)),
    )
    for store in strangers:
        for call in (store.read("openai"), store.write("openai", "sk-very-secret"), store.delete("openai")):
            with pytest.raises(SomaError) as refused:
                await call
            assert refused.value.reason is Reason.SECRETS_UNAVAILABLE
            assert refused.value.metadata["store"] == "vault"
            for word in ("127.0.0.1", "sk-very-secret", vault_server.token):
                assert word not in f"{refused.value.sentence} {refused.value.__cause__!r}"


async def test_vault_that_comes_back_serves_again(tmp_path: Path) -> None:
    launched = launched_vault(tmp_path)
    launched.start()
    store = VaultSecrets(launched.server.address, VaultLogin(token=launched.server.token))
    try:
        await store.write("openai", "sk-1")
        launched.kill()
        with pytest.raises(SomaError) as refused:
            await store.read("openai")
        assert refused.value.retry_after_seconds
        launched.start()
        await store.write("openai", "sk-2")
        assert await store.read("openai") == "sk-2"
    finally:
        launched.kill()


def test_every_exception_of_the_driver_has_its_words() -> None:
    kinds = [kind for kind in vars(hvac.exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 8
    assert all(any(base.__name__ in PROBLEMS for base in kind.__mro__) for kind in kinds)
