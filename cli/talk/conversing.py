"""Questions and answers until the person leaves.

Nothing here knows the protocol or how a line is read.
"""

import asyncio

from cli.exits import CommandError, Exit
from cli.render import print_failure
from cli.talk.prompt import Prompt
from cli.talk.slash import SlashCommands, Talk
from cli.talk.terminal import Screen, aside
from cli.talk.turns import Question, Turns
from soma_common.kernel.errors import SomaError


def converse(runner: asyncio.Runner, client: Turns, talk: Talk, commands: SlashCommands, prompt: Prompt) -> None:
    """Ask and answer; ends with Ctrl-D, /quit, or Ctrl-C twice at the prompt."""
    aside("Ctrl-C stops an answer, Ctrl-D ends, /help lists commands.")
    warned = False
    while True:
        try:
            asked = prompt.read()
        except KeyboardInterrupt:
            aside("")
            if warned:
                break
            warned = True
            aside("Ctrl-C once more ends the conversation, as Ctrl-D does.")
            continue
        warned = False
        if asked is None:
            aside("")
            break
        if asked.strip():
            _answer(runner, client, talk, commands, asked)
        if commands.ended:
            break
    if talk.conversation_id:
        aside(f"Go on with it later: somastack chat --conversation {talk.conversation_id}")


def _answer(runner: asyncio.Runner, client: Turns, talk: Talk, commands: SlashCommands, asked: str) -> None:
    """Do what one line asks for; what fails is said, and the conversation goes on."""
    screen = Screen()
    try:
        if commands.take(asked.strip(), talk):
            return
        end = runner.run(client.ask(Question(as_text(asked), talk.conversation_id, talk.model_id), screen))
    except (SomaError, CommandError) as failure:
        print_failure(failure.sentence)
    except KeyboardInterrupt:
        aside("Stopped.")
    else:
        talk.conversation_id = end.conversation_id
        screen.end(end)


def as_text(asked: str) -> str:
    """What was typed or piped, if it is text: bytes that are none come as halves of surrogate pairs."""
    try:
        asked.encode("utf-8")
    except UnicodeEncodeError:
        raise no_text() from None
    return asked


def no_text() -> CommandError:
    """The failure of a question in another encoding."""
    return CommandError("The question is not text in UTF-8. Convert it first, for example with iconv.", Exit.WRONG_USE)
