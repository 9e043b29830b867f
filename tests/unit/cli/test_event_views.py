"""Events, replays and usage as people see them."""

from datetime import UTC, datetime

import pytest

from cli.commands.event_options import event_types, services, targets
from cli.event_calls import filter_of, refuse_several
from cli.exits import CommandError, Exit
from cli.replay_bar import share_done
from cli.views import event as event_view
from cli.views import usage as usage_view
from soma.control.v1 import event_service_pb2 as event_pb
from soma.control.v1 import usage_service_pb2 as usage_pb

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def a_record() -> event_pb.EventRecord:
    record = event_pb.EventRecord(
        event_type="turn.completed", service="chat", stream="conversation/1", sequence=7, trace_id="4bf92f35" * 4
    )
    record.time.FromDatetime(NOON)
    record.payload.update({"turn_id": "t", "receipt_id": "", "usage": {"input_tokens": 10, "estimated": False}})
    return record


def test_an_event_is_a_row_and_a_line() -> None:
    record = a_record()
    assert event_view.row(record) == (
        "2026-11-25 12:00:00.000",
        "chat",
        "turn.completed",
        "conversation/1",
        "7",
        "4bf92f35",
        "turn_id=t usage.input_tokens=10",
    )
    for word in ("12:00:00.000", "turn.completed", "conversation/1 #7", "usage.input_tokens=10"):
        assert word in event_view.line(record)


def test_a_payload_that_is_not_known_is_named() -> None:
    record = event_pb.EventRecord(payload_bytes=b"abc")
    record.schema.message = "soma.events.v9.Thing"
    assert event_view.what(record) == "soma.events.v9.Thing, 3 B"


def test_what_a_replay_did_is_said_in_sentences() -> None:
    dry = event_pb.ReplayEventsResponse(target="control.usage", matched=5, done=2, done_by_type={"turn.failed": 2})
    [first, second] = event_view.summary(dry)
    assert first.startswith("2 of 5 events are lacking in control.usage; nothing was changed.")
    assert second.split() == ["turn.failed", "2"]
    done = event_pb.ReplayEventsResponse(
        target="control.usage", effects=True, matched=9, done=2, had=4, failed=1, left=2
    )
    told = "\n".join(event_view.summary(done))
    for word in ("2 events had their effect", "4 were there before", "1 events failed", "2 events wait"):
        assert word in told
    [nobody] = event_view.summary(event_pb.ReplayEventsResponse(matched=3))
    assert nobody == "3 events fit; nothing was changed."


def test_a_replay_moves_with_the_time_that_is_behind_it() -> None:
    message = event_pb.ReplayEventsResponse()
    assert share_done(message) == 0.0
    message.since.FromSeconds(100)
    message.until.FromSeconds(200)
    message.current_time.FromSeconds(150)
    assert share_done(message) == 0.5
    message.finished = True
    assert share_done(message) == 1.0


def test_a_filter_has_what_was_given() -> None:
    wanted = filter_of(NOON, None, event_type="turn.*", stream="")
    assert (wanted.since.ToDatetime(UTC), wanted.HasField("until"), wanted.event_type) == (NOON, False, "turn.*")


def test_the_beginning_of_two_traces_is_refused() -> None:
    refuse_several("ab", {"ab1"})
    with pytest.raises(CommandError) as refused:
        refuse_several("ab", {"ab1", "ab2"})
    assert refused.value.code is Exit.WRONG_USE
    assert "ab1, ab2" in refused.value.sentence


def test_tab_offers_what_there_is() -> None:
    assert event_types("turn.c") == ["turn.completed", "turn.cancelled"]
    assert targets("con") == ["control.usage"]
    assert "governor" in services("g")
    assert services("x") == []


def test_usage_is_a_row_and_csv() -> None:
    used = usage_pb.Usage(
        day="2026-11-25", agent_id="a", turns=1200, failed_turns=2, input_tokens=9, cost_micros=1_500_000
    )
    assert usage_view.row(used) == ("2026-11-25", "a", "1,200", "2", "0", "9", "0", "0", "0", "1.500000")
    assert usage_view.row(usage_pb.Usage(turns=1))[:3] == ("total", "–", "1")
    assert usage_view.to_csv([used]).splitlines() == [
        ",".join(usage_view.CSV_FIELDS),
        "2026-11-25,a,1200,2,0,9,0,0,0,1500000",
    ]
