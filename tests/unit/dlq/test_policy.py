"""How often and how soon a failed event is tried again."""

from soma_common.dlq.policy import Decision, LetterPolicy, LetterStatus, WhenParked
from soma_common.kernel.backoff import Backoff

QUICK = Backoff(first_seconds=1.0, longest_seconds=4.0, max_attempts=4)
POLICY = LetterPolicy(quick=QUICK, later_seconds=3600.0, later_times=2)


def test_the_first_failures_are_tried_again_ever_later() -> None:
    decisions = [POLICY.after(failures, 1.0) for failures in (1, 2, 3)]
    assert decisions == [Decision(LetterStatus.RETRYING, seconds) for seconds in (1.0, 2.0, 4.0)]


def test_then_it_is_parked_and_tried_a_few_times_more_and_then_a_person_has_to_say() -> None:
    assert [POLICY.after(failures, 0.0) for failures in (4, 5)] == [Decision(LetterStatus.PARKED, 3600.0)] * 2
    assert POLICY.after(6, 0.0) == Decision(LetterStatus.PARKED, None)
    assert POLICY.after(60, 0.0) == Decision(LetterStatus.PARKED, None)


def test_by_default_a_stream_waits_for_its_event() -> None:
    assert not LetterPolicy().passes
    assert LetterPolicy(WhenParked.PASS).passes
