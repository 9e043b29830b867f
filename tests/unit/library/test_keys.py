"""Keys: what is written can be read, private files are private, and unbound or mixed-up keys are refused."""

import json
import stat
from pathlib import Path

import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.security.keys import (
    KeyClass,
    KeyFileError,
    make_service_key,
    make_user_key,
    read_jwks,
    read_key,
    write_jwks,
    write_key,
)
from soma_common.security.tokens import ServiceSigner, UserSigner
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import ISSUER, TENANT, TestIdentity, user


def test_a_key_survives_its_file(tmp_path: Path) -> None:
    key = make_service_key("chat")
    path = tmp_path / "deep" / "chat.jwk"
    write_key(path, key)
    again = read_key(path)
    assert (again.kid, again.issuer, again.key_class) == (key.kid, "service:chat", KeyClass.SERVICE)
    assert again.private.private_bytes_raw() == key.private.private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_key(path, make_service_key("chat"))
    assert read_key(path).kid != key.kid
    assert [each.name for each in path.parent.iterdir()] == ["chat.jwk"]


def test_the_key_set_holds_public_parts_with_issuer_and_class(tmp_path: Path) -> None:
    keys = [make_user_key(ISSUER), make_service_key("edge")]
    path = tmp_path / "jwks.json"
    write_jwks(path, keys)
    assert '"d"' not in path.read_text()
    found = read_jwks(path)
    assert {(key.kid, key.issuer, key.key_class, key.algorithm) for key in found.values()} == {
        (keys[0].kid, ISSUER, KeyClass.USER, "EdDSA"),
        (keys[1].kid, "service:edge", KeyClass.SERVICE, "EdDSA"),
    }


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": 7}', '{"keys": [7]}'])
def test_what_is_no_key_set_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(content)
    with pytest.raises(KeyFileError):
        read_jwks(path)


@pytest.mark.parametrize("missing", ["kid", "soma_issuer", "soma_class", "kty", "x"])
def test_an_unbound_key_is_refused(tmp_path: Path, missing: str) -> None:
    jwk = make_user_key(ISSUER).public_jwk
    del jwk[missing]
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk]}))
    with pytest.raises(KeyFileError, match="bound"):
        read_jwks(path)


def test_a_shared_secret_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    jwk = {"kty": "oct", "k": "c2VjcmV0", "kid": "1", "soma_issuer": ISSUER, "soma_class": "user"}
    path.write_text(json.dumps({"keys": [jwk]}))
    with pytest.raises(KeyFileError):
        read_jwks(path)


def test_a_missing_or_public_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_key(tmp_path / "none")
    public = tmp_path / "public"
    public.write_text(json.dumps(make_user_key(ISSUER).public_jwk))
    with pytest.raises(KeyFileError, match="no private"):
        read_key(public)


def test_a_signer_takes_only_the_key_of_its_class_and_service(tmp_path: Path) -> None:
    identity = TestIdentity(tmp_path)
    with pytest.raises(ValueError, match="class"):
        UserSigner(identity.service_key_path("chat"))
    with pytest.raises(ValueError, match="class"):
        ServiceSigner("chat", identity.user_key_path)
    with pytest.raises(ValueError, match="service:edge"):
        ServiceSigner("chat", identity.service_key_path("edge"))


def test_a_service_token_is_kept_until_it_is_near_its_end(tmp_path: Path) -> None:
    clock = SetClock()
    signer = TestIdentity(tmp_path, clock=clock).signer("chat")
    first = signer.token_for(user())
    clock.advance(239)
    assert signer.token_for(user()) == first
    assert signer.token_for(user("grace")) != first
    clock.advance(2)
    assert signer.token_for(user()) != first


def test_a_kept_verification_ends_with_its_token(tmp_path: Path) -> None:
    identity = TestIdentity(tmp_path)
    clock = SetClock()
    token = identity.user_token(ttl_seconds=60)
    verifier = identity.verifier()
    assert verifier.verify(token).sub == "ada"
    verifier._clock = clock
    clock.set(clock.now().replace(year=2999))
    with pytest.raises(SomaError) as caught:
        verifier.verify(token)
    assert caught.value.reason is Reason.EXPIRED_TOKEN


def test_a_key_that_leaves_the_set_counts_no_more(tmp_path: Path) -> None:
    identity = TestIdentity(tmp_path)
    token = identity.user_token()
    clock = SetClock()
    verifier = identity.verifier()
    verifier._clock = clock
    verifier._looked_at = clock.monotonic()
    verifier._kept.clear()
    write_jwks(identity.jwks_path, [make_user_key(ISSUER), make_user_key("another")])
    clock.advance(2)
    with pytest.raises(SomaError) as caught:
        verifier.verify(token)
    assert caught.value.reason is Reason.INVALID_TOKEN


def test_scopes_follow_from_roles(tmp_path: Path) -> None:
    identity = TestIdentity(tmp_path)
    verifier = identity.verifier()
    viewer = verifier.verify(identity.user_token(roles=("viewer",)))
    admin = verifier.verify(identity.user_token(roles=("admin",)))
    assert "chat:write" not in viewer.scopes
    assert {"chat:read", "control:read"} <= viewer.scopes < admin.scopes
    assert "governor:write" in admin.scopes
    assert viewer.tenant_id == TENANT
