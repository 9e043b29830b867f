"""`somastack memory export`, `import`, `stats`, `rebuild-index`, `forget-person`, `erasure`: all of it at once.

Nothing here stores or erases; the services do.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.memory_options import Json, Namespaces, place
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import erasure_pb2 as erasure_pb
    from soma.memory.v1 import transfer_pb2 as transfer_pb

Write = Callable[[str], object]
Tick = Callable[[int], None]


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("export")(export)
    app.command("import")(import_memories)
    app.command("stats")(stats)
    app.command("rebuild-index")(rebuild_index)
    app.command("forget-person")(forget_person)
    app.command("erasure")(erasure)


def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here.")] = None,
    namespace: Namespaces = None,
    retired: Annotated[bool, typer.Option("--all", help="Also what recall does not find any more.")] = False,
) -> None:
    """Write all memories and links as JSON lines that `import` reads; the file is there once it is whole.

    Each line is a message soma.memory.v1.ExportMemoriesResponse; the last one is the end with the numbers.

    Example:  somastack memory export -o memories.jsonl
    """
    from cli.commands.conversation import whole_file
    from cli.doors import reach
    from soma.memory.v1 import transfer_pb2 as transfer_pb

    request = transfer_pb.ExportMemoriesRequest(namespaces=namespace or [], include_retired=retired)
    if output is None:
        reach(lambda doors: _write(doors, request, sys.stdout.write))
        return
    with whole_file(output) as file:
        reach(lambda doors: _write(doors, request, file.write))


async def _write(doors: "Doors", request: "transfer_pb.ExportMemoriesRequest", write: Write) -> None:
    """Raises SomaError, and CommandError for an export that breaks off."""
    from cli.memory_calls import exported
    from cli.memory_calls import stats as figures
    from cli.render import Progress
    from cli.views.words import to_json

    total = sum(each.memory_count for each in (await figures(doors, list(request.namespaces))).namespaces)
    ended = False
    with Progress() as progress:
        tick = progress.count("writing memories", total)
        async for piece in exported(doors, request):
            write(f"{to_json(piece)}\n")
            ended = piece.HasField("end")
            if piece.HasField("memory"):
                tick(1)
        if not ended:
            raise CommandError("The export broke off, so nothing was written. Try it again.")


def import_memories(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `memory export` wrote.")],
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="Where all goes; else where it came from.", callback=place)
    ] = "",
    as_json: Json = False,
) -> None:
    """Store what an export has. The same file again goes on where it was cut off: what is stored is passed over.

    With --json: the message soma.memory.v1.ImportMemoriesResponse.

    Example:  somastack memory import memories.jsonl
    """
    from cli.doors import reach
    from cli.memory_calls import CARRY_SECONDS, memory
    from cli.render import Progress, print_line
    from cli.views.words import count, to_json

    pieces = list(read_pieces(file))

    async def work(doors: "Doors") -> "transfer_pb.ImportMemoriesResponse":
        with Progress() as progress:
            tick = progress.count("storing memories", len(pieces))
            told = _told(pieces, begin_of(file, namespace, doors.owner_sub), tick)
            return await memory(doors).ImportMemories(told, timeout=CARRY_SECONDS)

    done = reach(work)
    if as_json:
        print_line(to_json(done))
        return
    for refusal in done.refusals:
        Progress().note(f"! {refusal}")
    print_line(
        f"Memories stored: {count(done.stored_count)}; there already: {count(done.duplicate_count)}; "
        f"links: {count(done.link_count)}; refused: {count(done.refused_count)}"
    )


def begin_of(file: Path, namespace: str, owner_sub: str) -> "transfer_pb.ImportBegin":
    """The beginning of an import: the same file, place and person have the same repeat key."""
    import hashlib
    from uuid import NAMESPACE_OID, uuid5

    from soma.memory.v1 import transfer_pb2 as transfer_pb

    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    key = uuid5(NAMESPACE_OID, f"memory import {digest} {namespace} {owner_sub}")
    return transfer_pb.ImportBegin(namespace=namespace, request_id=str(key))


def read_pieces(file: Path) -> "Iterator[transfer_pb.ImportMemoriesRequest]":
    """The memories and links of a file. Raises CommandError for what is no whole export."""
    from google.protobuf.json_format import Parse, ParseError

    from soma.memory.v1 import transfer_pb2 as transfer_pb

    ended = False
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                piece = Parse(line, transfer_pb.ExportMemoriesResponse(), ignore_unknown_fields=True)
                ended = piece.HasField("end")
                if piece.HasField("memory"):
                    yield transfer_pb.ImportMemoriesRequest(memory=piece.memory)
                elif piece.HasField("link"):
                    yield transfer_pb.ImportMemoriesRequest(link=piece.link)
                elif not ended:
                    raise CommandError(f"Line {number} of {file} is neither a memory nor a link.", Exit.WRONG_USE)
    except OSError as problem:
        raise CommandError(f"{file} cannot be read: {problem.strerror}.", Exit.WRONG_USE) from None
    except (ParseError, UnicodeDecodeError):
        raise CommandError(
            f"{file} is no export of memories. Give a file that `memory export` wrote.", Exit.WRONG_USE
        ) from None
    if not ended:
        raise CommandError(f"{file} is not whole: its last line is not the end. Export it anew.", Exit.WRONG_USE)


async def _told(
    pieces: "list[transfer_pb.ImportMemoriesRequest]", begin: "transfer_pb.ImportBegin", tick: Tick
) -> "AsyncIterator[transfer_pb.ImportMemoriesRequest]":
    from soma.memory.v1 import transfer_pb2 as transfer_pb

    yield transfer_pb.ImportMemoriesRequest(begin=begin)
    for piece in pieces:
        yield piece
        tick(1)


def stats(namespace: Namespaces = None, as_json: Json = False) -> None:
    """Show how much is remembered where, and how the index of vectors is.

    With --json: the message soma.memory.v1.GetMemoryStatsResponse.

    Example:  somastack memory stats
    """
    from cli.doors import reach
    from cli.memory_calls import stats as figures
    from cli.render import print_line, print_table
    from cli.views.memory_upkeep import STATS_HEADINGS, stats_lines, stats_row
    from cli.views.words import to_json

    found = reach(lambda doors: figures(doors, namespace or []))
    if as_json:
        print_line(to_json(found))
        return
    if found.namespaces:
        print_table(STATS_HEADINGS, [stats_row(each) for each in found.namespaces])
    for line in stats_lines(found):
        print_line(line)


def rebuild_index(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only compare, repair nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the index of vectors with the database, repair it, and compare again. Recall goes on meanwhile.

    With --json: the last message soma.memory.v1.RebuildIndexResponse.

    Example:  somastack memory rebuild-index
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.memory_upkeep import rebuilt
    from cli.views.words import to_json

    last = reach(lambda doors: _rebuild(doors, dry_run=dry_run))
    print_line(to_json(last) if as_json else rebuilt(last, dry_run=dry_run))
    if not dry_run and not last.equal:
        raise CommandError("The index is not equal to the database yet.")


async def _rebuild(doors: "Doors", *, dry_run: bool) -> "transfer_pb.RebuildIndexResponse":
    from cli.memory_calls import CARRY_SECONDS, memory
    from cli.render import Progress
    from soma.memory.v1 import transfer_pb2 as transfer_pb

    request = transfer_pb.RebuildIndexRequest(dry_run=dry_run, request_id=doors.request_id())
    last, tick = transfer_pb.RebuildIndexResponse(), None
    with Progress() as progress:
        async for far in memory(doors).RebuildIndex(request, timeout=CARRY_SECONDS):
            tick = tick or progress.count("comparing vectors", far.total_count)
            tick(far.compared_count - last.compared_count)
            last = far
        if not last.done:
            raise CommandError("The comparison broke off. Run it again; it repeats nothing that was repaired.")
    return last


def forget_person(
    sub: Annotated[str, typer.Argument(metavar="NAME", help="The person, as tokens call it.")],
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="NAME", help="The same name again, instead of being asked.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Erase everything about and by a person from every house, and report on each store. It asks for the name.

    With --json: the message soma.memory.v1.Erasure.

    Example:  somastack memory forget-person ada
    """
    from cli.doors import reach
    from cli.memory_calls import LONG_SECONDS, memory
    from cli.views.memory_upkeep import touched_of_person
    from soma.memory.v1 import erasure_pb2 as erasure_pb

    typer.echo(touched_of_person(sub), err=True)
    if not confirm and not sys.stdin.isatty():
        raise CommandError("Nobody can be asked here. Give the name again with --confirm.", Exit.WRONG_USE)
    again = confirm or typer.prompt("Type the name to go on", err=True)
    if again != sub:
        raise CommandError("That is another name. Nothing was erased.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "erasure_pb.ForgetSubjectResponse":
        request = erasure_pb.ForgetSubjectRequest(sub=sub, confirm_sub=again, request_id=doors.request_id())
        return await memory(doors).ForgetSubject(request, timeout=LONG_SECONDS)

    _report(reach(work).erasure, as_json=as_json)


def erasure(
    erasure_id: Annotated[str, typer.Argument(metavar="ID", help="As `memory forget-person` told it.")],
    as_json: Json = False,
) -> None:
    """Show how far the erasure of a person is, store by store.

    With --json: the message soma.memory.v1.Erasure.

    Example:  somastack memory erasure 0197a0c2-6666-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from soma.memory.v1 import erasure_pb2 as erasure_pb

    request = erasure_pb.GetErasureRequest(erasure_id=checked_id(erasure_id, "erasure"))
    _report(reach(lambda doors: memory(doors).GetErasure(request)).erasure, as_json=as_json)


def _report(found: "erasure_pb.Erasure", *, as_json: bool) -> None:
    from cli.render import print_line, print_table
    from cli.views.memory_upkeep import ERASURE_HEADINGS, erasure_end, erasure_row
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(found))
        return
    if found.stores:
        print_table(ERASURE_HEADINGS, [erasure_row(each) for each in found.stores], state_column=2)
    print_line(erasure_end(found))
