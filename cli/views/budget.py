"""Budgets as a table, and what a change of one means as sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, count, enum_word, moment, money
from soma.governor.v1 import budget_pb2 as budget_pb

HEADINGS: Final = ("PERIOD", "KIND", "TOKENS USED", "HELD", "LIMIT", "COST USED", "HELD", "LIMIT", "ANEW")


def row(budget: budget_pb.Budget) -> tuple[str, ...]:
    """One budget under the headings."""
    return (
        period_word(budget.period),
        "hard" if budget.hard else "soft",
        count(budget.used_tokens),
        count(budget.held_tokens),
        count(budget.limit_tokens) if budget.limit_tokens else "none",
        money(budget.used_micros),
        money(budget.held_micros),
        money(budget.limit_micros) if budget.limit_micros else "none",
        moment(budget, "reset_time") if budget.HasField("reset_time") else NONE,
    )


def debts(budgets: list[budget_pb.Budget]) -> Iterator[str]:
    """What was used beyond what was held, and what is open now."""
    for budget in budgets:
        if budget.debt_tokens:
            yield (
                f"{period_word(budget.period)}: {count(budget.debt_tokens)} tokens were used beyond what was held for "
                "them; the next turns pay for that."
            )


def intention(wanted: budget_pb.Budget, used: budget_pb.Budget | None) -> Iterator[str]:
    """What setting this budget will do."""
    limits = [
        f"at most {count(wanted.limit_tokens)} tokens" if wanted.limit_tokens else "any number of tokens",
        f"at most {money(wanted.limit_micros)} dollars" if wanted.limit_micros else "any amount of money",
    ]
    spans = {budget_pb.BUDGET_PERIOD_DAY: "A day", budget_pb.BUDGET_PERIOD_MONTH: "A month"}
    span = spans.get(wanted.period, "For ever")
    yield f"{span} everybody of this tenant together may use {' and '.join(limits)}."
    if wanted.limit_tokens or wanted.limit_micros:
        yield (
            "A turn that does not fit is refused until the budget starts anew or is raised."
            if wanted.hard
            else "A turn that does not fit is still answered, at a lower level."
        )
    if used is not None and _is_spent(wanted, used):
        yield "That is less than what is used already, so it takes effect with the next turn."


def period_word(period: int) -> str:
    """day, month or total."""
    return enum_word(budget_pb.BudgetPeriod.DESCRIPTOR, period, "BUDGET_PERIOD_").lower()


def _is_spent(wanted: budget_pb.Budget, used: budget_pb.Budget) -> bool:
    tokens = bool(wanted.limit_tokens) and used.used_tokens >= wanted.limit_tokens
    return tokens or (bool(wanted.limit_micros) and used.used_micros >= wanted.limit_micros)
