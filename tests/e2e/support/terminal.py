"""The command line in a terminal of its own: keys go in as they are pressed, what the screen shows comes out."""

import codecs
import os
import pty
import re
import select
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from soma_common.testing.mesh import Mesh

CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
PROMPT = "you › "


class Terminal:
    """The command in a terminal of its own, which it controls."""

    def __init__(self, mesh: Mesh, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.shown = ""
        settings = {"TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"}
        self.process = mesh.at_terminal(theirs, *words, settings=settings)
        os.close(theirs)

    def press(self, keys: str) -> None:
        """Press keys once the program waits for some."""
        # A signal between the writing of a prompt and the waiting for keys would be seen only with the next key.
        self._read(self._waits, 60, "a moment in which it waits")
        os.write(self._ours, keys.encode())

    def say(self, line: str) -> None:
        """A line."""
        self.press(f"{line}\r")

    def wait_for(self, *words: str, seconds: float = 60) -> str:
        """What came up to the last of these words, which are waited for in order; forgets it."""
        taken = ""
        for word in words:
            self._read(partial(self._shows, word), seconds, word)
            before, found, self.shown = self.shown.partition(word)
            taken += before + found
        return taken

    def end(self, seconds: float = 60) -> int:
        """The exit code, once everything is read."""
        self._read(lambda: self.process.poll() is not None, seconds, "the end")
        return self.process.wait()

    def close(self) -> None:
        """Take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    def _waits(self) -> bool:
        state = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        return state == "S"

    def _shows(self, word: str) -> bool:
        return word in self.shown

    def _read(self, enough: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < end, f"{what!r} did not come; shown: {self.shown[-800:]!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    piece = self._decoder.decode(os.read(self._ours, 65536))
                except OSError:  # the terminal's other side is closed
                    assert self.process.wait(5) is not None
                    continue
                self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece)
