"""Sagas as tables and sentences.

Nothing here prints or asks a service.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from cli.render import duration
from cli.views.words import NONE, enum_word, moment, short_ids
from soma.events.v1 import saga_pb2 as saga_pb

HEADINGS: Final = ("ID", "STATUS", "SAGA", "HOUSE", "STEP", "TRIES", "STARTED", "TOOK", "ERROR")
# What fits beside one another in 80 cells.
NARROW: Final = ("ID", "STATUS", "SAGA", "STEP", "STARTED")
STATE_COLUMN: Final = 1
STEP_HEADINGS: Final = ("STEP", "WAY", "STATUS", "TRIES", "FIRST", "LAST", "ERROR")
STEP_STATE_COLUMN: Final = 2
_OVER: Final = (saga_pb.SAGA_STATUS_COMPLETED, saga_pb.SAGA_STATUS_COMPENSATED)
_STUCK: Final = (saga_pb.SAGA_STATUS_STUCK, saga_pb.SAGA_STATUS_COMPENSATION_STUCK)
_WAYS: Final = {saga_pb.SAGA_DIRECTION_FORWARD: "do", saga_pb.SAGA_DIRECTION_BACK: "undo"}
_MEANINGS: Final = {
    saga_pb.SAGA_STATUS_RUNNING: "its steps are being done",
    saga_pb.SAGA_STATUS_COMPLETED: "all of its steps are done",
    saga_pb.SAGA_STATUS_COMPENSATING: "what it did is being undone, the last step first",
    saga_pb.SAGA_STATUS_COMPENSATED: "it failed or was called back, and what it did is undone",
    saga_pb.SAGA_STATUS_COMPENSATION_STUCK: "something cannot be undone; mend that and resume it",
    saga_pb.SAGA_STATUS_STUCK: "a step behind which there is no way back cannot be done; mend that and resume it",
}


def rows(sagas: Sequence[saga_pb.Saga], now: datetime, *, short: bool) -> list[tuple[str, ...]]:
    """The table of sagas: for a screen with short ids and how long ago, else with whole ids and moments."""
    ids = [saga.saga_id for saga in sagas]
    shown = short_ids(ids) if short else dict(zip(ids, ids, strict=True))
    return [
        (
            shown[saga.saga_id],
            status_word(saga),
            saga.name,
            saga.house,
            NONE if saga.status in _OVER else saga.step,
            str(saga.attempts),
            f"{duration(_seconds(saga.start_time, now))} ago" if short else moment(saga, "start_time"),
            took(saga),
            saga.error_reason or NONE,
        )
        for saga in sagas
    ]


def narrowed(table: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The columns of a narrow screen."""
    places = [HEADINGS.index(heading) for heading in NARROW]
    return [tuple(row[place] for place in places) for row in table]


def lines(saga: saga_pb.Saga) -> Iterator[tuple[str, str]]:
    """Everything that is known of a saga, name by name, but for its steps and input."""
    known = [
        ("id", saga.saga_id),
        ("status", f"{status_word(saga)}: {_MEANINGS.get(saga.status, 'this program does not know what that means')}"),
        ("saga", f"{saga.name}, version {saga.version}"),
        ("house", saga.house),
        ("step", "" if saga.status in _OVER else saga.step),
        ("tries of it", str(saga.attempts) if saga.attempts else ""),
        ("error", saga.error_reason),
        ("error id", saga.error_id),
        ("started by", saga.started_by),
        ("started", moment(saga, "start_time")),
        ("last moved", moment(saga, "update_time")),
        ("goes on by", moment(saga, "due_time")),
        ("gives up at", moment(saga, "deadline_time") if saga.status == saga_pb.SAGA_STATUS_RUNNING else ""),
        ("ended", moment(saga, "end_time")),
        ("took", took(saga)),
        ("correlation", saga.correlation_id),
    ]
    return ((name, value) for name, value in known if value not in ("", NONE))


def step_rows(saga: saga_pb.Saga) -> list[tuple[str, ...]]:
    """The history of a saga."""
    return [
        (
            step.name,
            _WAYS.get(step.direction, NONE),
            enum_word(saga_pb.SagaStepStatus.DESCRIPTOR, step.status, "SAGA_STEP_STATUS_"),
            str(step.attempts),
            _clock(step.first_time),
            _clock(step.last_time),
            " ".join(part for part in (step.error_reason, step.error_id) if part) or NONE,
        )
        for step in saga.steps
    ]


def given(saga: saga_pb.Saga) -> str:
    """What it was started with, as JSON by name; a Struct knows floating numbers only, and most of ours are whole."""
    values = json.loads(json_format.MessageToJson(saga.input), parse_float=_whole_if_it_is)
    return json.dumps(values, indent=2, ensure_ascii=False, sort_keys=True)


def _whole_if_it_is(digits: str) -> float:
    number = float(digits)
    return int(number) if number.is_integer() else number


def touched(saga: saga_pb.Saga) -> str:
    """What compensating this saga will touch."""
    undone = {step.name for step in saga.steps if step.direction == saga_pb.SAGA_DIRECTION_BACK}
    done = [
        step.name
        for step in saga.steps
        if step.direction == saga_pb.SAGA_DIRECTION_FORWARD and step.status == saga_pb.SAGA_STEP_STATUS_DONE
    ]
    left = [name for name in reversed(done) if name not in undone]
    what = (
        f"What it did is to be undone, in turn: {', '.join(left)}. Where one has no way back, nothing is changed."
        if left
        else "None of its steps is done."
    )
    return f"This calls back the saga {saga.name} {saga.saga_id} of {saga.house}, {status_word(saga)}. {what}"


def status_word(saga: saga_pb.Saga) -> str:
    """RUNNING, COMPLETED, COMPENSATING, COMPENSATED, COMPENSATION_STUCK or STUCK."""
    return enum_word(saga_pb.SagaStatus.DESCRIPTOR, saga.status, "SAGA_STATUS_")


def took(saga: saga_pb.Saga) -> str:
    """How long it took from its start to its end; a dash before that."""
    if not saga.HasField("end_time"):
        return NONE
    milliseconds = saga.end_time.ToMilliseconds() - saga.start_time.ToMilliseconds()
    return f"{milliseconds} ms" if milliseconds < 1000 else duration(milliseconds // 1000)


def _seconds(since: Timestamp, now: datetime) -> int:
    return max(0, int(now.timestamp() - since.ToMicroseconds() / 1e6))


def _clock(stamp: Timestamp) -> str:
    return stamp.ToDatetime().strftime("%H:%M:%S.%f")[:-3]
