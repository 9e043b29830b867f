"""How budgets look: a row for each unit, what is left, whose they are, and what a change of one means."""

from datetime import UTC, datetime

import pytest

from cli.views.budget import HEADINGS, debts, intention, rows
from soma.governor.v1 import budget_pb2 as budget_pb

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
DAY, TOTAL, TURN = budget_pb.BUDGET_PERIOD_DAY, budget_pb.BUDGET_PERIOD_TOTAL, budget_pb.BUDGET_PERIOD_TURN
USER, AGENT = budget_pb.BUDGET_SCOPE_USER, budget_pb.BUDGET_SCOPE_AGENT


def shown(budget: budget_pb.Budget, **names: str) -> list[dict[str, str]]:
    return [dict(zip(HEADINGS, row, strict=True)) for row in rows([budget], NOW, names)]


def test_a_budget_shows_what_is_used_held_and_left() -> None:
    budget = budget_pb.Budget(
        period=DAY, limit_tokens=1000, hard=True, used_tokens=300, held_tokens=200, debt_tokens=50
    )
    budget.reset_time.FromDatetime(datetime(2026, 11, 27, tzinfo=UTC))
    [row] = shown(budget)
    assert (row["WHOSE"], row["PERIOD"]) == ("tenant", "day, hard")
    assert (row["USED"], row["HELD"], row["LEFT"], row["LIMIT"]) == ("300", "200", "450", "1,000")
    assert row["GONE"] == "███▒░░ 55 %"
    assert row["ANEW IN"] == "12 h 0 min"


def test_a_budget_that_is_overdrawn_has_nothing_left() -> None:
    [row] = shown(budget_pb.Budget(period=TOTAL, limit_tokens=10, used_tokens=25))
    assert (row["LEFT"], row["GONE"], row["ANEW IN"]) == ("0", "██████ 250 %", "–")


def test_each_unit_has_a_row_and_what_says_nothing_has_none() -> None:
    tokens, dollars = shown(budget_pb.Budget(period=TURN, limit_tokens=10, limit_micros=2_000_000, used_micros=1))
    assert (tokens["LIMIT"], tokens["ANEW IN"]) == ("10", "a turn")
    assert (dollars["LIMIT"], dollars["LEFT"]) == ("$2.000000", "$1.999999")
    [unlimited] = shown(budget_pb.Budget(period=DAY, used_tokens=7))
    assert (unlimited["LIMIT"], unlimited["LEFT"], unlimited["GONE"]) == ("none", "any", "")


def test_budgets_come_by_scope_and_from_the_shortest_period_on() -> None:
    found = rows(
        [
            budget_pb.Budget(scope=USER, scope_id="ada", period=DAY, limit_tokens=1),
            budget_pb.Budget(scope=USER, period=DAY, limit_tokens=1),
            budget_pb.Budget(period=TOTAL, limit_tokens=1),
            budget_pb.Budget(period=DAY, limit_tokens=1),
            budget_pb.Budget(period=TURN, limit_tokens=1),
        ],
        NOW,
    )
    assert [row[:2] for row in found] == [
        ("tenant", "turn, soft"),
        ("tenant", "day, soft"),
        ("tenant", "total, soft"),
        ("each user", "day, soft"),
        ("user ada", "day, soft"),
    ]


def test_an_agent_is_shown_by_its_name() -> None:
    [row] = shown(budget_pb.Budget(scope=AGENT, scope_id="id", period=DAY, limit_tokens=1), id="support")
    assert row["WHOSE"] == "agent support"


def test_a_debt_is_told_in_its_units() -> None:
    budget = budget_pb.Budget(scope=USER, scope_id="ada", period=DAY, debt_tokens=1200, debt_micros=5)
    [said] = debts([budget, budget_pb.Budget()])
    assert said.startswith("user ada, day: 1,200 tokens and $0.000005 were used beyond what was held")


def test_a_budget_says_what_it_will_do() -> None:
    wanted = budget_pb.Budget(period=DAY, limit_tokens=10, hard=True)
    said = " ".join(intention(wanted, budget_pb.Budget(used_tokens=11)))
    assert "Everybody of this tenant together may use at most 10 tokens and any amount of money a day." in said
    assert "is refused" in said
    assert "less than what is used already" in said


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        (budget_pb.Budget(scope=USER, period=DAY), "Each user that has no such budget of its own may use"),
        (
            budget_pb.Budget(scope=USER, scope_id="ada", period=TOTAL),
            "The user ada may use any number of tokens and any",
        ),
        (budget_pb.Budget(scope=USER, scope_id="ada", period=DAY), "What is set for each user applies again"),
        (budget_pb.Budget(period=TURN, limit_tokens=5, hard=True), "A turn that needs more is refused"),
        (budget_pb.Budget(period=DAY, limit_tokens=5), "still answered, at a lower level"),
    ],
)
def test_whose_it_is_and_what_follows_is_said(budget: budget_pb.Budget, sentence: str) -> None:
    assert sentence in " ".join(intention(budget, None))
