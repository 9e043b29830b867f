"""What is printed of a turn: the answer to standard output, all about it to standard error; or each event as JSON.

Nothing here asks anything.
"""

import sys

from rich.console import Console
from rich.text import Text

from cli.render import print_failure, print_line
from cli.talk.watch import TurnEnd
from cli.views.words import to_json
from soma.chat.v1 import turn_event_pb2 as event_pb


def aside(sentence: str) -> None:
    """A line beside the conversation."""
    Console(stderr=True, highlight=False).print(Text(sentence, "dim"), soft_wrap=True)


class Screen:
    """A turn for people."""

    def event(self, event: event_pb.TurnEvent) -> None:
        """What people need of an event comes as text or notice."""

    def text(self, piece: str) -> None:
        """A piece of the answer, at once."""
        sys.stdout.write(piece)
        sys.stdout.flush()

    def notice(self, sentence: str) -> None:
        """Something the person should know."""
        aside(f"! {sentence}")

    def end(self, end: TurnEnd) -> None:
        """How it ended, and its receipt."""
        print_line("")
        if end.failure:
            print_failure(end.failure)
        if end.cancelled:
            aside("Stopped; the text so far is kept.")
        aside(f"— {end.receipt}")


class Lines:
    """A turn for programs: each event is one line of JSON."""

    def event(self, event: event_pb.TurnEvent) -> None:
        """The message soma.chat.v1.TurnEvent."""
        print_line(to_json(event))

    def text(self, piece: str) -> None:
        """It is in the event."""

    def notice(self, sentence: str) -> None:
        """It is in the event, or of this connection alone."""

    def end(self, end: TurnEnd) -> None:
        """It is in the last event."""
