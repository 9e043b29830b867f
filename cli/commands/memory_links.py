"""`somastack memory link`, `unlink`, `neighbors`, `path`: how memories hang together.

Nothing here walks the graph; the memory service does.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.memory_options import Json, MemoryId, OtherId

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.memory.v1 import graph_pb2 as graph_pb

_Hops = Annotated[int, typer.Option("--hops", min=1, max=8, help="Most links between.")]


class Way(StrEnum):
    """Which way links are followed."""

    BOTH = "both"
    OUTGOING = "outgoing"
    INCOMING = "incoming"


_LEADS: Final = {Way.BOTH: "from or to", Way.OUTGOING: "from", Way.INCOMING: "to"}


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("link")(link)
    app.command("unlink")(unlink)
    app.command("neighbors")(neighbors)
    app.command("path")(path)


def link(
    memory_id: MemoryId,
    other: OtherId,
    kind: Annotated[str, typer.Option("--type", help="What the link says, in small letters.")] = "related",
    strength: Annotated[float, typer.Option(min=0.001, max=1.0, help="How strong it is.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Link one memory to another; a link that is there already gets this strength.

    With --json: the message soma.memory.v1.MemoryLink.

    Example:  somastack memory link 0197a0c2-1111-7000-8000-000000000001 0197a0c2-1111-7000-8000-000000000002
    --type causes
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from cli.render import print_line
    from cli.views.memory_links import said
    from cli.views.words import to_json
    from soma.memory.v1 import graph_pb2 as graph_pb

    ends = checked_id(memory_id, "memory"), checked_id(other, "memory")

    async def work(doors: "Doors") -> "graph_pb.LinkMemoriesResponse":
        request = graph_pb.LinkMemoriesRequest(
            memory_id=ends[0], target_memory_id=ends[1], type=kind, strength=strength, request_id=doors.request_id()
        )
        return await memory(doors).LinkMemories(request)

    made = reach(work).link
    print_line(to_json(made) if as_json else f"Linked: {said(made)}")


def unlink(
    memory_id: MemoryId,
    other: OtherId,
    kind: Annotated[str, typer.Option("--type", help="Only the link that says this.")] = "",
    as_json: Json = False,
) -> None:
    """Take the links from one memory to another away.

    With --json: the message soma.memory.v1.UnlinkMemoriesResponse.

    Example:  somastack memory unlink 0197a0c2-1111-7000-8000-000000000001 0197a0c2-1111-7000-8000-000000000002
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.memory.v1 import graph_pb2 as graph_pb

    ends = checked_id(memory_id, "memory"), checked_id(other, "memory")

    async def work(doors: "Doors") -> "graph_pb.UnlinkMemoriesResponse":
        request = graph_pb.UnlinkMemoriesRequest(
            memory_id=ends[0], target_memory_id=ends[1], type=kind, request_id=doors.request_id()
        )
        return await memory(doors).UnlinkMemories(request)

    done = reach(work)
    print_line(to_json(done) if as_json else f"Links taken away: {done.removed_count}")


def neighbors(
    memory_id: MemoryId,
    hops: Annotated[int, typer.Option("--hops", min=1, max=4, help="Most links between.")] = 1,
    way: Annotated[Way, typer.Option("--way", help="Which way links are followed.")] = Way.BOTH,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only along such links; may be repeated.")] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=200, help="Most rows to show.")] = 50,
    as_json: Json = False,
) -> None:
    """List the memories that links reach from one, the strongest first.

    With --json: the message soma.memory.v1.ListNeighborsResponse.

    Example:  somastack memory neighbors 0197a0c2-1111-7000-8000-000000000001 --hops 2
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from cli.render import print_line, print_table
    from cli.views.memory_links import NEIGHBOR_HEADINGS, neighbor_row
    from cli.views.words import to_json
    from soma.memory.v1 import graph_pb2 as graph_pb

    request = graph_pb.ListNeighborsRequest(
        memory_id=checked_id(memory_id, "memory"),
        max_hops=hops,
        direction=graph_pb.LinkDirection.Value(f"LINK_DIRECTION_{way.name}"),
        types=types or [],
        page_size=most,
    )
    found = reach(lambda doors: memory(doors).ListNeighbors(request))
    if as_json:
        print_line(to_json(found))
    elif found.neighbors:
        print_table(NEIGHBOR_HEADINGS, [neighbor_row(each) for each in found.neighbors])
    else:
        print_line(f"No link leads {_LEADS[way]} it.")


def path(
    memory_id: MemoryId,
    other: OtherId,
    hops: _Hops = 6,
    strongest: Annotated[bool, typer.Option("--strongest", help="The strongest path, not the shortest.")] = False,
    as_json: Json = False,
) -> None:
    """Show the shortest or the strongest path from one memory to another.

    With --json: the message soma.memory.v1.FindPathResponse.

    Example:  somastack memory path 0197a0c2-1111-7000-8000-000000000001 0197a0c2-1111-7000-8000-000000000002
    """
    from cli.doors import checked_id, reach
    from cli.memory_calls import memory
    from cli.render import print_line, print_table
    from cli.views.memory_links import PATH_HEADINGS, path_rows
    from cli.views.words import to_json
    from soma.memory.v1 import graph_pb2 as graph_pb

    request = graph_pb.FindPathRequest(
        memory_id=checked_id(memory_id, "memory"),
        target_memory_id=checked_id(other, "memory"),
        choice=graph_pb.PATH_CHOICE_STRONGEST if strongest else graph_pb.PATH_CHOICE_SHORTEST,
        max_hops=hops,
    )
    found = reach(lambda doors: memory(doors).FindPath(request))
    if as_json:
        print_line(to_json(found))
    elif found.memories:
        print_table(PATH_HEADINGS, list(path_rows(found)))
    else:
        print_line(f"No path of at most {hops} links leads there.")
