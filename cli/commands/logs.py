"""`somastack logs`: what the processes write, merged in the order of time.

Nothing here knows where a process logs; the settings do.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import processes
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stack.log_lines import LogLine

_COLOURS = {"ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m", "WARNING": "\x1b[33m", "DEBUG": "\x1b[2m"}
_RESET = "\x1b[0m"


def logs(
    services: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SERVICE]…", help="Only these processes.", autocompletion=processes),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=100_000, help="How many of the last lines.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as they stand in the files.")] = False,
) -> None:
    """Show what the processes write, merged in the order of time.

    A line shows time, process, level, sentence and trace; a trace id finds all lines of one turn in every process.

    Examples:  somastack logs  ·  somastack logs chat governor -f  ·  somastack logs -n 500 | grep 4bf92f35
    """
    from cli.stack.log_lines import follow as followed
    from cli.stack.log_lines import last_lines
    from config import load_settings

    files = _files(load_settings().home_folders.logs, services or [])
    for line in last_lines(files, lines)[-lines:] if lines else []:
        _print(line, as_json)
    for line in followed(files) if follow else ():
        _print(line, as_json)


def _files(folder: "Path", wanted: list[str]) -> "dict[str, Path]":
    found = {path.stem: path for path in sorted(folder.glob("*.log"))} if folder.is_dir() else {}
    if not found:
        raise CommandError("There are no logs yet. Start the stack with `somastack up`.", Exit.CANNOT_REACH)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise CommandError(f"There is no process {unknown[0]}. There are: {', '.join(found)}.", Exit.WRONG_USE)
    return {name: found[name] for name in wanted} if wanted else found


def _print(line: "LogLine", as_json: bool) -> None:
    sys.stdout.write(f"{line.text if as_json else _for_people(line)}\n")
    sys.stdout.flush()


def _for_people(line: "LogLine") -> str:
    name = f"{line.process:<10}"
    if line.fields is None:
        return f"{name} {line.text}"
    fields = dict(line.fields)
    level = str(fields.get("level", "")).upper()
    data = fields.get("data")
    words = " ".join(f"{key}={value}" for key, value in data.items()) if isinstance(data, dict) else ""
    trace = str(fields.get("trace_id") or "")
    parts = [str(fields.get("timestamp", ""))[11:23], name, f"{level:<8}", str(fields.get("message", "")), words]
    text = " ".join(part for part in (*parts, f"trace={trace}" if trace else "") if part)
    colour = _COLOURS.get(level, "") if _colours() else ""
    return f"{colour}{text}{_RESET}" if colour else text


def _colours() -> bool:
    from rich.console import Console

    console = Console()
    return console.is_terminal and not console.no_color
