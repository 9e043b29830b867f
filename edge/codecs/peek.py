"""A look at a serialised TurnEvent without reading it: whose it is and what it tells.

Nothing here makes messages; what is written in another order than serialisers write is not recognised.
"""

from typing import Final

from soma.chat.v1.turn_event_pb2 import TurnEvent

STARTED: Final = TurnEvent.STARTED_FIELD_NUMBER
COMPLETED: Final = TurnEvent.COMPLETED_FIELD_NUMBER
_ID_TAG: Final = 0x0A
_MORE: Final = 0x80
_VARINT, _LENGTH = 0, 2


def turn_of(event: bytes) -> str:
    """The id of the turn, if it stands first; else empty."""
    if len(event) > 2 and event[0] == _ID_TAG and event[1] < _MORE:
        return event[2 : 2 + event[1]].decode("utf-8", "replace")
    return ""


def told_by(event: bytes) -> int:
    """The field number of what the event tells; 0 when it is not recognised."""
    place = 0
    try:
        while event[place] < STARTED << 3:
            kind = event[place] & 7
            size, place = _varint(event, place + 1)
            if kind == _LENGTH:
                place += size
            elif kind != _VARINT:
                return 0
        return event[place] >> 3 if event[place] < _MORE else 0
    except IndexError:
        return 0


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """The number that stands there, and the place after it."""
    value, shift = 0, 0
    while data[place] & _MORE:
        value |= (data[place] & 0x7F) << shift
        shift, place = shift + 7, place + 1
    return value | data[place] << shift, place + 1
