"""`somastack dlq`: dead letters, which are events that a consumer could not take: list, show, retry, discard.

Nothing here tries an event; its consumer does.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import dlq_retry
from cli.commands.completing import houses, letter_ids
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from cli.operations.letters import Found, Wanted
    from soma.events.v1 import dead_letter_pb2 as letter_pb

_WIDE = 110
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Id = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The event's id or its first digits, as `dlq list` shows it.", autocompletion=letter_ids
    ),
]
_Consumer = Annotated[str, typer.Option("--consumer", help="Only this consumer. Example: chat.intents.")]
_System = Annotated[bool, typer.Option("--system", help="Those of the installation itself: bytes that were no event.")]
_House = Annotated[str, typer.Option("--house", help="Only this house.", autocompletion=houses)]
app = typer.Typer(help="Look at events that could not take effect, and decide about them.", no_args_is_help=True)


class Status(StrEnum):
    """How a letter stands."""

    PARKED = "parked"
    RETRYING = "retrying"
    WAITING = "waiting"
    DISCARDED = "discarded"


@app.callback()
def _group() -> None:
    """Look at events that could not take effect, and decide about them."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which letters are listed, and how."""

    status: Annotated[Status | None, typer.Option(help="Only these; without it all but the discarded ones.")] = None
    consumer: _Consumer = ""
    house: _House = ""
    stream: Annotated[str, typer.Option(help="Only this stream. Example: conversation/0197a0c2-….")] = ""
    most: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Most letters.")] = 50
    every: Annotated[bool, typer.Option("--all", help="All of them, however many.")] = False
    system: _System = False
    as_json: _Json = False


@app.command("list")
@taking(ListOptions)
def show_list(options: ListOptions) -> None:
    """List events that a consumer could not take, of all houses, the oldest first.

    PARKED failed too often and waits for you; RETRYING is tried again soon; WAITING stands behind one of its stream.
    With --json: {"dead_letters": [soma.events.v1.DeadLetter …], "more", "unreachable_houses"}.

    Examples:  somastack dlq list  ·  somastack dlq list --status parked --house memory  ·
    somastack dlq list --all --json
    """
    from cli.doors import reach
    from cli.operations.letters import Wanted, listed, status_number
    from cli.operations.partial import checked_house, refuse_if_unanswered
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    status = status_number(options.status or "unspecified")
    wanted = Wanted(options.consumer, checked_house(options.house), options.stream, status, options.system)
    found = reach(lambda doors: listed(doors, wanted, None if options.every else options.most))
    refuse_if_unanswered(found.letters, found.missing, options.house)
    if options.as_json:
        letters = [to_object(letter) for letter in found.letters]
        print_line(to_json({"dead_letters": letters, "more": found.more, "unreachable_houses": sorted(found.missing)}))
        return
    _print(found, wanted)


@app.command("show")
def show(
    letter_id: _Id,
    consumer: _Consumer = "",
    house: _House = "",
    payload: Annotated[
        bool, typer.Option("--payload", help="Only the payload, in JSON: mend it and give it to `dlq retry`.")
    ] = False,
    system: _System = False,
    as_json: _Json = False,
) -> None:
    """Show all that is known of one: why it failed, what becomes of it, its payload and its headers.

    With --json: the message soma.events.v1.DeadLetter, which REST answers at /admin/dlq/{house}/{consumer}/{event_id}.

    Examples:  somastack dlq show 0197a0c2-1111  ·  somastack dlq show 0197a0c2-1111 --json  ·
    somastack dlq show 0197a0c2-1111 --payload > mended.json
    """
    from cli.doors import reach
    from cli.operations.letters import Wanted, find, whole
    from cli.operations.partial import checked_house
    from cli.render import print_line, print_table
    from cli.views.letter import lines, payload_of, payloads
    from cli.views.words import to_json

    wanted = Wanted(consumer, checked_house(house), system=system)

    async def work(doors: "Doors") -> "letter_pb.DeadLetter":
        return await whole(doors, await find(doors, letter_id, wanted))

    letter = reach(work)
    if payload:
        print_line(payload_of(letter))
        return
    if as_json:
        print_line(to_json(letter))
        return
    print_table(("FIELD", "VALUE"), list(lines(letter)))
    for heading, text in payloads(letter):
        print_line(f"\n{heading}\n{text}")


app.command("retry")(dlq_retry.retry)


@app.command("discard")
def discard(
    letter_id: _Id,
    consumer: _Consumer = "",
    house: _House = "",
    system: _System = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Give an event up for good: it never has its effect, and its stream goes on. Says so and asks first.

    With --json: the message soma.events.v1.DeadLetter.

    Examples:  somastack dlq discard 0197a0c2-1111  ·  somastack dlq discard --yes 0197a0c2-1111
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.operations.letters import Wanted, find, refuse_if_settled
    from cli.operations.letters import discard as give_up
    from cli.operations.partial import checked_house
    from cli.render import print_line
    from cli.views.letter import touched
    from cli.views.words import to_json

    wanted = Wanted(consumer, checked_house(house), system=system)

    async def look(doors: "Doors") -> "letter_pb.DeadLetter":
        letter = await find(doors, letter_id, wanted)
        await refuse_if_settled(doors, letter, "discarded")
        return letter

    letter = reach(look)
    ask(touched(letter), "Discard it?", yes=yes, terminal=sys.stdin.isatty())
    gone = reach(lambda doors: give_up(doors, letter))
    print_line(to_json(gone) if as_json else f"Discarded: {letter.event_id}")


def _print(found: "Found", wanted: "Wanted") -> None:
    from cli.operations.partial import say_missing
    from cli.render import Progress, print_line, print_table, screen_width
    from cli.views.letter import HEADINGS, NARROW, STATE_COLUMN, narrowed, rows
    from soma_common.kernel.clock import Clock

    if found.letters:
        width = screen_width()
        table = rows(found.letters, Clock().now(), short=width is not None)
        narrow = width is not None and width < _WIDE
        print_table(NARROW if narrow else HEADINGS, narrowed(table) if narrow else table, STATE_COLUMN)
        if found.more:
            Progress().note("There are more: give --all, or a higher --limit.")
    elif wanted.is_any:
        where = " in the houses that answered" if found.missing else ""
        print_line(f"There are no dead letters{where}: every event has had its effect.")
    else:
        print_line("There are no dead letters that fit.")
    say_missing(found.missing)
