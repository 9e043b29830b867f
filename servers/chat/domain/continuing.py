"""Going on with an answer that broke off: how a model is asked to, and the seam where both parts meet.

Pure text; which call broke off, and why, is not known here.
"""

import re
from typing import Final

# A continuation is asked to begin with so much of the end: then the seam is found exactly, in the middle of a word too.
ANCHOR_CHARACTERS: Final = 60
# Less than this may well be there twice on purpose.
LEAST_OVERLAP: Final = 12
LEAST_RESTART: Final = 32

_SECOND_WORD: Final = re.compile(r"\s(?=\S)")
_INSTRUCTION: Final = (
    "Your last message was cut off by a fault of the connection, in the middle of what you were writing. Go on from "
    "exactly there. Begin by repeating its last words letter by letter, which are:\n\n{anchor}\n\n"
    "and write what follows them, in the same language and form. Repeat nothing else, explain nothing and do not "
    "mention the interruption. If a tool has to be called next, call it."
)


def anchor(so_far: str) -> str:
    """The last words of a text, from the beginning of a word where there is one; empty where there are none."""
    core = so_far.strip()
    end = core[-ANCHOR_CHARACTERS:]
    border = _SECOND_WORD.search(end) if len(core) > len(end) else None
    return end if border is None else end[border.end() :]


def instruction(so_far: str) -> str:
    """What a model is told after its own beginning: it is no prefill, which many models refuse, or begin anew after."""
    return _INSTRUCTION.format(anchor=anchor(so_far))


def repeated(so_far: str, head: str) -> int:
    """How many characters at the beginning of a continuation are there already.

    They are the last words as asked for, the whole text, a longer or shorter piece of its end, or a beginning anew that
    went another way later: then as many whole words as are the same.
    """
    core, space = so_far.strip(), so_far[len(so_far.rstrip()) :]
    if not core:
        return 0
    for skipped in (0, len(head) - len(head.lstrip())):
        if length := _overlap(core, head[skipped:]):
            end = skipped + length
            return end + len(space) if head.startswith(space, end) else end
    return 0


def _overlap(core: str, head: str) -> int:
    mark = anchor(core)
    for whole in (mark, core):
        if head.startswith(whole):
            return len(whole)
    start = core.find(head[:LEAST_OVERLAP])
    while 0 <= start <= len(core) - LEAST_OVERLAP:
        if head.startswith(core[start:]):
            return len(core) - start
        start = core.find(head[:LEAST_OVERLAP], start + 1)
    return _restart(core, head)


def _restart(core: str, head: str) -> int:
    same = 0
    for ours, theirs in zip(core, head, strict=False):
        if ours != theirs:
            break
        same += 1
    if same < LEAST_RESTART:
        return 0
    return max((place + 1 for place, sign in enumerate(head[:same]) if sign.isspace()), default=same)


class Seam:
    """A continuation as it streams: what it repeats is held back and left out, the rest passes as it comes."""

    def __init__(self, so_far: str) -> None:
        self._so_far = so_far
        self._head: str | None = ""

    def feed(self, piece: str) -> str:
        """What may be told after this piece."""
        if self._head is None:
            return piece
        self._head += piece
        # What stands in the text may still become a repetition of its end.
        return "" if self._head.strip() in self._so_far else self.rest()

    def rest(self) -> str:
        """What is left when the stream has ended."""
        head, self._head = self._head or "", None
        return head[repeated(self._so_far, head) :]
