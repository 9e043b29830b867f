"""The options that the commands on events share, and what Tab offers for them.

Nothing here does a command's work.
"""

from typing import Annotated, Final

import typer

_TYPES: Final = (
    "turn.*",
    "turn.started",
    "turn.completed",
    "turn.failed",
    "turn.cancelled",
    "conversation.*",
    "memory.*",
    "cognitive.*",
    "cognitive.state.changed",
    "cognitive.sleep.changed",
    "governor.*",
    "governor.settled",
    "governor.level.changed",
    "control.*",
    "agent.*",
    "model.*",
    "saga.*",
    "dead_letter.*",
)
_TARGETS: Final = ("control.usage",)


def event_types(begin: str) -> list[str]:
    """Types of events."""
    return [name for name in _TYPES if name.startswith(begin)]


def services(begin: str) -> list[str]:
    """The services that write events."""
    from config.values import SERVICES

    return [name for name in SERVICES if name.startswith(begin)]


def targets(begin: str) -> list[str]:
    """Consumers that can get events once more."""
    return [name for name in _TARGETS if name.startswith(begin)]


Trace = Annotated[str, typer.Option("--trace-id", help="Only this trace; its first 4 digits or more will do.")]
Correlation = Annotated[str, typer.Option("--correlation-id", help="Only this call; of a turn it is the request id.")]
Kind = Annotated[
    str, typer.Option("--type", help="Only this type, or all that begin alike: turn.*", autocompletion=event_types)
]
Service = Annotated[str, typer.Option("--service", help="Only what this service wrote.", autocompletion=services)]
Stream = Annotated[str, typer.Option("--stream", help="Only this stream. Example: conversation/0197a0c2-….")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs, one object a line.")]
