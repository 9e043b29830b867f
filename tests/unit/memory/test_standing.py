"""Whether a memory is in recall, as of any time in the world and of knowing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from servers.memory.domain.memory import Retired
from servers.memory.domain.standing import in_recall, is_expired
from tests.unit.memory.given import memory

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOLD = memory("Ada lives in Porto.", NOW - timedelta(days=100))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def standing(valid: float | None = None, learned: float | None = None, **fields: Any) -> bool:
    """Whether it is in recall as of so many days ago."""
    as_of = [None if days is None else ago(days) for days in (valid, learned)]
    return in_recall(replace(TOLD, **fields), NOW, *as_of)


def test_what_holds_is_in_recall_from_its_begin_to_its_end() -> None:
    assert standing()
    assert [standing(valid=days) for days in (101, 100, 1)] == [False, True, True]
    ended: dict[str, Any] = {"valid_to": ago(10)}
    assert [standing(valid=days, **ended) for days in (11, 10, 9)] == [True, False, False]
    assert not standing(**ended)
    assert not standing(valid_from=NOW + timedelta(days=1))


def test_what_was_learned_later_was_not_known_then() -> None:
    assert [standing(learned=days) for days in (101, 100, 1)] == [False, True, True]
    # What holds since long before it was learned is found for then, but was not known then.
    early: dict[str, Any] = {"valid_from": ago(500)}
    assert standing(valid=400, **early)
    assert not standing(valid=400, learned=400, **early)


def test_what_holds_since_it_was_learned_holds_now_whatever_the_clocks_of_two_processes_say() -> None:
    ahead = NOW + timedelta(seconds=3)
    assert standing(learn_time=ahead, valid_from=ahead)
    assert not standing(learn_time=NOW, valid_from=ahead)


@pytest.mark.parametrize("reason", [Retired.SUPERSEDED, Retired.CORRECTED])
def test_what_was_replaced_tells_what_held_before_and_until_then_nobody_knew(reason: Retired) -> None:
    replaced: dict[str, Any] = {"retire_time": ago(10), "retire_reason": reason, "valid_to": ago(30)}
    assert not standing(**replaced)
    assert [standing(valid=days, **replaced) for days in (31, 30, 20)] == [True, False, False]
    # Eleven days ago it was believed to hold still.
    assert standing(valid=20, learned=11, **replaced)
    assert not standing(valid=20, learned=9, **replaced)
    assert not standing(**replaced | {"valid_to": None})


@pytest.mark.parametrize("reason", [Retired.SWEPT, Retired.CONSOLIDATED])
def test_what_rests_is_out_of_recall_whatever_it_tells(reason: Retired) -> None:
    resting: dict[str, Any] = {"retire_time": ago(10), "retire_reason": reason}
    assert not standing(**resting)
    assert not standing(valid=50, **resting)
    assert [standing(valid=50, learned=days, **resting) for days in (11, 9)] == [True, False]


def test_what_is_hidden_or_expired_is_in_no_recall_of_any_time() -> None:
    for gone in ({"hidden_by": 1}, {"expire_time": NOW}, {"expire_time": ago(1)}):
        assert not standing(**gone)
        assert not standing(valid=50, learned=50, **gone)
    later = replace(TOLD, expire_time=NOW + timedelta(microseconds=1))
    assert in_recall(later, NOW)
    assert not is_expired(later, NOW)
    assert not is_expired(TOLD, NOW)
    assert is_expired(replace(TOLD, expire_time=NOW), NOW)
