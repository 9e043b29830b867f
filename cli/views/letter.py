"""Dead letters as tables and sentences.

Nothing here prints or asks a service.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cli.exits import CommandError
from cli.operations.payloads import to_object
from cli.render import duration
from cli.views.words import NONE, count, enum_word, moment, short_ids
from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import event_pb2 as event_pb

HEADINGS: Final = ("ID", "STATUS", "EVENT", "CONSUMER", "HOUSE", "TRIES", "LAST", "ERROR")
# What fits beside one another in 80 cells.
NARROW: Final = ("ID", "STATUS", "EVENT", "CONSUMER", "LAST")
STATE_COLUMN: Final = 1


def rows(letters: Sequence[letter_pb.DeadLetter], now: datetime, *, short: bool) -> list[tuple[str, ...]]:
    """The table of letters: for a screen with short ids and how long ago, else with whole ids and moments."""
    ids = [letter.event_id for letter in letters]
    shown = short_ids(ids) if short else dict(zip(ids, ids, strict=True))
    return [
        (
            shown[letter.event_id],
            status_word(letter),
            letter.event_type,
            letter.consumer,
            letter.house,
            str(letter.attempts),
            f"{_ago(letter, now)} ago" if short else moment(letter, "last_time"),
            letter.error_class,
        )
        for letter in letters
    ]


def narrowed(table: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The columns of a narrow screen."""
    places = [HEADINGS.index(heading) for heading in NARROW]
    return [tuple(row[place] for place in places) for row in table]


def lines(letter: letter_pb.DeadLetter) -> Iterator[tuple[str, str]]:
    """Everything that is known of a letter, name by name, but for its payload."""
    event = letter.event if letter.HasField("event") else event_pb.Event()
    known = [
        ("id", letter.event_id),
        ("status", f"{status_word(letter)}: {_meaning(letter)}"),
        ("house", letter.house),
        ("consumer", letter.consumer),
        ("event", letter.event_type),
        ("stream", f"{letter.stream}, place {letter.sequence}"),
        ("topic", letter.topic),
        ("written by", event.service_id),
        ("written", moment(event, "timestamp")),
        ("correlation", event.correlation_id),
        ("trace", event.trace_id),
        ("tries", count(letter.attempts)),
        ("first kept", moment(letter, "first_time")),
        ("last failure", moment(letter, "last_time")),
        ("error", f"{letter.error_class}: {letter.error_message}"),
        ("error id", letter.error_id),
        (
            "in the log",
            f"somastack logs {letter.house} -n 100000 | grep {letter.error_id}" if letter.error_id else "",
        ),
        ("headers", ", ".join(f"{name}={_header(value)}" for name, value in sorted(letter.headers.items()))),
        ("bytes", count(len(letter.body))),
        ("schema", event.schema.message),
    ]
    return ((name, value) for name, value in known if value not in ("", NONE))


def payloads(letter: letter_pb.DeadLetter) -> Iterator[tuple[str, str]]:
    """The payload as it came, and as it is tried if it was edited: a heading and JSON each."""
    if letter.HasField("event"):
        yield "Payload", _payload(letter.event)
    if letter.HasField("edited_event"):
        yield "Edited payload, which is tried instead", _payload(letter.edited_event)


def payload_of(letter: letter_pb.DeadLetter) -> str:
    """The payload that is tried, as JSON. Raises CommandError where there is none to read."""
    event = letter.edited_event if letter.HasField("edited_event") else letter.event
    found = to_object(event)
    if found is None:
        raise CommandError(f"The payload of {letter.event_id} cannot be read as JSON here.")
    return json.dumps(found, indent=2, ensure_ascii=False)


def touched(letter: letter_pb.DeadLetter) -> str:
    """What discarding this letter will touch."""
    saga_id = _saga_of(letter)
    if saga_id:
        return (
            f"This takes away the notice that the saga {saga_id} of {letter.house} is stuck; the saga stays as it is."
        )
    return (
        f"This gives up the event {letter.event_type} {letter.event_id} (place {letter.sequence} of {letter.stream}): "
        f"it will never have its effect in {letter.consumer} ({letter.house}), and later events of its stream go on "
        "without it."
    )


def after_retry(letter: letter_pb.DeadLetter, now: letter_pb.DeadLetter | None) -> str:
    """What became of a letter that was tried again."""
    if now is None and _saga_of(letter):
        return f"The saga goes on. See `somastack saga inspect {_saga_of(letter)}`."
    if now is None:
        return f"Done: {letter.event_type} has had its effect in {letter.consumer}."
    if now.attempts > letter.attempts:
        return (
            f"{letter.event_type} failed again in {letter.consumer}, after {now.attempts} tries. {now.error_class}: "
            f"{now.error_message} The error id is {now.error_id}."
        )
    return f"{letter.consumer} will try {letter.event_type} again; it has not done so yet. See `somastack dlq list`."


def status_word(letter: letter_pb.DeadLetter) -> str:
    """RETRYING, WAITING, PARKED or DISCARDED."""
    return enum_word(letter_pb.DeadLetterStatus.DESCRIPTOR, letter.status, "DEAD_LETTER_STATUS_")


def _saga_of(letter: letter_pb.DeadLetter) -> str:
    """The saga that is stuck, where the letter tells of one."""
    return letter.stream.removeprefix("saga/") if letter.consumer.startswith("sagas.") else ""


def _meaning(letter: letter_pb.DeadLetter) -> str:
    match letter.status:
        case letter_pb.DEAD_LETTER_STATUS_RETRYING:
            return "its consumer tries it again by itself"
        case letter_pb.DEAD_LETTER_STATUS_WAITING:
            return "an earlier event of its stream is not done"
        case letter_pb.DEAD_LETTER_STATUS_PARKED if letter.HasField("next_time"):
            return f"it failed too often, and is tried again at {moment(letter, 'next_time')}"
        case letter_pb.DEAD_LETTER_STATUS_PARKED:
            return "it failed too often; retry it or discard it"
        case letter_pb.DEAD_LETTER_STATUS_DISCARDED:
            return "it was given up and never has its effect"
    return "this program does not know what that means"


def _payload(event: event_pb.Event) -> str:
    found = to_object(event)
    if found is None:
        return f"{len(event.payload)} bytes of {event.schema.message}, which this program cannot read"
    return json.dumps(found, indent=2, ensure_ascii=False)


def _header(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return text if text.isprintable() else f"<{len(value)} bytes>"


def _ago(letter: letter_pb.DeadLetter, now: datetime) -> str:
    return duration(max(0, int(now.timestamp() - letter.last_time.ToMicroseconds() / 1e6)))
