"""The line where a person writes: editing, history across sessions, questions of several lines.

Nothing here knows what is done with a question.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Final, Self

_FIRST: Final = "you › "
_MORE: Final = "  … › "
_GOES_ON: Final = "\\"
_BLOCK: Final = '"""'
_KEPT_LINES: Final = 2000


class Prompt:
    """Reads questions. With a terminal on both sides it has editing and a history; use it as a `with` block."""

    def __init__(self, history: Path, commands: Sequence[str]) -> None:
        self._history = history
        self._commands = tuple(commands)
        self._terminal = sys.stdin.isatty() and sys.stdout.isatty()
        self._readline: ModuleType | None = None

    def __enter__(self) -> Self:
        if self._terminal:
            with suppress(ImportError, OSError):
                import readline

                self._prepare(readline)
                self._readline = readline
        return self

    def __exit__(self, *_: object) -> None:
        if self._readline is not None:
            self._readline.set_completer(None)

    def read(self) -> str | None:
        """The next question, as it was written; None at the end. Raises KeyboardInterrupt."""
        try:
            line = self._line(_FIRST)
            if line.strip() == _BLOCK:
                return "\n".join(iter(lambda: self._line(_MORE), _BLOCK))
            while line.endswith(_GOES_ON):
                line = f"{line.removesuffix(_GOES_ON)}\n{self._line(_MORE)}"
        except EOFError:
            return None
        return line

    def _line(self, prompt: str) -> str:
        """One line; it is in the history before anything is done with it. Raises EOFError."""
        if not self._terminal:
            sys.stderr.write(prompt)
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise EOFError
            return line.removesuffix("\n")
        line = input(prompt)
        if self._readline is not None and line.strip():
            with suppress(OSError):
                self._readline.append_history_file(1, self._history)
        return line

    def _prepare(self, readline: ModuleType) -> None:
        """Load the history, of which only this account may read the file, and let Tab complete commands."""
        os.close(os.open(self._history, os.O_RDWR | os.O_CREAT, 0o600))
        readline.read_history_file(self._history)
        if readline.get_current_history_length() > _KEPT_LINES:
            readline.set_history_length(_KEPT_LINES // 2)
            readline.write_history_file(self._history)
        readline.set_completer_delims(" \n")
        readline.set_completer(self._complete)
        readline.parse_and_bind("tab: complete")

    def _complete(self, begin: str, number: int) -> str | None:
        found = [word for word in self._commands if begin.startswith("/") and word.startswith(begin)]
        return f"{found[number]} " if number < len(found) else None
