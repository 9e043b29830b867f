"""What happens to an event whose effect failed: how soon it is tried again, and what its successors do meanwhile.

Pure: chance is handed in, and nothing here waits.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from soma_common.kernel.backoff import Backoff

_QUICK: Final = Backoff(first_seconds=0.5, longest_seconds=10.0, max_attempts=5)


class WhenParked(StrEnum):
    """What later events of the same stream do while one of them is not done."""

    WAIT = "wait"
    PASS = "pass"


class LetterStatus(StrEnum):
    """How a dead letter stands."""

    RETRYING = "retrying"
    WAITING = "waiting"
    PARKED = "parked"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a letter after a failure; without `again_after_seconds` a person has to say."""

    status: LetterStatus
    again_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class LetterPolicy:
    """The policy of a consumer, or of one of its topics.

    `quick` are the first tries; then the event is parked and tried again every `later_seconds`, `later_times` times.
    A try that has not ended after `lease_seconds`, because its process did, is made by somebody else.
    """

    when_parked: WhenParked = WhenParked.WAIT
    quick: Backoff = _QUICK
    later_seconds: float = 3600.0
    later_times: int = 3
    lease_seconds: float = 60.0

    @property
    def passes(self) -> bool:
        """Whether later events of the stream go on."""
        return self.when_parked is WhenParked.PASS

    def after(self, failures: int, chance: float) -> Decision:
        """What to do after so many failures (at least 1); `chance` in [0, 1)."""
        wait_seconds = self.quick.wait_seconds(failures, chance)
        if wait_seconds is not None:
            return Decision(LetterStatus.RETRYING, wait_seconds)
        later = failures - (self.quick.max_attempts or failures)
        return Decision(LetterStatus.PARKED, self.later_seconds if later < self.later_times else None)
