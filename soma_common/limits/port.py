"""The port for counting requests against a limit, exactly, over all processes of the installation.

Nothing here knows where the count is, or which requests are limited.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta

from soma_common.kernel.errors import QuotaViolation, SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.limits.policy import RateLimit


@dataclass(frozen=True, slots=True)
class Counting:
    """What a statement is given that counts on its way: the law's two numbers. None for both: it does not count."""

    interval: timedelta | None = None
    tolerance: timedelta | None = None


class RateLimits(ABC):
    """Counts the requests of a user by GCRA, on the clock of the server that counts."""

    @abstractmethod
    async def take(self, tenant_id: TenantId, sub: str, limit: RateLimit) -> None:
        """Counts one request. Raises RATE_LIMITED with the time to wait; a request that is refused is not counted.

        Raises DATABASE_UNAVAILABLE where the count is in PostgreSQL; a Redis that is away lets everybody pass.
        """

    @abstractmethod
    def on_the_way(self, limit: RateLimit) -> Counting | None:
        """How a statement in the house's own database counts by itself; None where it cannot: then `take` first."""

    @abstractmethod
    async def sweep(self) -> None:
        """Forgets everybody who could start afresh anyway; a store that does so by itself has nothing to do."""

    @abstractmethod
    async def close(self) -> None:
        """Ends the connection, where it has one of its own."""


def refusal(sub: str, limit: RateLimit, wait_seconds: float) -> SomaError:
    """RATE_LIMITED for one request too many."""
    return SomaError(
        Reason.RATE_LIMITED,
        {"limit": limit.sentence},
        retry_after_seconds=wait_seconds,
        quota=(QuotaViolation(f"{limit.name}/{sub}", limit.sentence),),
    )
