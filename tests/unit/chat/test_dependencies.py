"""What chat believes of the services and models it calls."""

from dataclasses import replace

import pytest

from servers.chat.dependencies import MODEL_RULE, SERVICE_RULE, Dependencies
from servers.chat.domain.model import ModelProfile
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.health import DependencyState
from soma_common.testing.clock import SetClock

M = ModelProfile("m", "custom", "m", "http://models/v1", 8192, 1024)
DOWN = SomaError(Reason.MODEL_UNAVAILABLE, {"model": "m", "problem": "HTTP 503"})


async def fail() -> None:
    raise SomaError(Reason.DEADLINE_EXCEEDED)


async def answer() -> str:
    return "here"


async def test_a_silent_service_is_left_alone_for_a_while() -> None:
    clock = SetClock()
    seen = Dependencies(clock)
    for _ in range(SERVICE_RULE.failures):
        with pytest.raises(SomaError, match="DEADLINE_EXCEEDED"):
            await seen.ask("memory", fail)
    with pytest.raises(SomaError, match="DEPENDENCY_DOWN"):
        await seen.ask("memory", answer)
    clock.advance(SERVICE_RULE.rest_seconds)
    assert await seen.ask("memory", answer) == "here"
    assert await seen.ask("memory", answer) == "here"


def fallen(clock: SetClock) -> Dependencies:
    seen = Dependencies(clock)
    for _ in range(MODEL_RULE.failures):
        assert seen.model_allows(M)
        seen.model_failed(M, DOWN)
    assert not seen.model_allows(M)
    return seen


def test_after_its_rest_a_model_counts_as_up_until_a_call_says_otherwise() -> None:
    clock = SetClock()
    seen = fallen(clock)
    clock.advance(MODEL_RULE.rest_seconds)
    assert [seen.model_allows(M) for _ in range(4)] == [True] * 4
    seen.model_failed(M, DOWN)
    assert not seen.model_allows(M)
    clock.advance(MODEL_RULE.rest_seconds)
    assert seen.model_allows(M)
    seen.model_answered(M)
    assert seen.model_allows(M)


def test_a_silence_counts_twice() -> None:
    seen = Dependencies(SetClock())
    for _ in range(3):
        assert seen.model_allows(M)
        seen.model_failed(M, SomaError(Reason.MODEL_TIMEOUT, {"model": "m", "timeout_seconds": "20"}))
    assert not seen.model_allows(M)


def test_a_refusal_is_an_answer() -> None:
    seen = Dependencies(SetClock())
    for _ in range(MODEL_RULE.failures * 2):
        assert seen.model_allows(M)
        seen.model_failed(M, SomaError(Reason.MODEL_RATE_LIMITED))
    assert seen.model_allows(M)


@pytest.mark.parametrize("change", [{"model": "n"}, {"base_url": "http://elsewhere/v1"}, {"provider": "ollama"}])
def test_one_fallen_model_leaves_the_others_also_those_of_its_name(change: dict[str, str]) -> None:
    assert fallen(SetClock()).model_allows(replace(M, **change))  # type: ignore[arg-type]


def test_one_model_has_one_fate_under_whatever_name() -> None:
    assert not fallen(SetClock()).model_allows(replace(M, profile_id="another"))


async def test_what_is_reported_are_breakers_that_rest_and_the_model_that_tenants_share() -> None:
    clock = SetClock()
    seen = fallen(clock)
    for _ in range(SERVICE_RULE.failures):
        with pytest.raises(SomaError):
            await seen.ask("memory", fail)
    assert [(sight.name, sight.state) for sight in seen.sights(M)] == [
        ("memory", DependencyState.DOWN),
        ("model", DependencyState.DOWN),
    ]
    # Another tenant's model, which nobody shares, is nobody else's affair; one that others stand in for is not down.
    other = replace(M, base_url="http://elsewhere/v1")
    assert [sight.name for sight in seen.sights(other)] == ["memory"]
    assert [sight.state for sight in seen.sights(replace(M, fallbacks=(other,)))][1:] == [DependencyState.DEGRADED]
    clock.advance(MODEL_RULE.rest_seconds)
    assert list(seen.sights(M)) == []
    seen.model_allows(M)
    seen.model_answered(M)
    assert [(sight.name, sight.state) for sight in seen.sights(M)] == [("model", DependencyState.UP)]
