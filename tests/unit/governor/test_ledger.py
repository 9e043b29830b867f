"""The ledger's arithmetic by example."""

from datetime import UTC, datetime

from servers.governor.domain.ledger import Amount, BudgetState, Refusal, budget_exhausted, place_hold
from servers.governor.domain.periods import Period, period_end, period_start

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def a_day(limit: int, used: int = 0, held: int = 0, debt: int = 0, hard: bool = True) -> BudgetState:
    start = period_start(Period.DAY, NOW)
    return BudgetState(Period.DAY, start, Amount(limit, 0), hard, Amount(used), Amount(held), Amount(debt))


def test_periods_begin_and_end_in_utc() -> None:
    assert period_end(Period.DAY, NOW) == datetime(2026, 2, 1, tzinfo=UTC)
    assert period_start(Period.MONTH, NOW) == datetime(2026, 1, 1, tzinfo=UTC)
    assert period_end(Period.MONTH, datetime(2026, 12, 31, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert period_end(Period.TOTAL, NOW) is None


def test_all_budgets_hold_or_none() -> None:
    total = BudgetState(Period.TOTAL, NOW, Amount(0, 5))
    assert place_hold((a_day(100), total), Amount(50, 6)) == Refusal(Period.TOTAL, "micros", 0, 5)
    placed = place_hold((a_day(100), total), Amount(50, 5))
    assert not isinstance(placed, Refusal)
    assert [budget.held for budget in placed] == [Amount(50, 5)] * 2


def test_a_need_of_nothing_fits_even_an_overdrawn_budget() -> None:
    overdrawn = a_day(100, used=150, debt=50)
    assert place_hold((overdrawn,), Amount()) == (overdrawn,)
    assert isinstance(place_hold((overdrawn,), Amount(1)), Refusal)


def test_a_new_day_forgets_use_but_not_uncovered_debt() -> None:
    later = datetime(2026, 2, 1, 0, 1, tzinfo=UTC)
    assert a_day(100, used=80, held=10).at(later).used == Amount()
    assert a_day(100, used=80, held=10).at(later).held == Amount(10)
    overdrawn = a_day(100, used=130, debt=50).at(later)
    assert (overdrawn.used, overdrawn.debt) == (Amount(30), Amount(30))
    assert a_day(100, used=130, debt=50, hard=False).at(later).used == Amount()


def test_a_budget_without_an_end_does_not_promise_one() -> None:
    error = budget_exhausted(Refusal(Period.TOTAL, "tokens", 10, 10), NOW)
    assert error.metadata["resets_at"] == "never"
    assert error.retry_after_seconds is None
