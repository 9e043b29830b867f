"""The breaker: its table is whole, and it opens, rests and closes as its rule says."""

from itertools import product

from soma_common.kernel.breaker import TRANSITIONS, Breaker, BreakerEvent, BreakerRule, BreakerState

RULE = BreakerRule(failures=3, rest_seconds=10)


def broken(now: float = 0.0) -> Breaker:
    breaker = Breaker(RULE)
    for _ in range(RULE.failures):
        breaker = breaker.failed(now)
    return breaker


def test_every_state_knows_every_event_that_can_meet_it() -> None:
    possible = set(product(BreakerState, BreakerEvent)) - {(BreakerState.CLOSED, BreakerEvent.RESTED)}
    assert set(TRANSITIONS) == possible


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(RULE).failed(0).failed(0).succeeded(0).failed(0).failed(0)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.failed(0).state is BreakerState.OPEN


def test_an_open_one_lets_one_probe_through_after_its_rest() -> None:
    breaker = broken(100.0)
    assert breaker.allows(109.9) == (breaker, False)
    assert breaker.retry_after_seconds(104.0) == 6.0
    probing, first = breaker.allows(110.0)
    assert (probing.state, first) == (BreakerState.HALF_OPEN, True)
    assert probing.allows(110.1)[1] is False


def test_the_probe_decides() -> None:
    probing, _ = broken().allows(10.0)
    assert probing.succeeded(11.0).state is BreakerState.CLOSED
    assert probing.succeeded(11.0).failures_in_a_row == 0
    again = probing.failed(11.0)
    assert again.state is BreakerState.OPEN
    assert again.allows(20.9)[1] is False
    assert again.allows(21.0)[1] is True


def test_a_probe_that_never_answers_does_not_block_for_ever() -> None:
    probing, _ = broken().allows(10.0)
    assert probing.allows(19.9)[1] is False
    assert probing.allows(20.0)[1] is True


def test_late_answers_do_not_close_an_open_one() -> None:
    assert broken().succeeded(1.0).state is BreakerState.OPEN


def test_a_closed_one_never_asks_to_wait() -> None:
    assert Breaker(RULE).retry_after_seconds(5.0) == 0.0
