"""`somastack approval`: the tools that wait for a person's consent: list, look, approve, deny.

Nothing here decides anything; chat goes on with the answer.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import conversation_ids, waiting_turn_ids

if TYPE_CHECKING:
    from soma.chat.v1 import turn_event_pb2 as event_pb
    from soma.chat.v1 import turn_service_pb2 as turn_pb

_CLEAR = "\x1b[2J\x1b[H"
_PAUSE_SECONDS = 1.0
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Id = Annotated[
    str,
    typer.Argument(metavar="TURN", help="The turn, as `approval list` shows it.", autocompletion=waiting_turn_ids),
]
_Call = Annotated[str, typer.Option(metavar="ID", help="Which call, where the turn waits for several.")]
_Note = Annotated[str, typer.Option(metavar="WORDS", help="What the model is told beside it.")]
app = typer.Typer(help="List, look at, approve and deny tools that wait for consent.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """List, look at, approve and deny tools that wait for consent."""


@app.command("list")
def show_all(
    conversation: Annotated[
        str, typer.Option(metavar="ID", help="Only in this conversation.", autocompletion=conversation_ids)
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every second, until Ctrl-C.")] = False,
    as_json: _Json = False,
) -> None:
    """List the tools that wait for consent, the oldest first.

    With --json: {"approvals": [soma.chat.v1.PendingApproval …]} as REST answers it at /api/v1/chat/approvals.

    Examples:  somastack approval list  ·  somastack approval list --watch
    """
    import time

    from cli.approval_calls import pending
    from cli.doors import checked_id, reach

    wanted = checked_id(conversation, "conversation") if conversation else ""
    while True:
        found = reach(lambda doors: pending(doors, wanted))
        if watch and sys.stdout.isatty() and not as_json:
            sys.stdout.write(_CLEAR)
        _show_all(found, as_json=as_json)
        if not watch:
            return
        time.sleep(_PAUSE_SECONDS)


@app.command("show")
def show(turn_id: _Id, call: _Call = "", as_json: _Json = False) -> None:
    """Show one of them with all of its arguments.

    With --json: the message soma.chat.v1.PendingApproval.

    Examples:  somastack approval show 0198c0de-0000-7000-8000-0000000000a1
    """
    _show(_one(turn_id, call), as_json=as_json)


@app.command("approve")
def approve(
    turn_id: _Id,
    call: _Call = "",
    note: _Note = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Let a tool run with the arguments that are shown, and with no other ones; the answer goes on.

    Says what will run and asks first. With --json: the message soma.chat.v1.ResolveApprovalResponse.

    Examples:  somastack approval approve 0198c0de-0000-7000-8000-0000000000a1  ·
    somastack approval approve --yes 0198c0de-0000-7000-8000-0000000000a1 --note "but only this once"
    """
    from cli.approval_calls import APPROVE
    from cli.consent import ask
    from cli.views.approval import lines

    found = _one(turn_id, call)
    ask("\n".join(lines(found)), "Let it run?", yes=yes, terminal=sys.stdin.isatty())
    _resolve(found, APPROVE, note, "Approved", as_json=as_json)


@app.command("deny")
def deny(turn_id: _Id, call: _Call = "", note: _Note = "", as_json: _Json = False) -> None:
    """Refuse a tool; the model is told so, with the note, and the answer goes on without it.

    With --json: the message soma.chat.v1.ResolveApprovalResponse.

    Examples:  somastack approval deny 0198c0de-0000-7000-8000-0000000000a1 --note "not on a Sunday"
    """
    from cli.approval_calls import DENY

    _resolve(_one(turn_id, call), DENY, note, "Denied", as_json=as_json)


def _one(turn_id: str, call: str) -> "turn_pb.PendingApproval":
    from cli.approval_calls import one
    from cli.doors import checked_id, reach

    wanted = checked_id(turn_id, "turn")
    return reach(lambda doors: one(doors, wanted, call))


def _resolve(
    found: "turn_pb.PendingApproval",
    decision: "event_pb.ApprovalDecision.ValueType",
    note: str,
    done: str,
    *,
    as_json: bool,
) -> None:
    from cli.approval_calls import resolve
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.chat.v1 import turn_service_pb2 as turn_pb

    answer = reach(lambda doors: resolve(doors, found, decision, note))
    if as_json:
        print_line(to_json(answer))
        return
    print_line(f"{done}: {found.request.call.name}")
    if answer.status == turn_pb.TURN_STATUS_WAITING:
        print_line("The turn waits for another consent: somastack approval list")
    elif found.conversation_id:
        print_line(f"The answer goes on: somastack chat --conversation {found.conversation_id}")


def _show_all(found: "list[turn_pb.PendingApproval]", *, as_json: bool) -> None:
    from cli.render import print_line, print_table
    from cli.views.approval import HEADINGS, row
    from cli.views.words import to_json, to_object

    if as_json:
        print_line(to_json({"approvals": [to_object(each) for each in found]}))
    elif found:
        print_table(HEADINGS, [row(each) for each in found])
    else:
        print_line("Nothing waits for consent.")


def _show(found: "turn_pb.PendingApproval", *, as_json: bool) -> None:
    from cli.render import print_line
    from cli.views.approval import lines
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(found))
        return
    for line in lines(found):
        print_line(line)
