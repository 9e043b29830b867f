"""Every command as a page, read from the command line itself.

Nothing here runs a command.
"""

import re
from collections.abc import Iterator
from enum import Enum
from inspect import cleandoc
from typing import Any, Final, get_args

import typer.main

from cli.exits import Exit
from cli.main import app
from tools.reference.markdown import code, page, plain, table

_ENDS: Final = {
    Exit.DONE: "it did what was asked",
    Exit.FAILED: "it did not; the sentence on standard error says why",
    Exit.WRONG_USE: "it was called in a wrong way, or a value is not acceptable",
    Exit.CANNOT_REACH: "the stack does not run, or a service does not answer",
    Exit.NOT_ALLOWED: "this account or this token may not do it",
}
_EXAMPLES: Final = re.compile(r"Examples?:\s+(.*)", re.DOTALL)
_ABOUT: Final = (
    "Output is a table for people; `--json` prints JSON for programs. Progress and notices go to standard error, so "
    "that pipes get the answer only. `NO_COLOR` is respected."
)


def cli_page() -> str:
    """The page."""
    root: Any = typer.main.get_command(app)
    ends = table(("Exit code", "Meaning"), [(str(int(end)), words) for end, words in _ENDS.items()])
    sections = [_section(path, command) for path, command in _commands("somastack", root)]
    return page("The command line", _ABOUT, ends, "130 is the end by Ctrl-C.", *sections)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from _commands(f"{path} {name}", inner)
        elif not inner.hidden:
            yield f"{path} {name}", inner


def _section(path: str, command: Any) -> str:
    arguments = [it for it in command.params if it.param_type_name == "argument"]
    options = [it for it in command.params if it.param_type_name == "option" and it.name != "help" and not it.hidden]
    usage = " ".join([path, *(_metavar(it) for it in arguments), *(["[OPTIONS]"] if options else [])])
    text, examples = _text_and_examples(cleandoc(command.help or ""))
    rows = [(code(_metavar(it)), "", _meaning(it)) for it in arguments]
    rows += [(", ".join(code(word) for word in _words(it)), _type(it), _meaning(it)) for it in options]
    return "\n\n".join(
        part
        for part in (
            f"## {path}",
            f"```text\n{usage}\n```",
            plain(text),
            table(("Argument or option", "Value", "Meaning"), rows),
            "```text\n" + "\n".join(examples) + "\n```" if examples else "",
        )
        if part
    )


def _text_and_examples(words: str) -> tuple[str, list[str]]:
    """The paragraphs, lines joined, and the commands of the last one if it lists examples."""
    paragraphs = [" ".join(paragraph.split("\n")) for paragraph in words.split("\n\n")]
    shown = [match[1] for it in paragraphs if (match := _EXAMPLES.match(it))]
    text = "\n\n".join(it for it in paragraphs if not _EXAMPLES.match(it))
    return text, [example for line in shown for example in re.split(r"\s+·\s+", line)]


def _metavar(argument: Any) -> str:
    many = "…" if argument.nargs == -1 else ""
    name = argument.metavar or argument.name.upper() + many
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _words(option: Any) -> list[str]:
    return [*option.opts, *option.secondary_opts]


def _type(option: Any) -> str:
    if option.is_flag:
        return ""
    kind = next(iter(get_args(option.type_descriptor.annotation)), option.type_descriptor.annotation)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(code(str(it.value)) for it in kind)
    name = {str: "text", int: "number", float: "number"}.get(kind, str(getattr(kind, "__name__", kind)).lower())
    return f"{name}, {option.min} to {option.max}" if option.min is not None and option.max is not None else name


def _meaning(given: Any) -> str:
    words = plain(given.help or "")
    default = given.default
    if isinstance(default, Enum):
        default = default.value
    shown = default not in (None, "", (), []) and not isinstance(default, bool) and not callable(default)
    return f"{words} Default: {code(str(default))}." if shown else words
