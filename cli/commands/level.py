"""`somastack level`: how much of the mesh a turn may use now, why, and every change of it.

Nothing here decides a level; the governor does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.groups import ShowByDefault

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.governor.v1 import config_pb2 as config_pb

_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(
    cls=ShowByDefault,
    help="Show the level of service and why it is so; `somastack level` alone shows it now.",
    subcommand_metavar="| COMMAND [ARGS]...",
)


@app.callback()
def _group() -> None:
    """Show the level of service and why it is so; `somastack level` alone shows it now."""


@app.command("show")
def show(as_json: _Json = False) -> None:
    """Show the level at which a turn would be planned now, every reason for it, and the state of what it depends on.

    The word show may be left out. L0 is the best level, L4 the worst. With --json: the message
    soma.governor.v1.LevelStatus, which REST has at /api/v1/level as "status".

    Examples:  somastack level  ·  somastack level --json
    """
    from cli.doors import reach
    from cli.governing.levels import now
    from cli.render import print_line
    from cli.views.words import to_json

    status = reach(now)
    if as_json:
        print_line(to_json(status))
    else:
        show_level(status)


@app.command("watch")
def watch(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, one object a line.")] = False,
) -> None:
    """Print the level now, and again whenever it, a reason or a dependency changes, until Ctrl-C; times are UTC.

    A governor that is restarted meanwhile is waited for. With --json: one message soma.governor.v1.LevelStatus a line.

    Examples:  somastack level watch  ·  somastack level watch --json | jq .level
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.level import change
    from cli.views.words import to_json
    from soma_common.kernel.clock import Clock

    told = ""

    def tell(status: "config_pb.LevelStatus") -> None:
        nonlocal told
        if as_json:
            print_line(to_json(status))
        elif (words := change(status)) != told:
            print_line(f"{Clock().now():%H:%M:%S}  {words}")
            told = words

    async def work(doors: "Doors") -> None:
        from contextlib import aclosing

        from cli.governing.levels import changes
        from cli.render import Progress

        def away() -> None:
            Progress().note("The governor is away; going on when it is back.")

        async with aclosing(changes(doors, away)) as statuses:
            async for status in statuses:
                tell(status)

    reach(work)


def show_level(status: "config_pb.LevelStatus") -> None:
    """Print a level for people."""
    from cli.render import print_line, print_table
    from cli.views.level import DEPENDENCY_HEADINGS, dependency_row, lines

    for line in lines(status):
        print_line(line)
    if status.dependencies:
        print_line("")
        print_table(DEPENDENCY_HEADINGS, [dependency_row(each) for each in status.dependencies])
