"""`somastack chat`: a conversation in the terminal, or one question.

Nothing here knows the protocol; `cli/turns.py` does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    import asyncio

    from cli.slash import SlashCommands
    from cli.turns import TurnEnd, Turns

_STOPPED = 130
_PROMPT = "you › "


def chat(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION]…", help="Ask this and end."),
    ] = None,
    conversation: Annotated[str, typer.Option("--conversation", help="Go on with this conversation, by its id.")] = "",
) -> None:
    """Talk to your agent; the answer streams as it is written.

    Ctrl-C stops the answer and not the program; Ctrl-D ends the conversation; /help lists what else can be asked for
    in it: /receipt, /mind, /memory, /model. The line after an answer is its
    receipt: level, tokens, cost, time to the first word. Only the answer goes to standard output.

    Examples:  somastack chat  ·  somastack chat "What do you remember of me?"  ·  cat notes.txt | somastack chat
    """
    import asyncio

    from cli.slash import SlashCommands
    from cli.turns import Turns
    from config import load_settings
    from soma_common.kernel.ids import Ids

    asked = _question(question or [])
    settings = load_settings()

    async def turns() -> Turns:
        return Turns(settings.endpoint("chat").targets, settings.identity, Ids())

    with asyncio.Runner() as runner:
        client = runner.run(turns())
        try:
            if asked:
                _end_of_one(runner.run(client.ask(asked, conversation, _Terminal())))
            else:
                _converse(runner, client, conversation, SlashCommands(runner, settings))
        finally:
            runner.run(client.close())


def _question(words: list[str]) -> str:
    """The question of the arguments or of standard input; empty where a person is to be asked for one."""
    asked = " ".join(words)
    if not asked and not sys.stdin.isatty():
        try:
            asked = sys.stdin.read().strip()
        except UnicodeDecodeError:
            raise _no_text() from None
        if not asked:
            raise CommandError("There is no question: standard input is empty.", Exit.WRONG_USE)
    return _as_text(asked)


def _as_text(asked: str) -> str:
    """What was typed or piped, if it is text: bytes that are none come as halves of surrogate pairs."""
    try:
        asked.encode("utf-8")
    except UnicodeEncodeError:
        raise _no_text() from None
    return asked


def _no_text() -> CommandError:
    return CommandError("The question is not text in UTF-8. Convert it first, for example with iconv.", Exit.WRONG_USE)


class _Terminal:
    """Writes the answer to standard output and everything about it to standard error."""

    def text(self, piece: str) -> None:
        """A piece of the answer."""
        sys.stdout.write(piece)
        sys.stdout.flush()

    def notice(self, sentence: str) -> None:
        """Something the person should know."""
        _aside(f"! {sentence}")


def _converse(runner: "asyncio.Runner", client: "Turns", conversation: str, commands: "SlashCommands") -> None:
    """Questions and answers until Ctrl-D or /quit."""
    import readline  # noqa: F401 - gives `input` history and editing

    from cli.render import print_failure
    from soma_common.kernel.errors import SomaError

    _aside("Ctrl-C stops an answer, Ctrl-D ends, /help lists commands.")
    while True:
        try:
            asked = input(_PROMPT).strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            continue
        if not asked:
            continue
        try:
            if commands.take(asked, conversation):
                if commands.ended:
                    return
                continue
            end = runner.run(client.ask(_as_text(asked), conversation, _Terminal()))
        except (SomaError, CommandError) as failure:
            print_failure(failure.sentence)
            continue
        conversation = end.conversation_id
        _show_end(end)


def _end_of_one(end: "TurnEnd") -> None:
    _show_end(end)
    if end.cancelled:
        raise typer.Exit(_STOPPED)
    if end.failure:
        raise typer.Exit(Exit.FAILED)


def _show_end(end: "TurnEnd") -> None:
    from cli.render import print_failure

    sys.stdout.write("\n")
    sys.stdout.flush()
    if end.failure:
        print_failure(end.failure)
    if end.cancelled:
        _aside("Stopped; the text so far is kept.")
    _aside(f"— {end.receipt}")


def _aside(sentence: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(sentence, "dim"), soft_wrap=True)
