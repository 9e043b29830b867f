"""Server-sent events: how one is written, and where a client was when it comes back.

Nothing here knows messages or connections.
"""

import re
from typing import Final

from soma_common.kernel.errors import invalid_field

MEDIA_TYPE: Final = "text/event-stream"
KEEP_ALIVE: Final = b": still here\n\n"
# After a cut a client comes back so soon; the first event tells it.
RETRY_MILLISECONDS: Final = 2000
_LAST_ID: Final = re.compile(r"([0-9a-fA-F-]{36}):([0-9]{1,10})")
_MOST: Final = 2**32 - 1


def to_event(data: bytes, event: str = "", event_id: str = "", *, first: bool = False) -> bytes:
    """One event; `data` is one line of JSON."""
    head = (f"id: {event_id}\n" if event_id else "") + (f"event: {event}\n" if event else "")
    tail = f"retry: {RETRY_MILLISECONDS}\n" if first else ""
    return head.encode() + b"data: " + data + b"\n" + tail.encode() + b"\n"


def read_last_event_id(header: str | None) -> tuple[str, int] | None:
    """The turn and the sequence of `<turn_id>:<sequence>`; None without the header, INVALID_FIELD for another form."""
    if not header:
        return None
    found = _LAST_ID.fullmatch(header.strip())
    if found is None or int(found[2]) > _MOST:
        raise invalid_field("Last-Event-ID", "it must be <turn_id>:<sequence>")
    return found[1], int(found[2])


def wants_events(accept: str | None) -> bool:
    """Whether the client asks for server-sent events."""
    return MEDIA_TYPE in (accept or "")
