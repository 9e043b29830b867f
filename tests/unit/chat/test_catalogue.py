"""A tenant's models as values: ids, the default, what stands before what; and the keys that open them."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from servers.chat.domain.catalogue import (
    Catalogue,
    KnownModel,
    OwnProfile,
    fallback_problem,
    is_profile_id,
    merged,
    profile_id_of,
)
from servers.chat.models.keys import FRESH_SECONDS, Keys
from servers.chat.models.profiles import OFFLINE_PROFILE, called
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Price
from soma_common.kernel.reasons import Reason
from soma_common.security.secrets import FileSecrets
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT

KEY_ID = UUID("0198c0de-0000-7000-8000-000000000001")
MINE = OwnProfile("mine", "groq", "llama", None, 8192, 1024, Price(), tools=True, tokenizer="")
SETTINGS = Catalogue(0, {"offline": KnownModel(OFFLINE_PROFILE)}, "offline")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("openai/GPT-4.1", "openai-gpt-4.1"),
        ("llama3.2:3b", "llama3.2-3b"),
        ("../../etc", "etc"),
        ("日本", ""),
        ("a" * 300, "a" * 100),
    ],
)
def test_an_id_is_made_of_a_models_name(model: str, expected: str) -> None:
    assert profile_id_of(model) == expected
    assert is_profile_id(expected) == bool(expected)


def test_a_default_that_is_gone_gives_way_to_the_settings() -> None:
    own = {"mine": KnownModel(called(MINE, TENANT), MINE)}
    assert merged(SETTINGS, own, 3, "mine", {}).default_id == "mine"
    assert merged(SETTINGS, own, 3, "gone", {}).default_id == "offline"
    assert merged(SETTINGS, own, 3, None, {}).default_id == "offline"
    found = merged(SETTINGS, own, 3, "mine", {}).find("")
    assert found is not None
    assert found.profile.profile_id == "mine"


def test_fallbacks_are_the_models_alone_and_those_that_are_gone_are_passed_over() -> None:
    yours = replace(MINE, profile_id="yours")
    own = {each.profile_id: KnownModel(called(each, TENANT), each) for each in (MINE, yours)}
    lists = {"mine": ("gone", "yours"), "yours": ("mine",), "offline": ("yours", "mine"), "nobody": ("mine",)}
    found = merged(replace(SETTINGS, patience_seconds=7), own, 3, None, lists)
    assert {name: known.fallback_ids for name, known in found.models.items()} == {
        "mine": ("yours",),
        "yours": ("mine",),
        "offline": ("yours", "mine"),
    }
    profiles = [known.profile for known in found.models.values()]
    assert all(each.fallbacks == () for profile in profiles for each in profile.fallbacks)
    everybody = [*profiles, *(each for profile in profiles for each in profile.fallbacks)]
    assert {(each.first_token_timeout_seconds, each.gap_timeout_seconds) for each in everybody} == {(7, 7)}
    assert profiles[0].named("mine").profile_id == "mine"
    assert profiles[0].named("gone") is profiles[0]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [(["mine"], "own place"), (["offline"], "answers nothing"), (["yours", "gone"], "no model gone"), ([], None)],
)
def test_who_cannot_stand_in_is_told_why(wanted: list[str], problem: str | None) -> None:
    yours = replace(MINE, profile_id="yours")
    own = {each.profile_id: KnownModel(called(each, TENANT), each) for each in (MINE, yours)}
    told = fallback_problem("mine", wanted, merged(SETTINGS, own, 3, None, {}))
    assert (told is None) if problem is None else (told is not None and problem in told)


def test_a_key_is_for_the_address_it_was_given_for() -> None:
    assert called(MINE, TENANT).key_name == "groq"
    assert called(replace(MINE, base_url="http://models/v1"), TENANT).key_name == ""
    own = called(replace(MINE, base_url="http://models/v1", key_id=KEY_ID), TENANT)
    assert own.key_name == f"{TENANT}/mine/{KEY_ID}"
    assert called(replace(MINE, provider="ollama"), TENANT).key_name == ""
    assert called(replace(MINE, provider="anthropic"), TENANT).protocol == "litellm"


async def test_a_providers_key_is_read_again_after_a_while_and_a_profiles_own_never(tmp_path: Path) -> None:
    clock, secrets, own_name = SetClock(), FileSecrets(tmp_path), f"{TENANT}/mine/1"
    keys = Keys(secrets, {"installation": "given"}, clock)
    groq, mine = replace(OFFLINE_PROFILE, key_name="groq"), replace(OFFLINE_PROFILE, key_name=own_name)
    assert await keys.of(OFFLINE_PROFILE) is None
    assert await keys.of(replace(OFFLINE_PROFILE, key_name="installation")) == "given"
    for value in ("first", "second"):
        await secrets.write("groq", value)
        await secrets.write(own_name, value)
        assert (await keys.of(groq), await keys.of(mine)) == ("first", "first")
    clock.advance(FRESH_SECONDS + 1)
    assert (await keys.of(groq), await keys.of(mine)) == ("second", "first")
    await secrets.delete("groq")
    clock.advance(FRESH_SECONDS + 1)
    assert await keys.of(groq) == "second", "a key that is known goes on working"


async def test_a_key_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(SomaError) as refused:
        await Keys(FileSecrets(tmp_path), {}, SetClock()).of(replace(OFFLINE_PROFILE, key_name="groq"))
    assert refused.value.reason is Reason.SECRETS_UNAVAILABLE
