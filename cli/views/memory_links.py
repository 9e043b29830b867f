"""Links between memories as rows and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, one_line
from soma.memory.v1 import graph_pb2 as graph_pb

NEIGHBOR_HEADINGS: Final = ("STRENGTH", "LINKS", "WAY", "TEXT", "ID")
PATH_HEADINGS: Final = ("LINK", "STRENGTH", "TEXT", "ID")
_TEXT: Final = 60


def said(link: graph_pb.MemoryLink) -> str:
    """A link as a line."""
    return f"{link.source_memory_id} {link.type} {link.target_memory_id}, {link.strength:.2f}"


def neighbor_row(near: graph_pb.Neighbor) -> tuple[str, ...]:
    """A neighbour, and what the links on the way say."""
    way = " · ".join(link.type for link in near.path) or NONE
    return f"{near.strength:.3f}", str(near.hops), way, one_line(near.memory.text, _TEXT), near.memory.memory_id


def path_rows(found: graph_pb.FindPathResponse) -> Iterator[tuple[str, ...]]:
    """The memories of a path, each with the link that leads to it."""
    for number, memory in enumerate(found.memories):
        link = found.links[number - 1] if number else None
        named = (NONE, NONE) if link is None else (link.type, f"{link.strength:.2f}")
        yield (*named, one_line(memory.text, _TEXT), memory.memory_id)
