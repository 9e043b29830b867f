"""The arithmetic of the ledger: what a hold needs, what a budget has left, what a settlement does to it.

Nothing here stores: the statements of `sql/` do the same under a lock, and a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from servers.governor.domain.periods import Period, period_end, period_start
from servers.governor.domain.scopes import Scope
from soma_common.kernel.errors import QuotaViolation, SomaError
from soma_common.kernel.money import Price, most_cost
from soma_common.kernel.reasons import Reason

# When a running turn gives back what it does not use nobody knows; it costs little to look.
HELD_PAUSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens and micros."""

    tokens: int = 0
    micros: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens + other.tokens, self.micros + other.micros)

    def beyond(self, other: "Amount") -> "Amount":
        """What this has more than the other, never negative."""
        return Amount(max(0, self.tokens - other.tokens), max(0, self.micros - other.micros))


def need_of_call(price: Price, input_tokens: int, max_output_tokens: int) -> Amount:
    """The most that a model call of this size can use: what must be held before it starts."""
    return Amount(input_tokens + max_output_tokens, most_cost(price, input_tokens, max_output_tokens))


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and its counters in the period that began at `start`; a limit of 0 is none.

    `scope_id` is the user, agent or conversation, empty for the tenant and for a template.
    """

    period: Period
    start: datetime
    limit: Amount = Amount()
    hard: bool = True
    used: Amount = Amount()
    held: Amount = Amount()
    debt: Amount = Amount()
    scope: Scope = Scope.TENANT
    scope_id: str = ""

    @property
    def name(self) -> str:
        """How it is named to people."""
        whose = "" if self.scope is Scope.TENANT else f"{self.scope.value}'s "
        return f"{whose}{self.period.value} budget"

    @property
    def limited(self) -> bool:
        """Whether it limits anything."""
        return self.limit.tokens > 0 or self.limit.micros > 0

    @property
    def used_share(self) -> float:
        """The settled share of the tighter limit, 0 without one."""
        tokens = self.used.tokens / self.limit.tokens if self.limit.tokens else 0.0
        micros = self.used.micros / self.limit.micros if self.limit.micros else 0.0
        return max(tokens, micros)

    def at(self, now: datetime) -> "BudgetState":
        """The budget as of `now`: in a new period nothing is used yet except debt that the last one could not cover."""
        start = period_start(self.period, now)
        if start <= self.start:
            return self
        carried = self.uncovered()
        return replace(self, start=start, used=carried, debt=carried)

    def uncovered(self) -> Amount:
        """Debt that lies beyond a hard limit."""
        if not self.hard:
            return Amount()
        over = self.used.beyond(self.limit)
        return Amount(
            min(self.debt.tokens, over.tokens) if self.limit.tokens else 0,
            min(self.debt.micros, over.micros) if self.limit.micros else 0,
        )

    def refusal_of(self, need: Amount) -> "Refusal | None":
        """Why a hard limit has no room for the need, None if it has; a need of nothing always fits."""
        units = (
            ("tokens", need.tokens, self.used.tokens + self.held.tokens, self.limit.tokens),
            ("micros", need.micros, self.used.micros + self.held.micros, self.limit.micros),
        )
        for unit, wanted, spent, limit in units:
            if self.hard and wanted and limit and spent + wanted > limit:
                return Refusal(self.period, unit, spent, limit, self.scope)
        return None

    def with_hold(self, need: Amount) -> "BudgetState":
        """After a hold was granted: there was room beside all debt, so the debt is covered."""
        debt = Amount(0 if need.tokens else self.debt.tokens, 0 if need.micros else self.debt.micros)
        return replace(self, held=self.held + need, debt=debt)

    def without_hold(self, held: Amount) -> "BudgetState":
        """After a hold was released or its lease expired."""
        return replace(self, held=self.held.beyond(held))

    def settled(self, held: Amount, actual: Amount) -> "BudgetState":
        """After a use was settled against its hold; what goes beyond the hold is debt."""
        return replace(self, used=self.used + actual, held=self.held.beyond(held), debt=self.debt + actual.beyond(held))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a hold does not fit: the budget's period, the unit (tokens or micros), what is used or held, the limit.

    `held_until` is when the open holds end at the latest, where they alone stand in the way.
    """

    period: Period
    unit: str
    spent: int
    limit: int
    scope: Scope = Scope.TENANT
    held_until: datetime | None = None

    def free_from(self, now: datetime) -> datetime | None:
        """When there is room again at the latest; None for never."""
        ends = [end for end in (period_end(self.period, now), self.held_until) if end is not None]
        return min(ends, default=None)


def place_hold(budgets: Sequence[BudgetState], need: Amount) -> tuple[BudgetState, ...] | Refusal:
    """All budgets with the hold, or the first one without room: all or nothing."""
    for budget in budgets:
        refusal = budget.refusal_of(need)
        if refusal is not None:
            return refusal
    return tuple(budget.with_hold(need) for budget in budgets)


def budget_exhausted(refusal: Refusal, now: datetime) -> SomaError:
    """The error for a hold that was refused; it says when to come back."""
    end, scope = refusal.free_from(now), refusal.scope.value
    wait = None if end is None else max(0.0, (end - now).total_seconds())
    if wait is not None and refusal.held_until is not None:
        wait = min(wait, HELD_PAUSE_SECONDS)
    return SomaError(
        Reason.BUDGET_EXHAUSTED,
        {
            "scope": scope,
            "period": refusal.period.value,
            "used": str(refusal.spent),
            "limit": str(refusal.limit),
            "unit": refusal.unit,
            "resets_at": "never" if end is None else end.isoformat().replace("+00:00", "Z"),
        },
        retry_after_seconds=wait,
        quota=(
            QuotaViolation(
                f"{scope}/{refusal.period.value}",
                f"{refusal.spent} of {refusal.limit} {refusal.unit} are used or held",
            ),
        ),
    )
