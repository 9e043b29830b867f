"""How many messages a user may send, on whatever way they come: counted with the turn that is stored.

A repeated request is found before and costs nothing. Nothing here knows where the count is.
"""

from collections import OrderedDict
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.limits import Counting, RateLimit, RateLimits, refusal

_KEPT: Final = 10_000


class Allowance:
    """So many messages a minute for each user, all of them at once if they like."""

    def __init__(self, rates: RateLimits, messages_per_minute: int, clock: Clock) -> None:
        self.limit: Final = RateLimit("messages", messages_per_minute, 60.0)
        self._rates = rates
        self._clock = clock
        self._refused_until: OrderedDict[tuple[TenantId, str], float] = OrderedDict()

    async def take(self, caller: Caller) -> Counting:
        """Counts a message, or says how the statement that stores its turn counts it. Raises RATE_LIMITED.

        Whoever was refused is refused until its time without a question: nothing that others do makes it earlier.
        """
        key = (caller.tenant_id, caller.sub)
        wait = self._refused_until.get(key, 0.0) - self._clock.monotonic()
        if wait > 0:
            raise refusal(caller.sub, self.limit, wait)
        counting = self._rates.on_the_way(self.limit)
        if counting is None:
            try:
                await self._rates.take(caller.tenant_id, caller.sub, self.limit)
            except SomaError as error:
                self._note(key, error.retry_after_seconds or 0.0)
                raise
            return Counting()
        return counting

    def refused(self, caller: Caller, wait_seconds: float) -> SomaError:
        """RATE_LIMITED for a message that the statement did not take."""
        self._note((caller.tenant_id, caller.sub), wait_seconds)
        return refusal(caller.sub, self.limit, wait_seconds)

    def _note(self, key: tuple[TenantId, str], wait_seconds: float) -> None:
        self._refused_until[key] = self._clock.monotonic() + wait_seconds
        self._refused_until.move_to_end(key)
        if len(self._refused_until) > _KEPT:
            self._refused_until.popitem(last=False)

    async def sweep(self) -> None:
        """Forgets who sent nothing for a while."""
        await self._rates.sweep()
