"""`somastack budget`: what this tenant may spend, what is left of it, and setting it.

Nothing here counts; the governor does.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.governor.v1 import budget_pb2 as budget_pb

_MOST = 2**63 - 1
app = typer.Typer(help="Show and set what this tenant may spend.", no_args_is_help=True)


class Period(StrEnum):
    """How long a budget lasts until it starts anew, in UTC."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


@app.callback()
def _group() -> None:
    """Show and set what this tenant may spend."""


@app.command("show")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Show each budget: what is used, what is held for turns that run, the limit, and when it starts anew.

    With --json: {"budgets": [soma.governor.v1.Budget …]} as REST answers it at /api/v1/budget.

    Examples:  somastack budget show  ·  somastack budget show --json
    """
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.views.budget import HEADINGS, debts, row
    from cli.views.words import to_object

    budgets = reach(_budgets)
    if as_json:
        import json

        print_line(json.dumps({"budgets": [to_object(budget) for budget in budgets]}))
        return
    if not budgets:
        print_line("There is no budget: nothing limits what is spent.")
        return
    print_table(HEADINGS, [row(budget) for budget in budgets])
    for sentence in debts(budgets):
        print_line(sentence)


@app.command("set")
def change(
    period: Annotated[Period, typer.Option(help="Which budget.")] = Period.DAY,
    tokens: Annotated[int | None, typer.Option(min=0, max=_MOST, help="Most tokens; 0 means no limit.")] = None,
    micros: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="Most money in millionths of a dollar; 0 means no limit.")
    ] = None,
    hard: Annotated[
        bool | None, typer.Option("--hard/--soft", help="Refuse what does not fit, or only lower the level.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Set a budget; what is not given stays as it is. Says what it will do, on standard error, and does it.

    With --json: the message soma.governor.v1.Budget. It takes an administrator's token, which this command makes with
    the key of this installation.

    Examples:  somastack budget set --tokens 500000 --hard  ·  somastack budget set --period month --micros 20000000  ·
    somastack budget set --period day --tokens 0 --micros 0
    """
    from cli.doors import reach
    from cli.render import Progress, print_line, print_table
    from cli.views.budget import HEADINGS, intention, row
    from cli.views.words import to_json

    if tokens is None and micros is None and hard is None:
        raise CommandError("Nothing to set. Give --tokens, --micros, --hard or --soft.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "budget_pb.Budget":
        used = next((it for it in await _budgets(doors) if it.period == _number(period)), None)
        wanted = _wanted(used, period, tokens, micros, hard)
        progress = Progress()
        for sentence in intention(wanted, used):
            progress.note(sentence)
        return await _set(doors, wanted)

    budget = reach(work)
    if as_json:
        print_line(to_json(budget))
    else:
        print_table(HEADINGS, [row(budget)])


def _number(period: Period) -> "budget_pb.BudgetPeriod.ValueType":
    from soma.governor.v1 import budget_pb2 as budget_pb

    return budget_pb.BudgetPeriod.Value(f"BUDGET_PERIOD_{period.name}")


def _wanted(
    now: "budget_pb.Budget | None", period: Period, tokens: int | None, micros: int | None, hard: bool | None
) -> "budget_pb.Budget":
    """The budget as it shall be; what is not given is as it is now."""
    from soma.governor.v1 import budget_pb2 as budget_pb

    now = now or budget_pb.Budget()
    return budget_pb.Budget(
        period=_number(period),
        limit_tokens=now.limit_tokens if tokens is None else tokens,
        limit_micros=now.limit_micros if micros is None else micros,
        hard=now.hard if hard is None else hard,
    )


async def _budgets(doors: "Doors") -> "list[budget_pb.Budget]":
    from soma.governor.v1 import governor_service_pb2 as governor_pb
    from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

    governor = doors.stub("governor", governor_grpc.GovernorServiceStub)
    return list((await governor.GetBudget(governor_pb.GetBudgetRequest())).budgets)


async def _set(doors: "Doors", wanted: "budget_pb.Budget") -> "budget_pb.Budget":
    from soma.governor.v1 import governor_service_pb2 as governor_pb
    from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

    request = governor_pb.SetBudgetRequest(
        period=wanted.period,
        limit_tokens=wanted.limit_tokens,
        limit_micros=wanted.limit_micros,
        hard=wanted.hard,
        request_id=doors.request_id(),
    )
    return (await doors.stub("governor", governor_grpc.GovernorServiceStub).SetBudget(request)).budget
