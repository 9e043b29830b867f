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

    from cli.talk.asking import Question
    from cli.talk.session import Talk
    from cli.talk.turns import Turns
    from cli.talk.watch import TurnEnd
    from config import Settings
    from soma.chat.v1 import conversation_service_pb2 as conversation_pb

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
    go_on: Annotated[
        bool, typer.Option("--last", "--continue", "-c", help="Go on with the newest conversation.")
    ] = False,
    model: Annotated[
        str, typer.Option(metavar="ID", help="Ask this model, as `model list` names it.", autocompletion=model_ids)
    ] = "",
    wake: Annotated[
        bool, typer.Option("--wake", help="Wake an agent that sleeps deeply, so that it answers this.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event of the answer as a line of JSON.")] = False,
) -> None:
    """Talk to your agent; the answer streams as it is written, and goes on when the connection is lost in between.

    Ctrl-C stops the answer and not the program; Ctrl-C twice at the prompt, or Ctrl-D, ends it. What is typed while an
    answer is written waits for its turn. A line that ends with a backslash goes on in the next one; lines between two
    lines of \"\"\" are one question. /help lists what else can be asked for: /edit, /regenerate, /wake, /branches,
    /approvals, /search, /receipt, /mind and more. A conversation that is taken up while an answer is written shows that
    answer from its beginning. Only the answer goes to standard output. Ends with 130 when the answer was stopped, with
    1 when it waits for a consent. With --json: a message soma.chat.v1.TurnEvent a line.

    Examples:  somastack chat  ·  somastack chat -c "And in winter?"  ·  git diff | somastack chat "What changed?" -  ·
    echo hi | somastack chat --json
    """
    from cli.doors import checked_id
    from cli.talk.session import Talk

    if conversation and go_on:
        raise CommandError("Give either --conversation or --last.", Exit.WRONG_USE)
    talk = Talk(checked_id(conversation, "conversation") if conversation else "", model)
    asked = _question(question or [])
    if as_json and not asked:
        raise CommandError("With --json there has to be a question, or one piped in.", Exit.WRONG_USE)
    if wake and not asked:
        raise CommandError("--wake is for one question; in a conversation /wake does it.", Exit.WRONG_USE)
    _talk(talk, asked, newest=go_on, wake=wake, as_json=as_json)


def _talk(talk: "Talk", asked: str, *, newest: bool, wake: bool, as_json: bool) -> None:
    """One question to its end, or a conversation where there is none."""
    import asyncio

    from cli.talk.asking import Question
    from cli.talk.turns import Turns
    from config import load_settings
    from soma_common.kernel.ids import Ids

    settings = load_settings()

    async def turns() -> Turns:
        return Turns(settings.endpoint("chat").targets, settings.identity, Ids())

    with asyncio.Runner() as runner:
        client = runner.run(turns())
        try:
            found = _known(runner, settings, talk, newest=newest) if newest or not asked else None
            if asked:
                wanted = Question(asked, talk.conversation_id, talk.model_id, wakes=wake)
                _end_of_one(_ask(runner, client, wanted, as_json=as_json))
            else:
                _converse(runner, client, talk, settings, found)
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


def _known(
    runner: "asyncio.Runner", settings: "Settings", talk: "Talk", *, newest: bool
) -> "conversation_pb.Conversation | None":
    """The conversation that is gone on with; None for a new one."""
    from cli.doors import visit
    from cli.talk import conversations
    from cli.talk.terminal import aside

    if not newest:
        wanted = talk.conversation_id
        return runner.run(visit(settings, lambda doors: conversations.one(doors, wanted))) if wanted else None
    found = runner.run(visit(settings, conversations.newest))
    if found is None:
        aside("There is no conversation yet; this is the first.")
        return None
    talk.conversation_id = found.conversation_id
    return found


def _ask(runner: "asyncio.Runner", client: "Turns", asked: "Question", *, as_json: bool) -> "TurnEnd":
    from cli.talk.terminal import Lines, Screen

    shown = Lines() if as_json else Screen()
    end = runner.run(client.ask(asked, shown))
    shown.end(end)
    return end


def _converse(
    runner: "asyncio.Runner",
    client: "Turns",
    talk: "Talk",
    settings: "Settings",
    found: "conversation_pb.Conversation | None",
) -> None:
    from cli.talk.conversing import converse
    from cli.talk.prompt import Prompt
    from cli.talk.session import Session
    from cli.talk.slash import SlashCommands

    commands = SlashCommands()
    with Prompt(settings.home_folders.history_file, commands.words) as prompt:
        session = Session(runner, client, talk, settings, prompt)
        try:
            if found is not None:
                session.take_up(found)
            converse(session, commands)
        finally:
            runner.run(session.close())


def _end_of_one(end: "TurnEnd") -> None:
    if end.waits_for is not None:
        call_id = end.waits_for.call.call_id
        raise CommandError(
            f"It waits for consent to {end.waits_for.call.name}. Decide with "
            f"`somastack approval approve {end.turn_id} --call {call_id}`, or deny; `somastack chat --last` follows it."
        )
    if end.cancelled:
        raise typer.Exit(_STOPPED)
    if end.failure:
        raise typer.Exit(Exit.FAILED)
