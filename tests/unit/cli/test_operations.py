"""Letters and sagas as an operator reads them, payloads there and back, and what the doctor says of them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.doctor.finding import State
from cli.doctor.operations import verdict
from cli.exits import CommandError, Exit
from cli.operations.partial import checked_beginning, checked_house, not_there, refuse_if_unanswered
from cli.operations.payloads import from_json, to_object
from cli.views import letter as letters
from cli.views import saga as sagas
from cli.views.words import short_ids
from config.values import HOUSES
from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma.events.v1 import saga_pb2 as saga_pb

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ID = "0198c0de-1a2b-7000-8000-000000000001"
SETTLED = payloads_pb.BudgetSettled(owner_id="turn-1", tokens=7)


def a_letter(**more: object) -> letter_pb.DeadLetter:
    letter = letter_pb.DeadLetter(
        house="memory", consumer="memory.learning", event_id=ID, event_type="turn.completed", stream="conversation/1",
        sequence=3, status=letter_pb.DEAD_LETTER_STATUS_PARKED, attempts=5, error_class="ValueError",
        error_message="The log tells.", error_id="an-id", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    letter.first_time.FromDatetime(NOW - timedelta(hours=2))
    letter.last_time.FromDatetime(NOW - timedelta(minutes=7))
    return letter


def an_event(schema: str = "soma.events.v1.BudgetSettled") -> event_pb.Event:
    return event_pb.Event(schema=event_pb.EventSchema(message=schema), payload=SETTLED.SerializeToString())


def a_saga(*steps: saga_pb.SagaStep, status: str = "RUNNING") -> saga_pb.Saga:
    saga = saga_pb.Saga(
        house="control", saga_id=ID, name="tenant.provision", version=2, step="keys",
        status=saga_pb.SagaStatus.Value(f"SAGA_STATUS_{status}"), steps=steps,
    )  # fmt: skip
    saga.start_time.FromDatetime(NOW - timedelta(seconds=90))
    return saga


def a_step(name: str, *, back: bool = False, failed: bool = False) -> saga_pb.SagaStep:
    return saga_pb.SagaStep(
        name=name,
        direction=saga_pb.SAGA_DIRECTION_BACK if back else saga_pb.SAGA_DIRECTION_FORWARD,
        status=saga_pb.SAGA_STEP_STATUS_FAILED if failed else saga_pb.SAGA_STEP_STATUS_DONE,
        attempts=1,
    )


def test_whole_numbers_of_an_input_are_shown_whole() -> None:
    saga = a_saga()
    saga.input.update({"share": 0.5, "limit_tokens": 20_000_000})
    assert sagas.given(saga) == '{\n  "limit_tokens": 20000000,\n  "share": 0.5\n}'


def test_short_ids_tell_each_id_from_the_others() -> None:
    ids = [ID, ID[:-1] + "2", "0198c0de-ffff-7000-8000-000000000001", "ffffffff-0000-7000-8000-000000000001"]
    short = short_ids([*ids, ID])
    assert short == {
        ids[0]: ids[0],
        ids[1]: ids[1],
        ids[2]: "0198c0de-f",
        ids[3]: "ffffffff",
    }
    assert short_ids([]) == {}
    assert all(sum(each.startswith(begin) for each in ids) == 1 for begin in short.values())


def test_a_list_for_a_pipe_is_whole_and_one_for_a_screen_short() -> None:
    (piped,) = letters.rows([a_letter()], NOW, short=False)
    assert piped == (
        ID,
        "PARKED",
        "turn.completed",
        "memory.learning",
        "memory",
        "5",
        "2026-01-02 11:53:00 UTC",
        "ValueError",
    )
    (shown,) = letters.narrowed(letters.rows([a_letter()], NOW, short=True))
    assert shown == ("0198c0de", "PARKED", "turn.completed", "memory.learning", "7 min ago")
    assert len(letters.NARROW) == len(shown)


def test_a_letter_says_what_becomes_of_it() -> None:
    parked, later = a_letter(), a_letter()
    later.next_time.FromDatetime(NOW)
    assert "retry it or discard it" in dict(letters.lines(parked))["status"]
    assert "tried again at 2026-01-02 12:00:00 UTC" in dict(letters.lines(later))["status"]
    words = {
        letter_pb.DEAD_LETTER_STATUS_RETRYING: "by itself",
        letter_pb.DEAD_LETTER_STATUS_WAITING: "an earlier event",
        letter_pb.DEAD_LETTER_STATUS_DISCARDED: "given up",
    }
    for status, word in words.items():
        parked.status = status
        assert word in dict(letters.lines(parked))["status"]


def test_payloads_are_shown_as_json_and_an_edited_one_beside_the_original() -> None:
    letter = a_letter(event=an_event())
    ((heading, text),) = letters.payloads(letter)
    assert (heading, json.loads(text)["owner_id"]) == ("Payload", "turn-1")
    letter.edited_event.CopyFrom(letter.event)
    letter.edited_event.payload = payloads_pb.BudgetSettled(owner_id="turn-2").SerializeToString()
    assert [json.loads(text)["owner_id"] for _, text in letters.payloads(letter)] == ["turn-1", "turn-2"]
    assert json.loads(letters.payload_of(letter))["owner_id"] == "turn-2"
    with pytest.raises(CommandError):
        letters.payload_of(a_letter())


def test_after_a_retry_it_is_said_what_came_of_it() -> None:
    before, again = a_letter(), a_letter()
    assert letters.after_retry(before, None) == "Done: turn.completed has had its effect in memory.learning."
    assert "not done so yet" in letters.after_retry(before, again)
    again.attempts = 6
    assert "failed again in memory.learning, after 6 tries. ValueError: The log tells." in letters.after_retry(
        before, again
    )


def test_a_letter_of_a_saga_is_told_as_what_it_is() -> None:
    letter = a_letter()
    letter.consumer, letter.stream = "sagas.tenant.provision", f"saga/{ID}"
    assert letters.after_retry(letter, None) == f"The saga goes on. See `somastack saga inspect {ID}`."
    assert "the saga stays as it is" in letters.touched(letter)
    assert "never have its effect in memory.learning" in letters.touched(a_letter())


def test_a_payload_goes_there_and_back() -> None:
    event = an_event()
    found = to_object(event)
    assert found is not None
    assert payloads_pb.BudgetSettled.FromString(from_json(event, json.dumps(found), "it")) == SETTLED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"owner": 1}', 'no field named "owner"'),
        ("[1", "JSON form"),
        ("{}", "sets no field"),
        ('{"tokens": "x"}', "tokens"),
    ],
)
def test_a_payload_that_does_not_fit_is_wrong_use(text: str, says: str) -> None:
    with pytest.raises(CommandError) as refused:
        from_json(an_event(), text, "mended.json")
    assert refused.value.code is Exit.WRONG_USE
    assert says in refused.value.sentence
    assert refused.value.sentence.startswith("mended.json ")
    assert "soma.events.v1.BudgetSettled" in refused.value.sentence


def test_a_schema_that_nobody_knows_is_not_guessed() -> None:
    for schema in ("soma.events.v1.Nothing", "google.protobuf.Struct", ""):
        assert to_object(an_event(schema)) is None
        with pytest.raises(CommandError):
            from_json(an_event(schema), "{}", "it")
    broken = an_event()
    broken.payload = b"\xff\xff"
    assert to_object(broken) is None


@pytest.mark.parametrize("text", ["", "abc", "0198c0dx", "' or 1=1"])
def test_what_is_no_beginning_of_an_id_is_wrong_use(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        checked_beginning(text, "saga")
    assert refused.value.code is Exit.WRONG_USE


def test_words_of_a_person_are_checked_here() -> None:
    assert checked_beginning(" 0198C0DE-1 ", "saga") == "0198c0de-1"
    assert checked_house("") == ""
    assert checked_house("memory") == "memory"
    with pytest.raises(CommandError) as refused:
        checked_house("attic")
    assert "memory" in refused.value.sentence


def test_a_silent_house_is_named_and_total_silence_is_no_empty_list() -> None:
    assert "memory did not answer; it may be there" in not_there("saga", "0198", {"memory"}, "x").sentence
    assert "did not answer" not in not_there("saga", "0198", set(), "x").sentence
    refuse_if_unanswered([], {"memory"}, "")
    refuse_if_unanswered([1], set(HOUSES), "")
    for missing, house in ((set(HOUSES), ""), ({"memory"}, "memory")):
        with pytest.raises(CommandError) as refused:
            refuse_if_unanswered([], missing, house)
        assert refused.value.code is Exit.CANNOT_REACH


def test_sagas_for_a_pipe_and_a_screen() -> None:
    saga = a_saga()
    (piped,) = sagas.rows([saga], NOW, short=False)
    assert piped == (ID, "RUNNING", "tenant.provision", "control", "keys", "0", "2026-01-02 11:58:30 UTC", "–", "–")
    (shown,) = sagas.narrowed(sagas.rows([saga], NOW, short=True))
    assert shown == ("0198c0de", "RUNNING", "tenant.provision", "keys", "1 min ago")
    saga.end_time.FromDatetime(NOW - timedelta(seconds=89, milliseconds=500))
    assert sagas.took(saga) == "500 ms"
    saga.end_time.FromDatetime(NOW)
    assert sagas.took(saga) == "1 min"


def test_every_status_of_a_saga_has_its_meaning() -> None:
    for name in saga_pb.SagaStatus.keys()[1:]:
        saga = a_saga(status=name.removeprefix("SAGA_STATUS_"))
        assert "does not know" not in dict(sagas.lines(saga))["status"], name


def test_calling_a_saga_back_names_what_is_left_to_undo_the_last_first() -> None:
    saga = a_saga(a_step("tenant"), a_step("budget"), a_step("mind", failed=True), a_step("budget", back=True))
    assert "in turn: tenant." in sagas.touched(saga)
    assert "in turn: budget, tenant." in sagas.touched(a_saga(a_step("tenant"), a_step("budget")))
    assert "None of its steps is done." in sagas.touched(a_saga())
    assert [row[:3] for row in sagas.step_rows(saga)][2:] == [("mind", "do", "FAILED"), ("budget", "undo", "DONE")]


def test_the_doctor_names_what_waits_for_a_person() -> None:
    assert verdict(0, 0, []).state is State.GOOD
    assert (verdict(1, 0, []).reason, verdict(1, 0, []).mend) == ("1 event is parked", "somastack dlq list")
    assert verdict(2, 0, ["memory"]).reason == "2 events are parked"
    assert verdict(200, 0, []).reason == "200 or more events are parked"
    assert verdict(3, 1, []).mend == "somastack saga list"
    silent = verdict(0, 0, ["memory"])
    assert (silent.state, silent.mend) == (State.BAD, "somastack logs memory")
