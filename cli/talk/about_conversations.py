"""Commands of a conversation about conversations: another one, the list, searching, the title, a file of it.

Nothing here hears a turn; the session does.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from cli.commands import conversation
from cli.conversation_calls import found
from cli.doors import checked_id
from cli.exits import CommandError, Exit
from cli.render import print_line, print_table
from cli.talk import conversations
from cli.talk.session import Session
from cli.talk.terminal import aside
from cli.views.conversation import FOUND_HEADINGS, found_row
from cli.views.words import visible

_CONVERSATIONS: Final = 20
_FOUND: Final = 20
HELP: Final = (
    ("/new", "begin another conversation"),
    ("/list", "the conversations that changed last"),
    ("/open ID", "go on with one of them; an answer that is being written is followed"),
    ("/search WORDS", "the messages in which they stand, in every conversation"),
    ("/title [TITLE]", "what this conversation is called, or another title for it"),
    ("/export FILE", "this conversation with all of its branches as JSON"),
)


def _new(_rest: str, session: Session) -> None:
    session.talk.conversation_id = ""
    aside("The next question begins another conversation.")


def _list(_rest: str, session: Session) -> None:
    latest = session.visit(lambda doors: conversations.latest(doors, _CONVERSATIONS))
    if latest:
        current = session.talk.conversation_id
        print_table(conversations.HEADINGS, [conversations.row(each, current) for each in latest])
    else:
        print_line("There is no conversation yet.")


def _open(rest: str, session: Session) -> None:
    wanted = checked_id(rest, "conversation")
    session.take_up(session.visit(lambda doors: conversations.one(doors, wanted)))


def _search(rest: str, session: Session) -> None:
    if not rest:
        raise CommandError("What shall be looked for? Write it like /search quarterly budget.", Exit.WRONG_USE)
    answer = session.visit(lambda doors: found(doors, rest, _FOUND, ""))
    if answer.messages:
        print_table(FOUND_HEADINGS, [found_row(message) for message in answer.messages])
    else:
        print_line("Nothing that was said has all of these words.")


def _title(rest: str, session: Session) -> None:
    wanted = _here(session)
    if not rest:
        here = session.visit(lambda doors: conversations.one(doors, wanted))
        print_line(visible(here.title) or "It has no title yet.")
        return
    session.visit(lambda doors: conversations.rename(doors, wanted, rest))
    aside(f"It is called “{rest}” now.")


def _export(rest: str, session: Session) -> None:
    if not rest:
        raise CommandError("Into which file? Write it like /export talk.json.", Exit.WRONG_USE)
    wanted, path = _here(session), Path(rest).expanduser()
    if path.exists():
        raise CommandError(f"{path} is there already. Name another file.")
    with conversation.whole_file(path) as file:
        session.visit(lambda doors: conversation.write_json(doors, wanted, file))
    aside(f"The whole conversation is in {path}; `somastack conversation import` reads it.")


def _here(session: Session) -> str:
    if not session.talk.conversation_id:
        raise CommandError("There is no conversation yet. Ask something first, or /open one.")
    return session.talk.conversation_id


RULES: Final[Mapping[str, Callable[[str, Session], None]]] = {
    "/new": _new,
    "/list": _list,
    "/open": _open,
    "/search": _search,
    "/title": _title,
    "/export": _export,
}
