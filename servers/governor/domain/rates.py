"""How much may be used at most in a minute, and at once: the rules, and the error for one call too many.

What was used is counted by the statement that places the hold.
"""

from dataclasses import dataclass
from typing import Final

from servers.governor.domain.scopes import Scope
from soma_common.kernel.errors import QuotaViolation, SomaError
from soma_common.kernel.reasons import Reason

# When a place is free again nobody knows: a turn that runs ends in seconds, or at its time limit. Looking costs little.
TURN_PAUSE_SECONDS: Final = 2.0

_UNITS: Final = {"calls": "model calls a minute", "tokens": "tokens a minute", "turns": "turns at once"}


@dataclass(frozen=True, slots=True)
class RateRules:
    """Model calls and tokens a minute, and turns at once, of the tenant and of each of its users; 0 is no limit.

    A minute's worth may come at once and then as the minute passes (GCRA, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
    """

    tenant_calls_per_minute: int = 0
    tenant_tokens_per_minute: int = 0
    tenant_concurrent_turns: int = 0
    user_calls_per_minute: int = 0
    user_tokens_per_minute: int = 0
    user_concurrent_turns: int = 0

    @property
    def columns(self) -> list[int] | None:
        """What the statement takes: calls, tokens and turns of the tenant, then of the user; None without any limit."""
        limits = [
            self.tenant_calls_per_minute,
            self.tenant_tokens_per_minute,
            self.tenant_concurrent_turns,
            self.user_calls_per_minute,
            self.user_tokens_per_minute,
            self.user_concurrent_turns,
        ]
        return limits if any(limits) else None


@dataclass(frozen=True, slots=True)
class RateRefusal:
    """One call too many: whose rate, in calls, tokens or turns, what was asked for (of turns: how many run), the limit.

    `wait_seconds` is None for tokens that no wait makes room for, and for turns.
    """

    scope: Scope
    unit: str
    asked: int
    limit: int
    wait_seconds: float | None


def rate_limited(refusal: RateRefusal) -> SomaError:
    """The error for a call that came too early; it says when one of its size is accepted."""
    limit = f"{refusal.limit} {_UNITS[refusal.unit]} of the {refusal.scope.value}"
    wait = refusal.wait_seconds
    if refusal.unit == "turns":
        limit, wait = f"{limit}, and {refusal.asked} run", TURN_PAUSE_SECONDS
    elif wait is None:
        limit = f"{limit}, and this call alone may take {refusal.asked}"
    return SomaError(
        Reason.RATE_LIMITED,
        {"limit": limit},
        retry_after_seconds=wait,
        quota=(QuotaViolation(f"{refusal.scope.value}/{refusal.unit}", limit),),
    )
