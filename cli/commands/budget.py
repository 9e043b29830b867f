"""`somastack budget`: what may be spent, by whom and in which time, what is left of it, and setting it.

Nothing here counts; the governor does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import agent_names, budget_subjects, conversation_ids
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.doors import Doors
    from soma.governor.v1 import budget_pb2 as budget_pb

_MOST = 2**63 - 1
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(help="Show, set and clear what may be spent.", no_args_is_help=True)


class Period(StrEnum):
    """How long a budget lasts until it starts anew, in UTC."""

    TURN = "turn"
    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


class Scope(StrEnum):
    """Whose spending a budget bounds."""

    TENANT = "tenant"
    USER = "user"
    AGENT = "agent"
    CONVERSATION = "conversation"


_Scope = Annotated[Scope, typer.Option(help="Whose spending it bounds.")]
_Of = Annotated[
    str,
    typer.Option(
        metavar="WHO|each",
        help="The user (the subject of their token), the agent (name or id) or the conversation (id); "
        "each: all of them that have none of their own.",
        autocompletion=budget_subjects,
    ),
]
_Period = Annotated[Period, typer.Option(help="Which budget.")]


@app.callback()
def _group() -> None:
    """Show, set and clear what may be spent."""


@app.command("show")
def show(
    agent: Annotated[
        str, typer.Option(metavar="AGENT", help="That of this agent as well.", autocompletion=agent_names)
    ] = "",
    conversation: Annotated[
        str, typer.Option(metavar="ID", help="That of this conversation as well.", autocompletion=conversation_ids)
    ] = "",
    as_json: _Json = False,
) -> None:
    """Show each budget that applies to you: what is used, what running turns hold, what is left, when it starts anew.

    A turn must fit all of them. With --json: {"budgets": [soma.governor.v1.Budget …]} as REST answers it at
    /api/v1/budget.

    Examples:  somastack budget show  ·  somastack budget show --agent support --json
    """
    from cli.doors import checked_id, reach
    from cli.governing.budgets import agent_of, applying, names

    conversation_id = checked_id(conversation, "conversation") if conversation else ""

    async def work(doors: "Doors") -> "tuple[list[budget_pb.Budget], Mapping[str, str]]":
        found = await applying(doors, await agent_of(doors, agent) if agent else "", conversation_id)
        return found, {} if as_json else await names(doors, found)

    _print(*reach(work), as_json=as_json)


@app.command("list")
def show_all(
    scope: Annotated[Scope | None, typer.Option(help="Only budgets of these.")] = None,
    of: Annotated[
        str,
        typer.Option(metavar="WHO", help="Only those of this one; needs --scope.", autocompletion=budget_subjects),
    ] = "",
    as_json: _Json = False,
) -> None:
    """List every budget of this tenant that has a limit, by scope, for its operators.

    With --json: {"budgets": [soma.governor.v1.Budget …]} as REST answers it at /api/v1/budgets.

    Examples:  somastack budget list  ·  somastack budget list --scope user  ·
    somastack budget list --scope agent --of support --json
    """
    from cli.doors import reach
    from cli.governing.budgets import EACH, every, names, subject

    if of and scope is None:
        raise CommandError("--of needs --scope, which says what it names.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "tuple[list[budget_pb.Budget], Mapping[str, str]]":
        number = _scope_number(scope) if scope else 0
        found = await every(doors, number, await subject(doors, number, of) if of else "")
        chosen = [it for it in found if of != EACH or not it.scope_id]
        return chosen, {} if as_json else await names(doors, chosen)

    _print(*reach(work), as_json=as_json)


@dataclass(frozen=True, slots=True)
class SetOptions:
    """Which budget is set, and how."""

    scope: _Scope = Scope.TENANT
    of: _Of = ""
    period: _Period = Period.DAY
    tokens: Annotated[int | None, typer.Option(min=0, max=_MOST, help="Most tokens; 0 means no limit.")] = None
    micros: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="Most money in millionths of a dollar; 0 means no limit.")
    ] = None
    hard: Annotated[
        bool | None, typer.Option("--hard/--soft", help="Refuse what does not fit, or only lower the level.")
    ] = None
    as_json: _Json = False


@app.command("set")
@taking(SetOptions)
def change(options: SetOptions) -> None:
    """Set a budget; what is not given stays as it is. Says what it will do, on standard error, and does it.

    With --of each it is the budget of every user, agent or conversation that has none of its own. With --json: the
    message soma.governor.v1.Budget. It takes an administrator's token, which this command makes with the key of this
    installation.

    Examples:  somastack budget set --tokens 500000 --hard  ·  somastack budget set --period month --micros 20000000  ·
    somastack budget set --scope user --of each --tokens 50000 --hard  ·
    somastack budget set --scope agent --of support --period turn --tokens 20000 --hard
    """
    if options.tokens is None and options.micros is None and options.hard is None:
        raise CommandError("Nothing to set. Give --tokens, --micros, --hard or --soft.", Exit.WRONG_USE)
    _store(options, as_json=options.as_json)


@app.command("clear")
def clear(
    scope: _Scope = Scope.TENANT,
    of: _Of = "",
    period: _Period = Period.DAY,
    as_json: _Json = False,
) -> None:
    """Take the limits of a budget away. Says what that means, on standard error, and does it.

    With --json: the message soma.governor.v1.Budget.

    Examples:  somastack budget clear --period month  ·  somastack budget clear --scope user --of ada
    """
    _store(SetOptions(scope, of, period, tokens=0, micros=0, hard=False), as_json=as_json)


def _store(options: SetOptions, *, as_json: bool) -> None:
    from cli.doors import reach
    from cli.governing.budgets import names, one, store, subject
    from cli.render import Progress, print_line
    from cli.views.budget import intention, period_word, whose
    from cli.views.words import to_json
    from soma.governor.v1 import budget_pb2 as budget_pb

    async def work(doors: "Doors") -> "tuple[budget_pb.Budget, Mapping[str, str]]":
        number = _scope_number(options.scope)
        wanted = budget_pb.Budget(
            period=budget_pb.BudgetPeriod.Value(f"BUDGET_PERIOD_{options.period.name}"),
            scope=number,
            scope_id=await subject(doors, number, options.of),
        )
        now = await one(doors, wanted)
        known = await names(doors, [wanted])
        _fill(wanted, now or budget_pb.Budget(), options)
        for sentence in intention(wanted, now, known):
            Progress().note(sentence)
        return await store(doors, wanted), known

    budget, known = reach(work)
    if as_json:
        print_line(to_json(budget))
    elif budget.limit_tokens or budget.limit_micros:
        show_budgets([budget], known)
    else:
        print_line(f"No limit any more: {whose(budget, known)}, {period_word(budget.period)}.")


def _fill(wanted: "budget_pb.Budget", now: "budget_pb.Budget", options: SetOptions) -> None:
    """What is not given is as it is now."""
    wanted.limit_tokens = now.limit_tokens if options.tokens is None else options.tokens
    wanted.limit_micros = now.limit_micros if options.micros is None else options.micros
    wanted.hard = now.hard if options.hard is None else options.hard


def show_budgets(budgets: "list[budget_pb.Budget]", names: "Mapping[str, str]") -> None:
    """Print budgets for people."""
    from cli.render import print_line, print_table
    from cli.views.budget import HEADINGS, debts, rows
    from soma_common.kernel.clock import Clock

    if not budgets:
        print_line("There is no budget: nothing limits what is spent.")
        return
    print_table(HEADINGS, rows(budgets, Clock().now(), names))
    for sentence in debts(budgets, names):
        print_line(sentence)


def _print(budgets: "list[budget_pb.Budget]", names: "Mapping[str, str]", *, as_json: bool) -> None:
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    if as_json:
        print_line(to_json({"budgets": [to_object(budget) for budget in budgets]}))
    else:
        show_budgets(budgets, names)


def _scope_number(scope: Scope) -> "budget_pb.BudgetScope.ValueType":
    from soma.governor.v1 import budget_pb2 as budget_pb

    return budget_pb.BudgetScope.Value(f"BUDGET_SCOPE_{scope.name}")
