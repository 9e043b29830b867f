"""What is printed of a turn: the answer to standard output, all about it to standard error; or each event as JSON.

Nothing here asks anything.
"""

import sys
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.render import print_failure, print_line
from cli.talk.watch import Listener, TurnEnd
from cli.views.approval import call_words, decision_words, result_words
from cli.views.words import to_json, visible
from soma.chat.v1 import turn_event_pb2 as event_pb

# Where an answer goes on in another place; a person should see the join.
_SEAMS: Final = frozenset(("provider_switched", "turn_taken_over"))
_QUIET: Final = frozenset(("queued",))


def aside(sentence: str) -> None:
    """A line beside the conversation."""
    Console(stderr=True, highlight=False).print(Text(sentence, "dim"), soft_wrap=True)


class Screen:
    """A turn for people."""

    def __init__(self) -> None:
        self._in_line = False

    def event(self, event: event_pb.TurnEvent) -> None:
        """What people need of an event comes as text, notice or aside."""

    def text(self, piece: str) -> None:
        """A piece of the answer, at once; on a screen it is text only, in a pipe it is what the model wrote."""
        sys.stdout.write(visible(piece) if sys.stdout.isatty() else piece)
        sys.stdout.flush()
        self._in_line = not piece.endswith("\n") if piece else self._in_line

    def notice(self, sentence: str, code: str = "") -> None:
        """Something the person should know."""
        if code in _QUIET:
            return
        self._break_line()
        aside(f"─── {sentence} ───" if code in _SEAMS else f"! {sentence}")

    def aside(self, event: event_pb.TurnEvent) -> None:
        """A tool, or a consent."""
        words = _WORDS[event.WhichOneof("event") or ""](event)
        if words:
            self._break_line()
            aside(words)

    def end(self, end: TurnEnd) -> None:
        """How it ended, and its receipt; nothing for one that waits."""
        if end.waits_for is not None:
            self._break_line()
            return
        print_line("")
        if end.failure:
            print_failure(end.failure)
        if end.cancelled:
            aside("Stopped; the text so far is kept.")
        aside(f"— {end.receipt}")

    def _break_line(self) -> None:
        """On a screen the answer and what is beside it share lines; a pipe gets the answer alone."""
        if self._in_line and sys.stdout.isatty():
            print_line("")
            self._in_line = False


_WORDS: Final[dict[str, Callable[[event_pb.TurnEvent], str]]] = {
    "tool_call": lambda event: f"· {call_words(event.tool_call.call)}",
    "tool_result": lambda event: f"  {result_words(event.tool_result)}",
    "approval": lambda event: (
        f"? {call_words(event.approval.call)} waits for consent. {event.approval.sentence}".rstrip()
    ),
    "approval_resolved": lambda event: f"  {decision_words(event.approval_resolved)}",
}


class Lines:
    """A turn for programs: each event is one line of JSON."""

    def event(self, event: event_pb.TurnEvent) -> None:
        """The message soma.chat.v1.TurnEvent."""
        print_line(to_json(event))

    def text(self, piece: str) -> None:
        """It is in the event."""

    def notice(self, sentence: str, code: str = "") -> None:
        """It is in the event, or of this connection alone."""

    def aside(self, event: event_pb.TurnEvent) -> None:
        """It is in the event."""

    def end(self, end: TurnEnd) -> None:
        """It is in the last event."""


class Curtain:
    """Keeps what a turn tells while another one is on the screen, and tells it once it is lifted."""

    def __init__(self, behind: Listener) -> None:
        self._behind = behind
        self._kept: list[Callable[[], None]] | None = []

    def lift(self) -> None:
        """From now on everything is told at once."""
        kept, self._kept = self._kept or [], None
        for tell in kept:
            tell()

    def event(self, event: event_pb.TurnEvent) -> None:
        """Every event as it came."""
        self._tell(lambda: self._behind.event(event))

    def text(self, piece: str) -> None:
        """A piece of the answer."""
        self._tell(lambda: self._behind.text(piece))

    def notice(self, sentence: str, code: str = "") -> None:
        """Something the person should know."""
        self._tell(lambda: self._behind.notice(sentence, code))

    def aside(self, event: event_pb.TurnEvent) -> None:
        """A tool, or a consent."""
        self._tell(lambda: self._behind.aside(event))

    def _tell(self, tell: Callable[[], None]) -> None:
        if self._kept is None:
            tell()
        else:
            self._kept.append(tell)
