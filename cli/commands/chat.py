"""`somastack chat`: a conversation in the terminal, or one question.

Nothing here knows how it is done; `cli/talk/` does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import conversation_ids, model_ids
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    import asyncio

    from cli.talk.slash import Talk
    from cli.talk.turns import Turns
    from cli.talk.watch import TurnEnd
    from config import Settings

_STOPPED = 130
_INPUT = "-"


def chat(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION]…", help="Ask this and end; - stands for what is piped in."),
    ] = None,
    conversation: Annotated[
        str,
        typer.Option(metavar="ID", help="Go on with this conversation.", autocompletion=conversation_ids),
    ] = "",
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the newest conversation.")] = False,
    model: Annotated[
        str, typer.Option(metavar="ID", help="Ask this model, as `model list` names it.", autocompletion=model_ids)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print each event of the answer as a line of JSON.")] = False,
) -> None:
    """Talk to your agent; the answer streams as it is written, and goes on when the connection is lost in between.

    Ctrl-C stops the answer and not the program; Ctrl-C twice at the prompt, or Ctrl-D, ends it. A line that ends with
    a backslash goes on in the next one; lines between two lines of \"\"\" are one question. /help lists what else can
    be asked for: /receipt, /mind, /memory, /model, /new, /list, /open. Only the answer goes to standard output. Ends
    with 130 when the answer was stopped. With --json: a message soma.chat.v1.TurnEvent a line.

    Examples:  somastack chat  ·  somastack chat -c "And in winter?"  ·  git diff | somastack chat "What changed?" -  ·
    echo hi | somastack chat --json
    """
    import asyncio

    from cli.doors import checked_id
    from cli.talk.slash import Talk
    from cli.talk.turns import Turns
    from config import load_settings
    from soma_common.kernel.ids import Ids

    if conversation and go_on:
        raise CommandError("Give either --conversation or --continue.", Exit.WRONG_USE)
    talk = Talk(checked_id(conversation, "conversation") if conversation else "", model)
    asked = _question(question or [])
    if as_json and not asked:
        raise CommandError("With --json there has to be a question, or one piped in.", Exit.WRONG_USE)
    settings = load_settings()

    async def turns() -> Turns:
        return Turns(settings.endpoint("chat").targets, settings.identity, Ids())

    with asyncio.Runner() as runner:
        client = runner.run(turns())
        try:
            if go_on:
                _take_up(runner, settings, talk)
            if asked:
                _end_of_one(_ask(runner, client, talk, asked, as_json=as_json))
            else:
                _converse(runner, client, talk, settings)
        finally:
            runner.run(client.close())


def _question(words: list[str]) -> str:
    """The question of the arguments, of standard input, or of both; empty where a person is to be asked for one."""
    from cli.talk.conversing import as_text, no_text

    piped = _INPUT in words or (not words and not sys.stdin.isatty())
    if piped:
        try:
            given = sys.stdin.read().strip()
        except UnicodeDecodeError:
            raise no_text() from None
        if not given:
            raise CommandError("There is no question: standard input is empty.", Exit.WRONG_USE)
        others = [word for word in words if word != _INPUT]
        return as_text("\n\n".join(part for part in (" ".join(others), given) if part))
    asked = as_text(" ".join(words))
    if words and not asked.strip():
        raise CommandError("There is no question: it is empty.", Exit.WRONG_USE)
    return asked


def _take_up(runner: "asyncio.Runner", settings: "Settings", talk: "Talk") -> None:
    from cli.doors import visit
    from cli.talk.conversations import newest
    from cli.talk.terminal import aside

    found = runner.run(visit(settings, newest))
    if found is None:
        aside("There is no conversation yet; this is the first.")
        return
    talk.conversation_id = found.conversation_id
    aside(f"Going on with “{found.title or 'a conversation without a title'}”, {found.message_count} messages.")


def _ask(runner: "asyncio.Runner", client: "Turns", talk: "Talk", asked: str, *, as_json: bool) -> "TurnEnd":
    from cli.talk.terminal import Lines, Screen
    from cli.talk.turns import Question

    shown = Lines() if as_json else Screen()
    end = runner.run(client.ask(Question(asked, talk.conversation_id, talk.model_id), shown))
    shown.end(end)
    return end


def _converse(runner: "asyncio.Runner", client: "Turns", talk: "Talk", settings: "Settings") -> None:
    from cli.talk.conversing import converse
    from cli.talk.prompt import Prompt
    from cli.talk.slash import SlashCommands

    commands = SlashCommands(runner, settings)
    with Prompt(settings.home_folders.history_file, commands.words) as prompt:
        converse(runner, client, talk, commands, prompt)


def _end_of_one(end: "TurnEnd") -> None:
    if end.cancelled:
        raise typer.Exit(_STOPPED)
    if end.failure:
        raise typer.Exit(Exit.FAILED)
