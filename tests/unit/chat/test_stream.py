"""The bytes of events: packed, unpacked, merged."""

from datetime import UTC, datetime

from servers.chat.domain.turn import Step
from servers.chat.turns.stream import Numbered, merged, numbered, pack, read, unpack
from soma.chat.v1 import turn_event_pb2

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def text(sequence: int, words: str) -> Numbered:
    return numbered("turn", sequence, NOW, Step.TEXT, turn_event_pb2.TextDelta(text=words))


def test_what_is_packed_is_unpacked() -> None:
    events = [text(1, "a"), text(2, "b" * 300), text(3, "c" * 40_000)]
    assert unpack(pack(events)) == events


def test_neighbouring_deltas_of_a_lagging_reader_become_one() -> None:
    notice = numbered("turn", 3, NOW, Step.NOTICE, turn_event_pb2.Notice(code="x", sentence="y"))
    first, middle, last = merged([text(1, "a"), text(2, "b"), notice, text(4, "c")])
    assert (first.first, first.sequence, first.text) == (1, 2, "ab")
    assert middle is notice
    assert (last.first, last.sequence, last.text) == (4, 4, "c")
    again = read(first.data)
    assert (again.first, again.sequence, again.text) == (1, 2, "ab")


def test_a_terminal_event_ends() -> None:
    end = numbered("turn", 9, NOW, Step.CANCELLED, turn_event_pb2.TurnCancelled(message_id="m"))
    assert read(end.data).ends
    assert not text(1, "a").ends
