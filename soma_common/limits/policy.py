"""What a rate limit allows, as plain values.

Nothing here counts or knows a store.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests per period, of which a burst may come at once.

    The counting law is GCRA: requests are spaced by `period_seconds / requests`, and a burst may run ahead of that
    spacing by `burst - 1` requests. `burst` defaults to `requests`: a whole period's worth at once.
    """

    name: str
    requests: int
    period_seconds: float
    burst: int = 0

    def __post_init__(self) -> None:
        if not self.name or self.requests < 1 or self.period_seconds <= 0 or self.burst < 0:
            raise ValueError(f"a rate limit needs a name, at least one request and a period: {self}")

    @property
    def interval_seconds(self) -> float:
        """The spacing of requests in a steady flow."""
        return self.period_seconds / self.requests

    @property
    def tolerance_seconds(self) -> float:
        """How far a burst may run ahead of the steady flow."""
        return self.interval_seconds * ((self.burst or self.requests) - 1)

    @property
    def sentence(self) -> str:
        """The limit in words, for the person who meets it."""
        return f"{self.requests} in {self.period_seconds:g} s are allowed"
