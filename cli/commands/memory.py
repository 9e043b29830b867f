"""`somastack memory`: what is remembered; finding, keeping, listing and showing it.

Nothing here ranks or stores; the memory service does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import memory_carry, memory_changing, memory_links, memory_upkeep
from cli.commands.memory_options import (
    Conversation,
    Json,
    Kind,
    MemoryId,
    Namespaces,
    SoughtKind,
    Subject,
    Tags,
    moment,
    place,
)
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import memory_service_pb2 as service_pb

_PATIENCE_MILLISECONDS = 2000
app = typer.Typer(help="Find, keep, change, look after and forget what is remembered.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Find, keep, change, look after and forget what is remembered."""


@dataclass(frozen=True, slots=True)
class RecallOptions:
    """What to look for, and which memories count."""

    query: Annotated[list[str], typer.Argument(metavar="QUERY…", help="What to look for, in your own words.")]
    top: Annotated[int, typer.Option("--top", "-n", min=1, max=200, help="Most memories to show.")] = 10
    kind: Annotated[SoughtKind | None, typer.Option(help="Only this sort.")] = None
    namespace: Namespaces = None
    tag: Tags = None
    subject: Subject = ""
    conversation: Conversation = ""
    importance: Annotated[float, typer.Option(min=0.0, max=1.0, help="Only what matters at least so much.")] = 0.0
    as_of: Annotated[str, typer.Option("--as-of", metavar="TIME", help="What held in the world then.")] = ""
    known_at: Annotated[str, typer.Option("--known-at", metavar="TIME", help="What was known here then.")] = ""
    as_json: Json = False


@taking(RecallOptions)
def recall_command(options: RecallOptions) -> None:
    """Find the memories that fit best, with the parts of their score.

    VECTOR is likeness of meaning, WORDS likeness of words, RECENT how new, WEIGHT how much it matters, MORE what its
    neighbours, links, times and names add; each 0 to 1. With --json: the message
    soma.memory.v1.RecallMemoriesResponse as REST answers it at /api/v1/memories:recall.

    Examples:  somastack memory recall what does Ada like  ·  somastack memory recall --kind semantic -n 3 tea --json  ·
    somastack memory recall where does Ada live --as-of 2025-06-01
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import kind_number, memory, stamp
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import memory_service_pb2 as service_pb

    asked = " ".join(options.query).strip()
    if not asked:
        raise CommandError("There is nothing to look for. Give some words.", Exit.WRONG_USE)
    request = service_pb.RecallMemoriesRequest(
        query=asked,
        top_k=options.top,
        kinds=[kind_number(options.kind)] if options.kind else [],
        namespaces=options.namespace or [],
        tags=options.tag or [],
        subject=options.subject,
        conversation_id=checked_id(options.conversation, "conversation") if options.conversation else "",
        min_importance=options.importance,
        as_of_valid_time=stamp(moment(options.as_of, "--as-of")),
        as_of_learn_time=stamp(moment(options.known_at, "--known-at")),
        time_budget_milliseconds=_PATIENCE_MILLISECONDS,
    )
    found = reach(lambda doors: memory(doors).RecallMemories(request))
    if options.as_json:
        print_line(to_json(found))
    else:
        show_hits(found)


app.command("recall")(recall_command)
app.command("search", hidden=True)(recall_command)


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What to remember, and what is known of it."""

    text: Annotated[list[str], typer.Argument(metavar="TEXT…", help="What to remember.")]
    kind: Annotated[Kind, typer.Option(help="What sort it is.")] = Kind.SEMANTIC
    importance: Annotated[float, typer.Option(min=0.0, max=1.0, help="How much it matters.")] = 0.5
    tag: Tags = None
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="Where: user:NAME, agent:ID or shared; else yours.", callback=place)
    ] = ""
    subject: Subject = ""
    predicate: Annotated[str, typer.Option(help="For a fact: what is said; a later one replaces it. lives_in")] = ""
    value: Annotated[str, typer.Option("--object", help="For a fact: its value. Lisbon")] = ""
    coordinate: Annotated[str, typer.Option(help="A key; what is stored under it later replaces this.")] = ""
    valid_from: Annotated[str, typer.Option("--valid-from", metavar="TIME", help="Since when it holds.")] = ""
    valid_to: Annotated[str, typer.Option("--valid-to", metavar="TIME", help="Until when it holds.")] = ""
    ttl_days: Annotated[float, typer.Option("--ttl-days", min=0, help="How many days it lives; 0 for ever.")] = 0
    pin: Annotated[bool, typer.Option("--pin", help="No sweep takes it.")] = False
    as_json: Json = False


@taking(StoreOptions)
def store_command(options: StoreOptions) -> None:
    """Remember something for the owner of this installation.

    Prints the new memory's id. What is known word for word is strengthened instead of being stored twice. With --json:
    the message soma.memory.v1.StoreMemoryResponse.

    Examples:  somastack memory store Ada drinks her tea without milk  ·
    somastack memory store --subject Ada --predicate lives_in --object Lisbon Ada lives in Lisbon  ·
    somastack memory store --kind procedural --tag release "Tag, build, then publish."
    """
    from cli.doors import reach
    from cli.render import Progress, print_line
    from cli.views.words import to_json

    said = " ".join(options.text).strip()
    if not said:
        raise CommandError("There is nothing to remember. Give some words.", Exit.WRONG_USE)
    stored = reach(lambda doors: _store(doors, said, options))
    if stored.duplicate:
        Progress().note("That was known already; it now matters more.")
    for memory_id in stored.superseded_ids:
        Progress().note(f"It takes the place of {memory_id}.")
    print_line(to_json(stored) if options.as_json else stored.memory.memory_id)


app.command("store")(store_command)
app.command("add", hidden=True)(store_command)


async def _store(doors: "Doors", text: str, options: StoreOptions) -> "service_pb.StoreMemoryResponse":
    from datetime import timedelta

    from google.protobuf.duration_pb2 import Duration

    from cli.memory_calls import kind_number, memory, stamp
    from soma.memory.v1 import memory_service_pb2 as service_pb

    ttl = None
    if options.ttl_days:
        ttl = Duration()
        ttl.FromTimedelta(timedelta(days=options.ttl_days))
    request = service_pb.StoreMemoryRequest(
        text=text,
        kind=kind_number(options.kind),
        importance=options.importance,
        tags=options.tag or [],
        namespace=options.namespace,
        subject=options.subject,
        predicate=options.predicate,
        object=options.value,
        coordinate=options.coordinate,
        valid_from_time=stamp(moment(options.valid_from, "--valid-from")),
        valid_to_time=stamp(moment(options.valid_to, "--valid-to")),
        ttl=ttl,
        pinned=options.pin,
        request_id=doors.request_id(),
    )
    return await memory(doors).StoreMemory(request)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which memories."""

    kind: Annotated[SoughtKind | None, typer.Option(help="Only this sort.")] = None
    namespace: Namespaces = None
    tag: Tags = None
    subject: Subject = ""
    conversation: Conversation = ""
    source: Annotated[str, typer.Option("--source", metavar="ID", help="Only from this source.")] = ""
    retired: Annotated[bool, typer.Option("--all", help="Also what recall does not find any more.")] = False
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=10_000, help="Most rows to show.")] = 20
    as_json: Json = False


@taking(ListOptions)
def list_command(options: ListOptions) -> None:
    """List memories, the newest first. STATE says why recall does not find one.

    With --json: the message soma.memory.v1.ListMemoriesResponse as REST answers it at /api/v1/memories.

    Examples:  somastack memory list  ·  somastack memory list --all --subject user -n 100
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import kind_number, listed
    from cli.render import Progress, print_line, print_table
    from cli.views.memory import LIST_HEADINGS, list_row
    from cli.views.words import to_json
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.ListMemoriesRequest(
        namespaces=options.namespace or [],
        kinds=[kind_number(options.kind)] if options.kind else [],
        tags=options.tag or [],
        subject=options.subject,
        conversation_id=checked_id(options.conversation, "conversation") if options.conversation else "",
        source_id=options.source,
        include_retired=options.retired,
    )
    found = reach(lambda doors: listed(doors, request, options.most))
    if options.as_json:
        print_line(to_json(found))
    elif not found.memories:
        print_line("Nothing is remembered that fits.")
    else:
        print_table(LIST_HEADINGS, [list_row(each) for each in found.memories])
        if found.next_page_token:
            Progress().note("There are more. Give a larger -n, or narrow it.")


app.command("list")(list_command)


@app.command("show")
def show(memory_id: MemoryId, as_json: Json = False) -> None:
    """Show everything that is known of one memory: its fields, where it comes from and what became of it.

    With --json: the message soma.memory.v1.GetLineageResponse.

    Example:  somastack memory show 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import lineage
    from cli.render import print_line, print_table
    from cli.views.memory import LINEAGE_HEADINGS, lineage_rows, lines
    from cli.views.words import to_json, visible

    wanted = checked_id(memory_id, "memory")
    found = reach(lambda doors: lineage(doors, wanted))
    if as_json:
        print_line(to_json(found))
        return
    print_table(("FIELD", "VALUE"), list(lines(found.memory)))
    print_line(f"\n{visible(found.memory.text)}")
    rows = list(lineage_rows(found))
    if rows:
        print_line("")
        print_table(LINEAGE_HEADINGS, rows)


async def recall(doors: "Doors", query: str, top: int) -> "service_pb.RecallMemoriesResponse":
    """The memories that fit best. Raises SomaError."""
    from cli.memory_calls import memory
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.RecallMemoriesRequest(query=query, top_k=top, time_budget_milliseconds=_PATIENCE_MILLISECONDS)
    return await memory(doors).RecallMemories(request)


def show_hits(found: "service_pb.RecallMemoriesResponse") -> None:
    """Print what was recalled for people."""
    from cli.render import Progress, print_line, print_table
    from cli.views.memory import HIT_HEADINGS, hit_row

    if found.hits:
        print_table(HIT_HEADINGS, [hit_row(hit) for hit in found.hits])
    else:
        print_line("Nothing is remembered that fits.")
    reasons = list(found.degraded_reasons) or (["not everything was searched in time"] if found.partial else [])
    for reason in reasons:
        Progress().note(f"! {reason}")


memory_changing.add_to(app)
memory_links.add_to(app)
memory_upkeep.add_to(app)
memory_carry.add_to(app)
