"""What chat believes of the services and models it calls."""

import pytest

from servers.chat.dependencies import MODEL_RULE, SERVICE_RULE, Dependencies
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.clock import SetClock

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
        assert seen.model_allows("m")
        seen.model_failed("m", DOWN)
    assert not seen.model_allows("m")
    return seen


def test_after_its_rest_a_model_counts_as_up_until_a_call_says_otherwise() -> None:
    clock = SetClock()
    seen = fallen(clock)
    clock.advance(MODEL_RULE.rest_seconds)
    assert [seen.model_allows("m") for _ in range(4)] == [True] * 4
    seen.model_failed("m", DOWN)
    assert not seen.model_allows("m")
    clock.advance(MODEL_RULE.rest_seconds)
    assert seen.model_allows("m")
    seen.model_answered("m")
    assert seen.model_allows("m")


def test_a_refusal_is_an_answer() -> None:
    seen = Dependencies(SetClock())
    for _ in range(MODEL_RULE.failures * 2):
        assert seen.model_allows("m")
        seen.model_failed("m", SomaError(Reason.MODEL_RATE_LIMITED))
    assert seen.model_allows("m")


def test_one_fallen_model_leaves_the_others() -> None:
    assert fallen(SetClock()).model_allows("another")
