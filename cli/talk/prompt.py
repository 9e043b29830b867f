"""The line where a person writes: editing, history across sessions, questions of several lines.

Nothing here knows what is done with a question.
"""

import os
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Final, Self

_FIRST: Final = "you › "
_INSTEAD: Final = "say instead › "
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
        self._given_back: deque[str] = deque()
        self._ended = False

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

    def ask(self, question: str) -> str | None:
        """The answer to a question of ours; None where there is none, as after Ctrl-C."""
        try:
            return self._line(question)
        except (EOFError, KeyboardInterrupt):
            return None

    def edit(self, text: str) -> str:
        """A text as the person makes it; with a terminal it stands there to be edited, where it is of one line."""
        readline = self._readline
        if readline is None or "\n" in text:
            return self.ask(_INSTEAD) or ""
        readline.set_startup_hook(lambda: readline.insert_text(text))
        try:
            return self.ask(_INSTEAD) or ""
        finally:
            readline.set_startup_hook(None)

    def give_back(self, lines: Sequence[str], *, ended: bool) -> None:
        """Lines that were typed before they were asked for; they are read first. `ended`: none comes after them."""
        self._given_back.extend(lines)
        self._ended = self._ended or ended

    def remember(self, line: str) -> None:
        """Keep a line in the history that was read elsewhere."""
        if self._readline is not None:
            self._readline.add_history(line)
            self._keep()

    def _line(self, prompt: str) -> str:
        """One line; it is in the history before anything is done with it. Raises EOFError."""
        if self._given_back:
            line = self._given_back.popleft()
            sys.stderr.write(f"{prompt}{line}\n")
            self.remember(line)
            return line
        if self._ended:
            self._ended = False
            raise EOFError
        if not self._terminal:
            sys.stderr.write(prompt)
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise EOFError
            return line.removesuffix("\n")
        line = input(prompt)
        if line.strip():
            self._keep()
        return line

    def _keep(self) -> None:
        """Write the newest line of the history."""
        if self._readline is not None:
            with suppress(OSError):
                self._readline.append_history_file(1, self._history)

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
