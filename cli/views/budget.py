"""Budgets as a table, and what a change of one means as sentences.

Nothing here prints, asks a service or knows the time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from cli.views.words import NONE, count, enum_word, money
from soma.governor.v1 import budget_pb2 as budget_pb

HEADINGS: Final = ("WHOSE", "PERIOD", "GONE", "USED", "HELD", "LEFT", "LIMIT", "ANEW IN")
_BAR_CELLS: Final = 6
_UNITS: Final[Mapping[str, tuple[str, Callable[[int], str]]]] = {
    "tokens": (" tokens", count),
    "micros": ("", lambda micros: f"${money(micros)}"),
}
_ORDER: Final = (
    budget_pb.BUDGET_PERIOD_TURN,
    budget_pb.BUDGET_PERIOD_DAY,
    budget_pb.BUDGET_PERIOD_MONTH,
    budget_pb.BUDGET_PERIOD_TOTAL,
)
_SPANS: Final = {
    budget_pb.BUDGET_PERIOD_TURN: "in each turn",
    budget_pb.BUDGET_PERIOD_DAY: "a day",
    budget_pb.BUDGET_PERIOD_MONTH: "a month",
}


def rows(
    budgets: Sequence[budget_pb.Budget], now: datetime, names: Mapping[str, str] | None = None
) -> list[tuple[str, ...]]:
    """Budgets under the headings, a row for each unit that is limited or was used; `names` are those of agents."""
    ordered = sorted(budgets, key=lambda it: (it.scope, it.scope_id, _ORDER.index(it.period)))
    return [row for budget in ordered for row in _rows(budget, now, names or {})]


def debts(budgets: Sequence[budget_pb.Budget], names: Mapping[str, str] | None = None) -> Iterator[str]:
    """What was used beyond what was held."""
    for budget in budgets:
        parts = [
            f"{written(getattr(budget, f'debt_{field}'))}{unit}"
            for field, (unit, written) in _UNITS.items()
            if getattr(budget, f"debt_{field}")
        ]
        if parts:
            yield (
                f"{whose(budget, names or {})}, {period_word(budget.period)}: {' and '.join(parts)} were used beyond "
                "what was held for them; the next turns pay for that."
            )


def whose(budget: budget_pb.Budget, names: Mapping[str, str]) -> str:
    """The tenant, a user, an agent, a conversation, or each of them that has none of its own."""
    scope = scope_word(budget.scope)
    if budget.scope in (budget_pb.BUDGET_SCOPE_UNSPECIFIED, budget_pb.BUDGET_SCOPE_TENANT):
        return scope
    return f"{scope} {names.get(budget.scope_id, budget.scope_id)}" if budget.scope_id else f"each {scope}"


def scope_word(scope: int) -> str:
    """tenant, user, agent or conversation."""
    return enum_word(budget_pb.BudgetScope.DESCRIPTOR, scope or budget_pb.BUDGET_SCOPE_TENANT, "BUDGET_SCOPE_").lower()


def period_word(period: int) -> str:
    """turn, day, month or total."""
    return enum_word(budget_pb.BudgetPeriod.DESCRIPTOR, period, "BUDGET_PERIOD_").lower()


def intention(
    wanted: budget_pb.Budget, used: budget_pb.Budget | None, names: Mapping[str, str] | None = None
) -> Iterator[str]:
    """What setting this budget will do."""
    limits = [
        f"at most {count(wanted.limit_tokens)} tokens" if wanted.limit_tokens else "any number of tokens",
        f"at most {money(wanted.limit_micros)} dollars" if wanted.limit_micros else "any amount of money",
    ]
    span = _SPANS.get(wanted.period, "in total")
    yield f"{_everyone(wanted, names or {})} may use {' and '.join(limits)} {span}."
    if wanted.limit_tokens or wanted.limit_micros:
        yield _consequence(wanted)
    if wanted.scope_id and not (wanted.limit_tokens or wanted.limit_micros):
        yield f"What is set for each {scope_word(wanted.scope)} applies again, where anything is."
    if used is not None and _is_spent(wanted, used):
        yield "That is less than what is used already, so it takes effect with the next turn."


def _rows(budget: budget_pb.Budget, now: datetime, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    shown = [field for field in _UNITS if _speaks(budget, field)] or ["tokens"]
    for field in shown:
        _, written = _UNITS[field]
        used, held, debt, limit = (
            int(getattr(budget, f"{what}_{field}")) for what in ("used", "held", "debt", "limit")
        )
        yield (
            whose(budget, names),
            f"{period_word(budget.period)}, {'hard' if budget.hard else 'soft'}",
            _share(used + debt, held, limit),
            written(used),
            written(held),
            written(max(limit - used - held - debt, 0)) if limit else "any",
            written(limit) if limit else "none",
            _anew(budget, now),
        )


def _speaks(budget: budget_pb.Budget, field: str) -> bool:
    return any(getattr(budget, f"{what}_{field}") for what in ("limit", "used", "held"))


def _share(used: int, held: int, limit: int) -> str:
    """The part of a limit that is used and held: ██▒░░░ 31 %."""
    if not limit:
        return ""
    gone = min(used + held, limit)
    filled = min(-(-used * _BAR_CELLS // limit), _BAR_CELLS)
    taken = min(-(-gone * _BAR_CELLS // limit), _BAR_CELLS)
    cells = "█" * filled + "▒" * max(taken - filled, 0)
    return f"{cells.ljust(_BAR_CELLS, '░')} {(used + held) * 100 // limit} %"


def _anew(budget: budget_pb.Budget, now: datetime) -> str:
    from cli.render import duration

    if not budget.HasField("reset_time"):
        return "a turn" if budget.period == budget_pb.BUDGET_PERIOD_TURN else NONE
    left = (budget.reset_time.ToDatetime(tzinfo=UTC) - now).total_seconds()
    return duration(max(int(left), 0))


def _everyone(budget: budget_pb.Budget, names: Mapping[str, str]) -> str:
    scope = scope_word(budget.scope)
    if scope == "tenant":
        return "Everybody of this tenant together"
    if budget.scope_id:
        return f"The {whose(budget, names)}"
    return f"Each {scope} that has no such budget of its own"


def _consequence(wanted: budget_pb.Budget) -> str:
    if not wanted.hard:
        return "A turn that does not fit is still answered, at a lower level."
    if wanted.period == budget_pb.BUDGET_PERIOD_TURN:
        return "A turn that needs more is refused, or ends where it would need more."
    return "A turn that does not fit is refused until the budget starts anew or is raised."


def _is_spent(wanted: budget_pb.Budget, used: budget_pb.Budget) -> bool:
    tokens = bool(wanted.limit_tokens) and used.used_tokens >= wanted.limit_tokens
    return tokens or (bool(wanted.limit_micros) and used.used_micros >= wanted.limit_micros)
