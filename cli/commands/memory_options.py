"""What the commands on memories have in common: their arguments, options and times."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import conversation_ids, memory_ids

if TYPE_CHECKING:
    from datetime import datetime

MemoryId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The memory's id, as `memory list` shows it.", autocompletion=memory_ids),
]
OtherId = Annotated[str, typer.Argument(metavar="OTHER", help="The id of the other memory.", autocompletion=memory_ids)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Namespaces = Annotated[
    list[str] | None,
    typer.Option("--namespace", metavar="NAME", help="Only here: user:NAME, agent:ID or shared; may be repeated."),
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


def moment(text: str, option: str) -> "datetime | None":
    """The moment that an option names; None where it is not given. Raises CommandError (wrong use)."""
    from cli.moments import moment_of
    from soma_common.kernel.clock import Clock

    return moment_of(text, Clock().now(), option) if text else None
