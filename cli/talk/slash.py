"""Commands inside a conversation: what begins with a slash.

Nothing here does their work; `about_*.py` do.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from cli.exits import CommandError, Exit
from cli.render import print_line, print_table
from cli.talk import about_conversations, about_mind, about_spending, about_turns
from cli.talk.session import Session

_COMMAND: Final = re.compile(r"/[a-z]*")
Rule = Callable[[str, Session], None]
_HELP: Final = (
    *about_turns.HELP,
    *about_conversations.HELP,
    *about_spending.HELP,
    *about_mind.HELP,
    ("/help", "this list"),
    ("/quit", "end, as Ctrl-D does"),
)


class SlashCommands:
    """Runs what begins with a slash."""

    def __init__(self) -> None:
        self.ended = False
        self._rules: Mapping[str, Rule] = {
            **about_turns.RULES,
            **about_conversations.RULES,
            **about_spending.RULES,
            **about_mind.RULES,
            "/help": self._help,
            "/quit": self._quit,
        }

    @property
    def words(self) -> tuple[str, ...]:
        """Every command."""
        return tuple(self._rules)

    def take(self, line: str, session: Session) -> bool:
        """Run the line if it is a command; says whether it was. Raises SomaError and CommandError.

        A path like /etc/hosts at the begin of a question is none.
        """
        word, _, rest = line.partition(" ")
        rule = self._rules.get(word)
        if rule is None and _COMMAND.fullmatch(word):
            raise CommandError(f"There is no command {word}. /help lists them.", Exit.WRONG_USE)
        if rule is not None:
            rule(rest.strip(), session)
        return rule is not None

    def _help(self, _rest: str, _session: Session) -> None:
        print_table(("COMMAND", "SHOWS"), _HELP)
        print_line("Everything else is a question.")

    def _quit(self, _rest: str, _session: Session) -> None:
        self.ended = True
