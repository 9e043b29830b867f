"""How long to wait before the next try: exponential, with full jitter.

Nothing here waits, and the chance is handed in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """The limits grow from `first_seconds` by `factor` up to `longest_seconds`; `max_attempts` counts the first try.

    The wait is drawn between `floor` (a share of the limit, 0 for full jitter) and the limit itself, so that many who
    failed together do not come back together. Source: M. Brooker, "Exponential Backoff And Jitter", AWS 2015.
    """

    first_seconds: float = 0.1
    longest_seconds: float = 10.0
    factor: float = 2.0
    max_attempts: int | None = None
    floor: float = 0.5

    def __post_init__(self) -> None:
        if self.first_seconds <= 0 or self.longest_seconds < self.first_seconds:
            raise ValueError("the waits must be positive and the longest no shorter than the first")
        if self.factor < 1 or not 0 <= self.floor <= 1:
            raise ValueError("the factor must be at least 1 and the floor a share")

    def limit_seconds(self, failures: int) -> float:
        """The longest wait after this many failures (at least 1)."""
        if failures < 1:
            raise ValueError("there is nothing to wait for before the first failure")
        exponent = min(failures - 1, 64)
        return min(self.longest_seconds, self.first_seconds * self.factor**exponent)

    def wait_seconds(self, failures: int, chance: float) -> float | None:
        """The wait after this many failures, `chance` in [0, 1); None when no further try is allowed."""
        if self.max_attempts is not None and failures >= self.max_attempts:
            return None
        return self.limit_seconds(failures) * (self.floor + (1 - self.floor) * chance)
