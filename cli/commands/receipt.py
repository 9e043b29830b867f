"""`somastack receipt`: what turns were allowed, what they used, and why; list, compare, and the prompt made again.

Nothing here knows how a receipt is drawn; `cli/views/receipt.py` does.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import agent_names, conversation_ids, levels, model_ids, receipt_ids
from cli.exits import Exit
from cli.groups import ShowByDefault
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.governor.v1 import governor_service_pb2 as governor_pb
    from soma.governor.v1 import receipt_pb2 as receipt_pb

_LAST = "last"
_WHICH = "A receipt or a turn by its id; last; or last~1, the one before the last."
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(
    cls=ShowByDefault,
    subcommand_metavar="[ID|last] | COMMAND [ARGS]...",
)


@app.callback()
def _group() -> None:
    """Show what turns were allowed and used, and why; `somastack receipt` alone shows the last.

    Examples:  somastack receipt  ·  somastack receipt last~1  ·  somastack receipt list
    """


@app.command("show")
def show(
    which: Annotated[str, typer.Argument(metavar="ID|last", help=_WHICH, autocompletion=receipt_ids)] = _LAST,
    items: Annotated[
        bool, typer.Option("--items", help="Each thing that was kept or dropped, not their number.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show what a turn was allowed, what it used and why: lanes, level, what was dropped, phases, model calls, cost.

    The word show may be left out. `last` is your newest turn. With --json: the message soma.governor.v1.Receipt as REST
    answers it at /api/v1/receipts/{receipt_id}.

    Examples:  somastack receipt  ·  somastack receipt last~1 --items  ·  somastack receipt last --json  ·
    somastack receipt 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import reach
    from cli.governing.receipts import fetch, find, meant
    from cli.render import print_line
    from cli.views.words import to_json

    wanted = meant(which)

    async def work(doors: "Doors") -> "receipt_pb.Receipt":
        return await fetch(doors, await find(doors, wanted))

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    else:
        show_receipt(found, each_item=items)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which receipts are listed, and how."""

    conversation: Annotated[
        str, typer.Option(metavar="ID", help="Only of this conversation.", autocompletion=conversation_ids)
    ] = ""
    agent: Annotated[
        str, typer.Option(metavar="AGENT", help="Only of this agent, by name or id.", autocompletion=agent_names)
    ] = ""
    model: Annotated[str, typer.Option(metavar="ID", help="Only of this model.", autocompletion=model_ids)] = ""
    level: Annotated[
        str, typer.Option(metavar="L0…L4", help="Only at this level or a worse one.", autocompletion=levels)
    ] = ""
    since: Annotated[str, typer.Option(help="From this time on: 1h, yesterday, 2026-11-25T14:00Z.")] = ""
    until: Annotated[str, typer.Option(help="Up to this time, itself left out.")] = ""
    everybody: Annotated[bool, typer.Option("--everybody", help="Of the whole tenant, not only your own.")] = False
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Most receipts.")] = 20
    as_json: _Json = False


@app.command("list")
@taking(ListOptions)
def show_all(options: ListOptions) -> None:
    """List receipts, the newest first: your own, or with --everybody those of the whole tenant, each with whose it is.

    With --json: {"receipts": [soma.governor.v1.ReceiptSummary …], "more"}.

    Examples:  somastack receipt list  ·  somastack receipt list --level L1 --since yesterday  ·
    somastack receipt list --everybody --agent support -n 100 --json
    """
    from cli.doors import reach
    from cli.render import Progress, print_line, print_table
    from cli.views.receipt_lists import EVERYBODYS_HEADINGS, HEADINGS, everybodys_row, row
    from cli.views.words import to_json, to_object

    wanted = _filter(options)
    found = reach(lambda doors: _listed(doors, wanted, options))
    shown, more = found[: options.limit], len(found) > options.limit
    if options.as_json:
        print_line(to_json({"receipts": [to_object(each) for each in shown], "more": more}))
        return
    if shown and options.everybody:
        print_table(EVERYBODYS_HEADINGS, [everybodys_row(each) for each in shown])
    elif shown:
        print_table(HEADINGS, [row(each) for each in shown])
    else:
        Progress().note("No receipt fits.")
    if more:
        Progress().note(f"There are more: these are the newest {options.limit}. Give --limit or an earlier --until.")


@app.command("diff")
def diff(
    one: Annotated[str, typer.Argument(metavar="ID|last", help=_WHICH, autocompletion=receipt_ids)],
    other: Annotated[str, typer.Argument(metavar="ID|last", help="The other one.", autocompletion=receipt_ids)],
    as_json: _Json = False,
) -> None:
    """Say in what two receipts differ, from the first to the second; ids and moments are not compared.

    With --json: the message soma.governor.v1.DiffReceiptsResponse as REST answers it at
    /api/v1/receipts/{receipt_id}:diff.

    Examples:  somastack receipt diff last~1 last  ·  somastack receipt diff 0197a0c2-1111-7000-8000-000000000001 last
    """
    from cli.doors import reach
    from cli.governing.receipts import differences, find, meant
    from cli.render import print_line, print_table
    from cli.views.receipt_lists import DIFFERENCE_HEADINGS, difference_rows
    from cli.views.words import to_json, to_object

    first, second = meant(one), meant(other)

    async def work(doors: "Doors") -> "list[receipt_pb.ReceiptDifference]":
        return await differences(doors, await find(doors, first), await find(doors, second))

    found = reach(work)
    if as_json:
        print_line(to_json({"differences": [to_object(each) for each in found]}))
    elif found:
        print_table(DIFFERENCE_HEADINGS, difference_rows(found))
    else:
        print_line("They differ in nothing but ids and moments.")


@app.command("prompt")
def prompt(
    which: Annotated[str, typer.Argument(metavar="ID|last", help=_WHICH, autocompletion=receipt_ids)] = _LAST,
    leg: Annotated[int, typer.Option(min=1, max=1000, help="Which model call of the turn.")] = 1,
    as_json: _Json = False,
) -> None:
    """Print what was sent to the model, made again from the receipt and what is kept.

    Only the body goes to standard output; on standard error stands whether it is byte for byte what was sent, or what
    is missing. Ends with 1 when it is not. With --json: the message soma.chat.v1.RebuildPromptResponse as REST answers
    it at /api/v1/chat/turns/{turn_id}/prompt.

    Examples:  somastack receipt prompt  ·  somastack receipt prompt last --leg 2 | jq .messages  ·
    somastack receipt prompt 0197a0c2-1111-7000-8000-000000000001 > body.json
    """
    from cli.doors import reach
    from cli.governing.receipts import meant
    from cli.governing.receipts import prompt as rebuilt
    from cli.render import Progress, print_line
    from cli.views.receipt_lists import verdict
    from cli.views.words import to_json

    wanted = meant(which)
    found = reach(lambda doors: rebuilt(doors, wanted, leg))
    if as_json:
        print_line(to_json(found))
    else:
        _write(found.body)
        for sentence in verdict(found):
            Progress().note(sentence)
    if not found.exact:
        raise typer.Exit(Exit.FAILED)


def show_receipt(found: "receipt_pb.Receipt", *, each_item: bool = False) -> None:
    """Print a receipt for people."""
    from cli.render import print_line, print_table
    from cli.views.receipt import sections, summary

    for line in summary(found):
        print_line(line)
    for section in sections(found, each_item=each_item):
        if section.rows:
            print_line(f"\n{section.title}")
            print_table(section.headings, section.rows)


def _write(body: bytes) -> None:
    """A body as it is into a pipe or a file; on a screen as text that moves no cursor."""
    from cli.render import print_line
    from cli.views.words import visible

    if sys.stdout.isatty():
        print_line(visible(body.decode("utf-8", "replace")))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


async def _listed(
    doors: "Doors", wanted: "governor_pb.ListReceiptsRequest", options: ListOptions
) -> "list[receipt_pb.ReceiptSummary]":
    """One more than are wanted, where there are more."""
    from contextlib import aclosing

    from cli.governing.budgets import agent_of
    from cli.governing.receipts import listed

    if options.agent:
        wanted.agent_id = await agent_of(doors, options.agent)
    found: list[receipt_pb.ReceiptSummary] = []
    async with aclosing(listed(doors, wanted, everybody=options.everybody)) as receipts:
        async for receipt in receipts:
            found.append(receipt)
            if len(found) > options.limit:
                break
    return found


def _filter(options: ListOptions) -> "governor_pb.ListReceiptsRequest":
    from cli.doors import checked_id
    from cli.governing.levels import level_of
    from cli.moments import check_range, moment_of
    from soma.governor.v1 import governor_service_pb2 as governor_pb
    from soma_common.kernel.clock import Clock

    now = Clock().now()
    since = moment_of(options.since, now, "--since") if options.since else None
    until = moment_of(options.until, now, "--until") if options.until else None
    check_range(since, until, ("--since", "--until"))
    wanted = governor_pb.ListReceiptsRequest(
        conversation_id=checked_id(options.conversation, "conversation") if options.conversation else "",
        model=options.model.strip(),
        level=level_of(options.level),
        page_size=min(options.limit + 1, 200),
    )
    if since is not None:
        wanted.from_time.FromDatetime(since)
    if until is not None:
        wanted.to_time.FromDatetime(until)
    return wanted
