"""What a codec is: frames of the wire to values and back.

Nothing here knows a particular form or a connection.
"""

from typing import Protocol

from edge.frames import ClientFrame, ServerFrame, TurnNews


class Codec(Protocol):
    """One form of frames. `merge_from`: from how many waiting frames on it is worth merging deltas."""

    subprotocol: str
    merge_from: int

    def read(self, data: str | bytes) -> ClientFrame:
        """A frame of the client; what cannot be read is `Unreadable`, never an exception."""
        ...

    def news(self, event: bytes) -> TurnNews:
        """A serialised TurnEvent, read as far as this form needs it."""
        ...

    def write(self, frame: ServerFrame) -> str | bytes | None:
        """A frame for the client; None for one that this form has no words for."""
        ...

    def merge(self, first: TurnNews, second: TurnNews) -> TurnNews | None:
        """Both as one, or None when they are not neighbouring deltas of one turn."""
        ...
