"""Lines that are typed while an answer is written: questions for after it, and what has to wait for the prompt.

Nothing here knows the protocol or prints.
"""

import asyncio
import codecs
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_MANY: Final = 65_536
_GOES_ON: Final = "\\"
_NOT_ALONE: Final = ("/", '"""')


class TypedAhead:
    """Sorts what is typed: a question of one line is told at once; from the first other line on, all of it is held.

    `ask` says whether it took the question; `ended`, that the keyboard was closed, as by Ctrl-D.
    """

    def __init__(self, ask: Callable[[str], bool]) -> None:
        self.held: list[str] = []
        self.ended = False
        self._ask = ask
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def take(self, data: bytes) -> None:
        """What was read; nothing means that the keyboard was closed."""
        if not data:
            self.ended = True
            return
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            alone = not line.startswith(_NOT_ALONE) and not line.endswith(_GOES_ON)
            if line.strip() and (self.held or not alone or not self._ask(line)):
                self.held.append(line)


@contextmanager
def listening(descriptor: int, ahead: TypedAhead) -> Iterator[None]:
    """Reads the terminal inside the block; it gives whole lines, so nothing of a line is lost."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        ahead.take(os.read(descriptor, _MANY))
        if ahead.ended:
            loop.remove_reader(descriptor)

    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
