"""A circuit breaker as a table: which event leads from which state to which.

Pure: time is handed in, nothing is called. A use is `allows` before the call and `succeeded` or `failed` after it.

    CLOSED --failure, the threshold is reached--> OPEN --the rest is over, a probe is let through--> HALF_OPEN
    HALF_OPEN --success--> CLOSED            HALF_OPEN --failure--> OPEN (again for the whole rest)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerEvent(StrEnum):
    """What can happen to a breaker."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FAILED_TOO_OFTEN = "failed_too_often"
    RESTED = "rested"


_S = BreakerState
_E = BreakerEvent

TRANSITIONS: Final[Mapping[tuple[BreakerState, BreakerEvent], BreakerState]] = {
    (_S.CLOSED, _E.SUCCEEDED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED): _S.CLOSED,
    (_S.CLOSED, _E.FAILED_TOO_OFTEN): _S.OPEN,
    (_S.OPEN, _E.RESTED): _S.HALF_OPEN,
    # Answers of calls that were under way when the breaker opened change nothing.
    (_S.OPEN, _E.SUCCEEDED): _S.OPEN,
    (_S.OPEN, _E.FAILED): _S.OPEN,
    (_S.OPEN, _E.FAILED_TOO_OFTEN): _S.OPEN,
    (_S.HALF_OPEN, _E.SUCCEEDED): _S.CLOSED,
    (_S.HALF_OPEN, _E.FAILED): _S.OPEN,
    (_S.HALF_OPEN, _E.FAILED_TOO_OFTEN): _S.OPEN,
    # The probe was let through but its answer never came: another one may go.
    (_S.HALF_OPEN, _E.RESTED): _S.HALF_OPEN,
}


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """Opens after `failures` failures in a row; rests `rest_seconds` before one probe is let through."""

    failures: int = 5
    rest_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one breaker; every method gives the next one. `since` is in seconds of a monotonic clock."""

    rule: BreakerRule = BreakerRule()
    state: BreakerState = BreakerState.CLOSED
    failures_in_a_row: int = 0
    since: float = 0.0

    def allows(self, now: float) -> tuple["Breaker", bool]:
        """The breaker after asking, and whether this call may go; after the rest exactly one caller gets a yes."""
        if self.state is BreakerState.CLOSED:
            return self, True
        if now - self.since < self.rule.rest_seconds:
            return self, False
        return self._after(BreakerEvent.RESTED, now, self.failures_in_a_row, restart=True), True

    def succeeded(self, now: float) -> "Breaker":
        """A call that went went well."""
        if self.state is BreakerState.OPEN:
            return self
        return self._after(BreakerEvent.SUCCEEDED, now, 0)

    def failed(self, now: float) -> "Breaker":
        """A call that went failed."""
        count = self.failures_in_a_row + 1
        event = BreakerEvent.FAILED_TOO_OFTEN if count >= self.rule.failures else BreakerEvent.FAILED
        return self._after(event, now, count)

    def retry_after_seconds(self, now: float) -> float:
        """How long until a probe may go; 0 when calls go through."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        return max(0.0, self.rule.rest_seconds - (now - self.since))

    def _after(self, event: BreakerEvent, now: float, failures: int, *, restart: bool = False) -> "Breaker":
        state = TRANSITIONS[self.state, event]
        since = now if restart or state is not self.state else self.since
        return replace(self, state=state, failures_in_a_row=failures, since=since)
