"""Questions and answers until the person leaves.

Nothing here knows the protocol or how a line is read.
"""

from cli.exits import CommandError, Exit
from cli.failures import explained
from cli.render import print_failure
from cli.talk.asking import Question
from cli.talk.session import Session
from cli.talk.slash import SlashCommands
from cli.talk.terminal import aside
from soma_common.kernel.errors import SomaError


def converse(session: Session, commands: SlashCommands) -> None:
    """Ask and answer; ends with Ctrl-D, /quit, or Ctrl-C twice at the prompt."""
    aside("Ctrl-C stops an answer, Ctrl-D ends, /help lists commands.")
    warned = False
    while not commands.ended:
        try:
            asked = session.prompt.read()
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
            _answer(session, commands, asked)
    if session.talk.conversation_id:
        aside(f"Go on with it later: somastack chat --conversation {session.talk.conversation_id}")


def _answer(session: Session, commands: SlashCommands, asked: str) -> None:
    """Do what one line asks for; what fails is said, and the conversation goes on."""
    try:
        if not commands.take(asked.strip(), session):
            session.hear(Question(as_text(asked), session.talk.conversation_id, session.talk.model_id))
    except (SomaError, CommandError) as failure:
        print_failure(explained(failure))
    except KeyboardInterrupt:
        aside("Stopped.")


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
