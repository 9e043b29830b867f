"""`somastack memory sweep`, `consolidate`, `rollback`, `quarantine`, `restore`: looking after what is remembered.

Nothing here decides what goes; the memory service does.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.completing import conversation_ids
from cli.commands.memory_options import Json, Namespaces, Yes, place
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

_Undo = Annotated[str, typer.Option("--undo", metavar="ID", help="Bring back what this sweep took.")]
_Model = Annotated[bool, typer.Option("--model", help="A model may be asked, within its own budget.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("sweep")(sweep)
    app.command("consolidate")(consolidate)
    app.command("consolidations")(consolidations)
    app.command("rollback")(rollback)
    app.command("quarantine")(quarantine)
    app.command("quarantines")(quarantines)
    app.command("restore")(restore)


def sweep(
    undo: _Undo = "",
    namespace: Namespaces = None,
    below: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Retention under which one goes; 0.05.")] = None,
    dry_run: _DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take what has expired or faded out of recall. First says what and why, then asks; for 30 days it can be undone.

    With --json: the message soma.memory.v1.SweepMemoriesResponse, with --undo RestoreSweepResponse.

    Examples:  somastack memory sweep --dry-run  ·  somastack memory sweep --yes  ·
    somastack memory sweep --undo 0197a0c2-3333-7000-8000-000000000001
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.views.memory_upkeep import SWEEP_HEADINGS, swept, swept_row
    from cli.views.words import to_json

    if undo:
        _undo_sweep(undo, as_json=as_json)
        return
    would = reach(lambda doors: _sweep(doors, namespace, below, dry_run=True))
    if not as_json and would.memories:
        print_table(SWEEP_HEADINGS, [swept_row(each) for each in would.memories])
    if not dry_run and would.swept_count:
        question = f"Take {swept(would)} out of recall?"
        ask("For 30 days a sweep can be undone.", question, yes=yes, terminal=sys.stdin.isatty())
        would = reach(lambda doors: _sweep(doors, namespace, below, dry_run=False))
    if as_json:
        print_line(to_json(would))
    elif would.sweep_id:
        print_line(f"Swept: {swept(would)}. Undo it with: somastack memory sweep --undo {would.sweep_id}")
    else:
        print_line(f"Looked at {would.examined_count:,}; {swept(would)} would go.")


def _undo_sweep(sweep_id: str, *, as_json: bool) -> None:
    from cli.doors import checked_id, reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    wanted = checked_id(sweep_id, "sweep")

    async def work(doors: "Doors") -> "upkeep_pb.RestoreSweepResponse":
        request = upkeep_pb.RestoreSweepRequest(sweep_id=wanted, request_id=doors.request_id())
        return await memory(doors).RestoreSweep(request, timeout=LONG_SECONDS)

    done = reach(work)
    print_line(to_json(done) if as_json else f"Brought back: {done.restored_count:,}")


async def _sweep(
    doors: "Doors", namespaces: list[str] | None, below: float | None, *, dry_run: bool
) -> "upkeep_pb.SweepMemoriesResponse":
    from cli.memory_calls import LONG_SECONDS, memory
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    request = upkeep_pb.SweepMemoriesRequest(
        dry_run=dry_run, namespaces=namespaces or [], min_retention=below, request_id=doors.request_id()
    )
    return await memory(doors).SweepMemories(request, timeout=LONG_SECONDS)


def consolidate(
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="user:NAME, agent:ID or shared; else yours.", callback=place)
    ] = "",
    model: _Model = False,
    most: Annotated[int, typer.Option("--most", "-n", min=2, max=1000, help="Most memories to look at.")] = 200,
    dry_run: _DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make fewer facts of many memories of what happened. Each is reached from a fact; 30 days long it can be undone.

    Only episodic memories are looked at, and none that is pinned, expires, or has a key or a payload.

    With --json: the message soma.memory.v1.ConsolidateResponse.

    Examples:  somastack memory consolidate --dry-run  ·  somastack memory consolidate --namespace shared --yes
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.render import Progress, print_line, print_table
    from cli.views.memory_upkeep import consolidation_lines
    from cli.views.words import to_json, visible
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    if not dry_run:
        where = f"of {namespace}" if namespace else "of yours"
        what = f"This makes facts of up to {most:,} episodic memories {where}, which then rest behind them."
        ask(what, "Do it?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> "upkeep_pb.ConsolidateResponse":
        request = upkeep_pb.ConsolidateRequest(
            namespace=namespace, use_model=model, max_sources=most, dry_run=dry_run, request_id=doors.request_id()
        )
        with Progress() as progress:
            progress.step("consolidating")
            return await memory(doors).Consolidate(request, timeout=LONG_SECONDS)

    done = reach(work)
    if as_json:
        print_line(to_json(done))
        return
    for proposal in done.proposals:
        print_line(f"· {visible(proposal)}")
    print_table(("FIELD", "VALUE"), list(consolidation_lines(done.consolidation)))


def consolidations(
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="Only there: user:NAME, agent:ID or shared.", callback=place)
    ] = "",
    as_json: Json = False,
) -> None:
    """List the consolidations, the newest first.

    With --json: the message soma.memory.v1.ListConsolidationsResponse.

    Example:  somastack memory consolidations --namespace shared
    """
    from cli.doors import reach
    from cli.memory_calls import memory
    from cli.views.memory_upkeep import CONSOLIDATION_HEADINGS, consolidation_row
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    request = upkeep_pb.ListConsolidationsRequest(namespace=namespace)
    found = reach(lambda doors: memory(doors).ListConsolidations(request))
    rows = [consolidation_row(each) for each in found.consolidations]
    _show(found, CONSOLIDATION_HEADINGS, rows, "There was no consolidation.", as_json=as_json)


def rollback(
    consolidation_id: Annotated[str, typer.Argument(metavar="ID", help="As `memory consolidations` shows it.")],
    as_json: Json = False,
) -> None:
    """Undo a consolidation: recall finds what it found before.

    With --json: the message soma.memory.v1.RollbackConsolidationResponse.

    Example:  somastack memory rollback 0197a0c2-4444-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    wanted = checked_id(consolidation_id, "consolidation")

    async def work(doors: "Doors") -> "upkeep_pb.RollbackConsolidationResponse":
        request = upkeep_pb.RollbackConsolidationRequest(consolidation_id=wanted, request_id=doors.request_id())
        return await memory(doors).RollbackConsolidation(request, timeout=LONG_SECONDS)

    done = reach(work)
    print_line(to_json(done) if as_json else f"Rolled back; awakened: {done.restored_count:,}")


def quarantine(
    memory_id: Annotated[str, typer.Option("--memory", metavar="ID", help="One memory and what was made of it.")] = "",
    conversation: Annotated[
        str, typer.Option(metavar="ID", help="All from this conversation.", autocompletion=conversation_ids)
    ] = "",
    source: Annotated[str, typer.Option(metavar="ID", help="All from this document, message or tool call.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for whoever looks later.")] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Hide a source and everything that was made of it, at once, and name the turns that had used it.

    With --json: the message soma.memory.v1.QuarantineSourceResponse.

    Example:  somastack memory quarantine --source invoice-2026-11.pdf --reason "It was forged."
    """
    from cli.consent import ask
    from cli.doors import checked_id, reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.render import print_line
    from cli.views.memory_upkeep import hidden, touched_of_quarantine
    from cli.views.words import to_json
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    given = [(name, value) for name, value in (("memory", memory_id), ("conversation", conversation)) if value]
    if len(given) + bool(source) != 1:
        raise CommandError("Say what: one of --memory, --conversation and --source.", Exit.WRONG_USE)
    subject = upkeep_pb.QuarantineSubject(source_id=source) if source else upkeep_pb.QuarantineSubject()
    for name, value in given:
        setattr(subject, f"{name}_id", checked_id(value, name))
    ask(touched_of_quarantine(subject), "Hide it?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> "upkeep_pb.QuarantineSourceResponse":
        request = upkeep_pb.QuarantineSourceRequest(subject=subject, reason=reason, request_id=doors.request_id())
        return await memory(doors).QuarantineSource(request, timeout=LONG_SECONDS)

    done = reach(work)
    for line in [to_json(done)] if as_json else hidden(done):
        print_line(line)


def quarantines(
    lifted: Annotated[bool, typer.Option("--all", help="Lifted ones too.")] = False, as_json: Json = False
) -> None:
    """List the quarantines, the newest first.

    With --json: the message soma.memory.v1.ListQuarantinesResponse.

    Example:  somastack memory quarantines --all
    """
    from cli.doors import reach
    from cli.memory_calls import memory
    from cli.views.memory_upkeep import QUARANTINE_HEADINGS, quarantine_row
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    request = upkeep_pb.ListQuarantinesRequest(include_lifted=lifted)
    found = reach(lambda doors: memory(doors).ListQuarantines(request))
    rows = [quarantine_row(each) for each in found.quarantines]
    _show(found, QUARANTINE_HEADINGS, rows, "Nothing is under quarantine.", as_json=as_json)


def restore(
    quarantine_id: Annotated[str, typer.Argument(metavar="ID", help="As `memory quarantines` shows it.")],
    as_json: Json = False,
) -> None:
    """Lift a quarantine: the same memories are seen again, unless another one hides them.

    With --json: the message soma.memory.v1.RestoreSourceResponse.

    Example:  somastack memory restore 0197a0c2-5555-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import upkeep_pb2 as upkeep_pb

    wanted = checked_id(quarantine_id, "quarantine")

    async def work(doors: "Doors") -> "upkeep_pb.RestoreSourceResponse":
        request = upkeep_pb.RestoreSourceRequest(quarantine_id=wanted, request_id=doors.request_id())
        return await memory(doors).RestoreSource(request, timeout=LONG_SECONDS)

    done = reach(work)
    print_line(to_json(done) if as_json else f"Lifted; seen again: {done.restored_count:,}")


def _show(answer: Any, headings: tuple[str, ...], rows: list[tuple[str, ...]], none: str, *, as_json: bool) -> None:
    from cli.render import print_line, print_table
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(answer))
    elif rows:
        print_table(headings, rows)
    else:
        print_line(none)
