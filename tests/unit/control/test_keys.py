"""The form of API keys, what one may be allowed, and how often one may be guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from servers.control.domain.keys import ApiKey, Grant, WrongTries, checked_sub, demand_within, grant
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.security.api_keys import derive_api_key, derive_key_id, is_api_key, make_key_id, parse_api_key
from soma_common.security.roles import INSTALLATION_SCOPES, ROLE_SCOPES, installation_scopes_for, scopes_for
from soma_common.testing.identity import TENANT, user

ROOT = b"r" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ApiKey("k" * 16, TENANT, "ci", "ada", "member", ("chat:read",), "ada", NOW)


def test_a_key_is_read_back_as_it_was_written() -> None:
    key = derive_api_key(ROOT, make_key_id(), "request")
    assert is_api_key(key.text)
    assert parse_api_key(key.text) == key


def test_a_key_follows_from_root_id_and_request_and_from_nothing_less() -> None:
    key_id = derive_key_id(ROOT, "request")
    key = derive_api_key(ROOT, key_id, "request")
    assert derive_api_key(ROOT, derive_key_id(ROOT, "request"), "request") == key
    others = (
        derive_api_key(b"s" * 32, key_id, "request"),
        derive_api_key(ROOT, make_key_id(), "request"),
        derive_api_key(ROOT, key_id, "another"),
    )
    assert key.secret not in {other.secret for other in others}
    assert len({other.secret for other in others}) == 3


def test_a_secret_has_256_bits() -> None:
    assert 36 ** len(derive_api_key(ROOT, make_key_id(), "request").secret) >= 2**256


def test_a_key_does_not_show_its_secret_when_it_is_printed() -> None:
    key = derive_api_key(ROOT, make_key_id(), "request")
    assert key.secret not in repr(key)
    assert key.key_id in repr(key)


@pytest.mark.parametrize(
    "text",
    ["", "soma_", "soma_abc_def", "soma__", f"soma_{'k' * 16}_{'s' * 49}", f"soma_{'k' * 16}_{'S' * 50}", "eyJ.e.s"],
)
def test_what_has_another_form_is_no_key(text: str) -> None:
    assert parse_api_key(text) is None


def test_a_key_without_scopes_has_those_of_its_role_that_the_maker_has() -> None:
    maker = replace(user(roles=("operator",)), scopes=frozenset(("chat:read", "keys:write")))
    assert grant(maker, "", frozenset(), ROLE_SCOPES) == Grant("member", ("chat:read",))


@pytest.mark.parametrize(("role", "scopes"), [("admin", ()), ("viewer", ("governor:write",)), ("viewer", ("no:such",))])
def test_nobody_grants_what_he_has_not(role: str, scopes: tuple[str, ...]) -> None:
    with pytest.raises(SomaError) as refused:
        grant(user(roles=("operator",)), role, frozenset(scopes), ROLE_SCOPES)
    assert refused.value.reason is Reason.SCOPE_MISSING


def test_the_scopes_of_the_installation_come_by_no_role_and_are_handed_on_only_by_name() -> None:
    assert not INSTALLATION_SCOPES & scopes_for(ROLE_SCOPES)
    owner = replace(user(roles=("admin",)), scopes=installation_scopes_for(("admin",)))
    assert not INSTALLATION_SCOPES & set(grant(owner, "admin", frozenset(), ROLE_SCOPES).scopes)
    assert grant(owner, "admin", frozenset(("tenants:read",)), ROLE_SCOPES).scopes == ("tenants:read",)
    demand_within(owner, Grant("admin", tuple(INSTALLATION_SCOPES)))
    assert installation_scopes_for(("operator",)) == scopes_for(("operator",))


@pytest.mark.parametrize("sub", ["", "  ", "service:chat", "a\nb"])
def test_a_key_acts_for_a_person(sub: str) -> None:
    with pytest.raises(SomaError) as refused:
        checked_sub(sub, "sub")
    assert refused.value.reason is Reason.INVALID_FIELD


def test_a_key_is_in_force_until_its_end_or_its_revocation() -> None:
    hour = timedelta(hours=1)
    assert KEY.in_force(NOW)
    ending = replace(KEY, expire_time=NOW + hour)
    assert ending.in_force(NOW + hour - timedelta(seconds=1))
    assert not ending.in_force(NOW + hour)
    assert not replace(KEY, revoke_time=NOW).in_force(NOW)
    rotated = replace(KEY, previous_expire_time=NOW + hour)
    assert (rotated.has_previous(NOW), rotated.has_previous(NOW + hour)) == (True, False)


def test_an_id_is_tried_in_vain_ten_times_and_then_every_six_seconds() -> None:
    tries, other = WrongTries(), str(uuid4())
    for _ in range(10):
        assert tries.wait("key", 0.0) is None
        tries.note("key", 0.0)
    assert tries.wait("key", 0.0) == pytest.approx(6.0)
    assert tries.wait("key", 5.9) is not None
    assert tries.wait("key", 6.0) is None
    assert tries.wait(other, 0.0) is None
