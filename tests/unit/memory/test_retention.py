"""How much of a memory is left, and what is said of one that goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from servers.memory.domain.memory import Kind, Retired
from servers.memory.domain.retention import SweepReason, retention, sentence, verdict
from tests.unit.memory.given import memory

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=120)
PLAIN = memory("The bus was late.", OLD)


@pytest.mark.parametrize(
    ("kind", "days", "accesses", "left"),
    [
        (Kind.EPISODIC, 0, 0, 0.5),
        (Kind.EPISODIC, 30, 0, 0.25),
        (Kind.EPISODIC, 60, 0, 0.125),
        (Kind.SEMANTIC, 365, 0, 0.25),
        (Kind.PROCEDURAL, 730, 0, 0.125),
        (Kind.EPISODIC, 30, 1, 0.25 + 0.0693147),
        (Kind.EPISODIC, -5, 0, 0.5),
        (Kind.EPISODIC, 1e6, 0, 0.0),
    ],
)
def test_what_is_left_halves_with_its_kind_and_recalls_add(kind: Kind, days: float, accesses: int, left: float) -> None:
    assert retention(kind, 0.5, timedelta(days=days), accesses) == pytest.approx(left, abs=1e-6)


def test_being_recalled_lately_makes_nothing_young() -> None:
    lately = replace(PLAIN, access_time=NOW)
    assert verdict(lately, NOW, 0.05) == verdict(PLAIN, NOW, 0.05) is not None
    assert verdict(replace(lately, access_count=1), NOW, 0.05) is None
    assert verdict(replace(lately, access_count=1), NOW, 0.2) is not None


def test_the_limit_itself_stays() -> None:
    exact = replace(PLAIN, learn_time=NOW - timedelta(days=30), importance=0.5)
    assert verdict(exact, NOW, 0.25) is None


@pytest.mark.parametrize(
    "fields", [{"pinned": True}, {"hidden_by": 2}, {"retire_time": OLD, "retire_reason": Retired.SUPERSEDED}]
)
def test_some_are_never_swept(fields: dict[str, object]) -> None:
    for expires in (None, OLD):
        assert verdict(replace(PLAIN, expire_time=expires, **fields), NOW, 1.0) is None  # type: ignore[arg-type]


def test_sentences_tell_the_numbers_apart() -> None:
    assert sentence(PLAIN, SweepReason.FADED, 0.03125, NOW, 0.05) == (
        "It mattered 0.50, is 120 days old and was never recalled: 0.03 of it is left, and 0.05 is the limit."
    )
    near = sentence(replace(PLAIN, access_count=1), SweepReason.FADED, 0.0499, NOW, 0.05)
    assert near.endswith("was recalled once: 0.0499 of it is left, and 0.0500 is the limit.")
    expired = replace(PLAIN, expire_time=datetime(2026, 4, 30, tzinfo=UTC))
    assert sentence(expired, SweepReason.EXPIRED, 0.4, NOW, 0.05) == "Its time to live ended on 30 April 2026."
