"""`somastack memory`: what is remembered; searching, showing, adding and forgetting it.

Nothing here ranks or stores; the memory service does.
"""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import memory_pb2 as memory_pb
    from soma.memory.v1 import memory_service_pb2 as service_pb
    from soma.memory.v1 import memory_service_pb2_grpc as service_grpc

_PATIENCE_MILLISECONDS = 2000
_MemoryId = Annotated[str, typer.Argument(metavar="ID", help="The memory's id, as `memory search` shows it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
app = typer.Typer(help="Search, show, add and forget what is remembered.", no_args_is_help=True)


class Kind(StrEnum):
    """What sort of knowledge a memory is."""

    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"


@app.callback()
def _group() -> None:
    """Search, show, add and forget what is remembered."""


@app.command("search")
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY…", help="What to look for, in your own words.")],
    top: Annotated[int, typer.Option("--top", "-n", min=1, max=200, help="Most memories to show.")] = 10,
    kind: Annotated[Kind | None, typer.Option(help="Only this sort.")] = None,
    as_json: _Json = False,
) -> None:
    """Find the memories that fit best, with the parts of their score.

    VECTOR is likeness of meaning, WORDS likeness of words, RECENT how new, WEIGHT how much it matters; each 0 to 1.
    With --json: the message soma.memory.v1.RecallMemoriesResponse as REST answers it at /api/v1/memories:recall.

    Examples:  somastack memory search what does Ada like  ·  somastack memory search --kind semantic -n 3 tea --json
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json

    asked = " ".join(query).strip()
    if not asked:
        raise CommandError("There is nothing to look for. Give some words.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "service_pb.RecallMemoriesResponse":
        return await recall(doors, asked, top, kind)

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    else:
        show_hits(found)


@app.command("show")
def show(memory_id: _MemoryId, as_json: _Json = False) -> None:
    """Show everything that is known of one memory.

    With --json: the message soma.memory.v1.Memory.

    Example:  somastack memory show 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.render import print_line, print_table
    from cli.views.memory import lines
    from cli.views.words import to_json

    wanted = checked_id(memory_id, "memory")
    found = reach(lambda doors: _get(doors, wanted))
    if as_json:
        print_line(to_json(found))
        return
    print_table(("FIELD", "VALUE"), list(lines(found)))
    print_line(f"\n{found.text}")


@app.command("add")
def add(
    text: Annotated[list[str], typer.Argument(metavar="TEXT…", help="What to remember.")],
    kind: Annotated[Kind, typer.Option(help="What sort it is.")] = Kind.SEMANTIC,
    importance: Annotated[float, typer.Option(min=0.0, max=1.0, help="How much it matters.")] = 0.5,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A label; may be given several times.")] = None,
    as_json: _Json = False,
) -> None:
    """Remember something for the owner of this installation.

    Prints the new memory's id. What is known word for word is strengthened instead of being stored twice. With --json:
    the message soma.memory.v1.StoreMemoryResponse.

    Examples:  somastack memory add Ada drinks her tea without milk  ·
    somastack memory add --kind procedural --tag release "Tag, build, then publish."
    """
    from cli.doors import reach
    from cli.render import Progress, print_line
    from cli.views.words import to_json

    said = " ".join(text).strip()
    if not said:
        raise CommandError("There is nothing to remember. Give some words.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "service_pb.StoreMemoryResponse":
        return await _store(doors, said, kind, importance, tags or [])

    stored = reach(work)
    if stored.duplicate:
        Progress().note("That was known already; it now matters more.")
    print_line(to_json(stored) if as_json else stored.memory.memory_id)


@app.command("forget")
def forget(
    memory_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The memory's id, as `memory search` shows it.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Everything that was learned in this conversation.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete one memory, or what a conversation taught, for good. Says what it will touch and asks first.

    What was learned elsewhere too stays. Messages stay; what is said in the conversation later is learned as ever.

    Examples:  somastack memory forget 0197a0c2-1111-7000-8000-000000000001  ·
    somastack memory forget --yes --conversation 0197a0c2-2222-7000-8000-000000000001
    """
    if (memory_id is None) == (conversation is None):
        raise CommandError("Say either which memory to forget or which --conversation.", Exit.WRONG_USE)
    if memory_id is not None:
        _forget_memory(memory_id, yes=yes)
    elif conversation is not None:
        _forget_conversation(conversation, yes=yes)


def _forget_memory(memory_id: str, *, yes: bool) -> None:
    from cli.consent import ask
    from cli.doors import checked_id, reach
    from cli.render import print_line
    from cli.views.memory import touched

    wanted = checked_id(memory_id, "memory")
    found = reach(lambda doors: _get(doors, wanted))
    ask(touched(found), "Forget it?", yes=yes, terminal=sys.stdin.isatty())
    reach(lambda doors: _delete(doors, wanted))
    print_line(f"Forgotten: {wanted}")


def _forget_conversation(conversation_id: str, *, yes: bool) -> None:
    from cli.consent import ask
    from cli.doors import checked_id, reach
    from cli.render import print_line
    from cli.views.memory import forgotten, touched_of_conversation

    wanted = checked_id(conversation_id, "conversation")
    ask(touched_of_conversation(wanted), "Forget it?", yes=yes, terminal=sys.stdin.isatty())
    print_line(forgotten(reach(lambda doors: _delete_by_conversation(doors, wanted))))


async def recall(doors: "Doors", query: str, top: int, kind: Kind | None = None) -> "service_pb.RecallMemoriesResponse":
    """The memories that fit best. Raises SomaError."""
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.RecallMemoriesRequest(
        query=query,
        top_k=top,
        kinds=[_number(kind)] if kind else [],
        time_budget_milliseconds=_PATIENCE_MILLISECONDS,
    )
    return await _memory(doors).RecallMemories(request)


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


def _number(kind: Kind) -> "memory_pb.MemoryKind.ValueType":
    from soma.memory.v1 import memory_pb2 as memory_pb

    return memory_pb.MemoryKind.Value(f"MEMORY_KIND_{kind.name}")


def _memory(doors: "Doors") -> "service_grpc.MemoryServiceStub":
    from soma.memory.v1 import memory_service_pb2_grpc as service_grpc

    return doors.stub("memory", service_grpc.MemoryServiceStub)


async def _get(doors: "Doors", memory_id: str) -> "memory_pb.Memory":
    from soma.memory.v1 import memory_service_pb2 as service_pb

    return (await _memory(doors).GetMemory(service_pb.GetMemoryRequest(memory_id=memory_id))).memory


async def _store(
    doors: "Doors", text: str, kind: Kind, importance: float, tags: list[str]
) -> "service_pb.StoreMemoryResponse":
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.StoreMemoryRequest(
        text=text, kind=_number(kind), importance=importance, tags=tags, request_id=doors.request_id()
    )
    return await _memory(doors).StoreMemory(request)


async def _delete(doors: "Doors", memory_id: str) -> None:
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.DeleteMemoryRequest(memory_id=memory_id, request_id=doors.request_id())
    await _memory(doors).DeleteMemory(request)


async def _delete_by_conversation(doors: "Doors", conversation_id: str) -> "service_pb.DeleteBySourceResponse":
    from soma.memory.v1 import memory_service_pb2 as service_pb

    request = service_pb.DeleteBySourceRequest(conversation_id=conversation_id, request_id=doors.request_id())
    return await _memory(doors).DeleteBySource(request)
