"""The ledger in values: whatever happens in whatever order, counters stay true and hard limits hold."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from servers.governor.domain.ledger import Amount, BudgetState, Refusal, need_of_call, place_hold
from servers.governor.domain.periods import Period, period_end, period_start
from soma_common.kernel.money import Price, Usage, cost
from tests.property.governor.strategies import NOW, fresh, prices

needs = st.builds(Amount, st.integers(0, 400), st.integers(0, 40))


class LedgerMachine(RuleBasedStateMachine):
    """Holds, releases and settlements on a hard and a soft budget; days pass."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.budgets: tuple[BudgetState, ...] = (
            fresh(Period.DAY, Amount(1000, 0)),
            fresh(Period.MONTH, Amount(0, 150)),
            fresh(Period.TOTAL, Amount(500, 0), hard=False),
        )
        self.open: dict[int, Amount] = {}
        self.settled = Amount()
        self.debt_ever = False

    @rule(target=holds, need=needs)
    def hold(self, need: Amount) -> int:
        number = len(self.open) + 1000 * self.settled.tokens
        while number in self.open:
            number += 1
        placed = place_hold(self.budgets, need)
        if isinstance(placed, Refusal):
            budget = next(budget for budget in self.budgets if budget.period is placed.period)
            assert budget.hard
            assert placed.spent + (need.tokens if placed.unit == "tokens" else need.micros) > placed.limit
            return -1
        self.budgets = placed
        self.open[number] = need
        return number

    @rule(number=holds)
    def release(self, number: int) -> None:
        held = self.open.pop(number, None)
        if held is not None:
            self.budgets = tuple(budget.without_hold(held) for budget in self.budgets)

    @rule(number=holds, used=needs)
    def settle(self, number: int, used: Amount) -> None:
        held = self.open.pop(number, None)
        if held is not None:
            self.budgets = tuple(budget.settled(held, used) for budget in self.budgets)
            self.settled += used
            self.debt_ever = self.debt_ever or used.beyond(held) != Amount()

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.budgets = tuple(budget.at(self.now) for budget in self.budgets)

    @invariant()
    def what_is_held_is_the_sum_of_open_holds(self) -> None:
        total = sum(self.open.values(), Amount())
        assert all(budget.held == total for budget in self.budgets)

    @invariant()
    def no_counter_is_negative_and_nothing_used_is_lost(self) -> None:
        for budget in self.budgets:
            assert min(budget.used.tokens, budget.used.micros, budget.debt.tokens, budget.debt.micros) >= 0
        total = next(budget for budget in self.budgets if budget.period is Period.TOTAL)
        assert total.used == self.settled

    @invariant()
    def without_debt_a_hard_limit_is_never_exceeded(self) -> None:
        for budget in self.budgets:
            if budget.hard and not self.debt_ever:
                assert not budget.limit.tokens or budget.used.tokens + budget.held.tokens <= budget.limit.tokens
                assert not budget.limit.micros or budget.used.micros + budget.held.micros <= budget.limit.micros

    @invariant()
    def what_exceeds_a_hard_limit_is_debt(self) -> None:
        for budget in self.budgets:
            if budget.hard and budget.limit.tokens:
                assert budget.used.tokens + budget.held.tokens <= budget.limit.tokens + budget.debt.tokens


TestLedger = LedgerMachine.TestCase


@given(prices, st.integers(0, 10**6), st.integers(0, 10**6), st.data())
def test_no_call_within_its_size_costs_more_than_its_hold(
    price: Price, given_tokens: int, answer: int, data: st.DataObject
) -> None:
    sent = data.draw(st.integers(0, given_tokens))
    answered = data.draw(st.integers(0, answer))
    usage = Usage(sent, data.draw(st.integers(0, sent)), answered, data.draw(st.integers(0, answered)))
    need = need_of_call(price, given_tokens, answer)
    assert cost(price, usage) <= need.micros
    assert sent + answered <= need.tokens


@given(st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_every_moment_lies_in_its_period_and_the_next_one_begins_at_its_end(now: datetime) -> None:
    for period in (Period.DAY, Period.MONTH):
        start, end = period_start(period, now), period_end(period, now)
        assert end is not None
        assert start <= now < end
        assert period_start(period, end) == end
        assert period_start(period, end - timedelta(microseconds=1)) == start
    assert period_end(Period.TOTAL, now) is None
