"""What the commands on memories have in common: their arguments, options and times."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.completing import conversation_ids, memory_ids
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from datetime import datetime

_PLACE: Final = re.compile(r"user:\S{1,128}|agent:[0-9a-f-]{36}|shared")


def place(text: str) -> str:
    """A namespace that somebody named; empty where nobody did. Raises CommandError (wrong use)."""
    if text and _PLACE.fullmatch(text) is None:
        raise CommandError(
            f"“{text[:80]}” is no place of memories. Give user:NAME, agent:ID or shared.", Exit.WRONG_USE
        )
    return text


def places(texts: list[str] | None) -> list[str] | None:
    """As `place`, for several."""
    return None if texts is None else [place(text) for text in texts]


MemoryId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The memory's id, as `memory list` shows it.", autocompletion=memory_ids),
]
OtherId = Annotated[str, typer.Argument(metavar="OTHER", help="The id of the other memory.", autocompletion=memory_ids)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace",
        metavar="NAME",
        help="Only here: user:NAME, agent:ID or shared; may be repeated.",
        callback=places,
    ),
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A label; may be given several times.")]
Conversation = Annotated[
    str,
    typer.Option("--conversation", metavar="ID", help="Only of this conversation.", autocompletion=conversation_ids),
]
Subject = Annotated[str, typer.Option("--subject", metavar="NAME", help="Whom or what it is about.")]


class Kind(StrEnum):
    """What sort of knowledge a memory is."""

    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"
    HYPOTHESIS = "hypothesis"


class SoughtKind(StrEnum):
    """What sort can be looked for: also what sleep supposes, which is found only where it is asked for."""

    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"
    HYPOTHESIS = "hypothesis"


def moment(text: str, option: str) -> "datetime | None":
    """The moment that an option names; None where it is not given. Raises CommandError (wrong use)."""
    from cli.moments import moment_of
    from soma_common.kernel.clock import Clock

    return moment_of(text, Clock().now(), option) if text else None
