"""`somastack saga`: work in several steps and houses, done to its end or undone: list, inspect, resume, compensate.

Nothing here does a step; the house of the saga does.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import houses, saga_ids
from cli.options import taking

if TYPE_CHECKING:
    from cli.operations.sagas import Found, Wanted
    from soma.events.v1 import saga_pb2 as saga_pb

_WIDE = 120
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Id = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The saga's id or its first digits, as `saga list` shows it.", autocompletion=saga_ids
    ),
]
_House = Annotated[str, typer.Option("--house", help="Only this house.", autocompletion=houses)]
app = typer.Typer(help="Look at sagas, and decide about those that are stuck.", no_args_is_help=True)


class Status(StrEnum):
    """How a saga stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPENSATION_STUCK = "compensation-stuck"
    STUCK = "stuck"


@app.callback()
def _group() -> None:
    """Look at sagas, and decide about those that are stuck."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which sagas are listed, and how."""

    status: Annotated[Status | None, typer.Option(help="Only these.")] = None
    name: Annotated[str, typer.Option(help="Only sagas of this name. Example: tenant.provision.")] = ""
    house: _House = ""
    most: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Most sagas.")] = 50
    every: Annotated[bool, typer.Option("--all", help="All of them, however many.")] = False
    as_json: _Json = False


@app.command("list")
@taking(ListOptions)
def show_list(options: ListOptions) -> None:
    """List the sagas of all houses, the newest first.

    COMPENSATED ones failed and are undone. STUCK and COMPENSATION_STUCK ones wait for you: inspect them, mend what they
    lack, resume them. With --json: {"sagas": [soma.events.v1.Saga …], "more", "unreachable_houses"}.

    Examples:  somastack saga list  ·  somastack saga list --status stuck  ·
    somastack saga list --name tenant.provision --all --json
    """
    from cli.doors import reach
    from cli.operations.partial import checked_house, refuse_if_unanswered
    from cli.operations.sagas import Wanted, listed, status_number
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    wanted = Wanted(options.name, checked_house(options.house), status_number(options.status or "unspecified"))
    found = reach(lambda doors: listed(doors, wanted, None if options.every else options.most))
    refuse_if_unanswered(found.sagas, found.missing, options.house)
    if options.as_json:
        sagas = [to_object(saga) for saga in found.sagas]
        print_line(to_json({"sagas": sagas, "more": found.more, "unreachable_houses": sorted(found.missing)}))
        return
    _print(found, wanted)


@app.command("inspect")
def inspect(saga_id: _Id, house: _House = "", as_json: _Json = False) -> None:
    """Show all that is known of a saga: where it stands, each step it did or undid, why it failed, its input.

    Secrets are taken out of the input. With --json: the message soma.events.v1.Saga, which REST answers at
    /admin/sagas/{house}/{saga_id}.

    Examples:  somastack saga inspect 0197a0c2  ·  somastack saga inspect 0197a0c2 --json
    """
    from cli.doors import reach
    from cli.operations.partial import checked_house
    from cli.operations.sagas import find
    from cli.render import print_line, print_table
    from cli.views.saga import STEP_HEADINGS, STEP_STATE_COLUMN, given, lines, step_rows
    from cli.views.words import to_json

    place = checked_house(house)
    saga = reach(lambda doors: find(doors, saga_id, place))
    if as_json:
        print_line(to_json(saga))
        return
    print_table(("FIELD", "VALUE"), list(lines(saga)))
    print_line("\nSteps")
    if saga.steps:
        print_table(STEP_HEADINGS, step_rows(saga), STEP_STATE_COLUMN)
    else:
        print_line("None was tried yet.")
    print_line(f"\nInput\n{given(saga)}")


@app.command("resume")
def resume(saga_id: _Id, house: _House = "", as_json: _Json = False) -> None:
    """Have a stuck saga go on where it stopped; one that waits for its next try tries at once.

    Mend what it failed at first: `saga inspect` shows it. With --json: the message soma.events.v1.Saga.

    Example:  somastack saga resume 0197a0c2
    """
    from cli.doors import Doors, reach
    from cli.operations.partial import checked_house
    from cli.operations.sagas import find
    from cli.operations.sagas import resume as go_on

    place = checked_house(house)

    async def work(doors: Doors) -> "saga_pb.Saga":
        return await go_on(doors, await find(doors, saga_id, place))

    _print_moved(reach(work), "goes on", as_json=as_json)


@app.command("compensate")
def compensate(
    saga_id: _Id,
    house: _House = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Undo what a saga did, the last step first. Says what it will touch and asks first.

    Refused where something that cannot be undone is done. With --json: the message soma.events.v1.Saga.

    Examples:  somastack saga compensate 0197a0c2  ·  somastack saga compensate --yes 0197a0c2
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.operations.partial import checked_house
    from cli.operations.sagas import compensate as undo
    from cli.operations.sagas import find
    from cli.views.saga import touched

    place = checked_house(house)
    saga = reach(lambda doors: find(doors, saga_id, place))
    ask(touched(saga), "Undo it?", yes=yes, terminal=sys.stdin.isatty())
    _print_moved(reach(lambda doors: undo(doors, saga)), "is called back", as_json=as_json)


def _print_moved(saga: "saga_pb.Saga", what: str, *, as_json: bool) -> None:
    from cli.render import print_line
    from cli.views.saga import status_word
    from cli.views.words import to_json

    print_line(to_json(saga) if as_json else f"{saga.name} {saga.saga_id} {what}: {status_word(saga)}.")


def _print(found: "Found", wanted: "Wanted") -> None:
    from cli.operations.partial import say_missing
    from cli.render import Progress, print_line, print_table, screen_width
    from cli.views.saga import HEADINGS, NARROW, STATE_COLUMN, narrowed, rows
    from soma_common.kernel.clock import Clock

    if found.sagas:
        width = screen_width()
        table = rows(found.sagas, Clock().now(), short=width is not None)
        narrow = width is not None and width < _WIDE
        print_table(NARROW if narrow else HEADINGS, narrowed(table) if narrow else table, STATE_COLUMN)
        if found.more:
            Progress().note("There are more: give --all, or a higher --limit.")
    elif wanted.is_any:
        where = " in the houses that answered" if found.missing else ""
        print_line(f"There are no sagas{where}: nothing that takes several steps was started.")
    else:
        print_line("There are no sagas that fit.")
    say_missing(found.missing)
