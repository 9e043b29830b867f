"""Whatever an event carried and however it failed: its letter has all of it, byte by byte."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler, LetterFilter
from soma_common.dlq.letters import Failure
from soma_common.dlq.policy import LetterPolicy, LetterStatus
from soma_common.events.codec import schema_of, to_message
from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Delivery, Shard
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, run_aside

pytestmark = pytest.mark.integration

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
headers = st.dictionaries(words, st.binary(max_size=40), max_size=4)
POLICY = LetterPolicy()


def an_event(tenant: TenantId, stream: str, sequence: int, text: str) -> Event:
    payload = payloads_pb.TurnStarted(turn_id=text)
    return Event(
        Ids().uuid7(), "turn.started", "1" * 32, "a-correlation", "", "chat", tenant, stream, sequence,
        datetime.now(UTC), schema_of(payload), payload.SerializeToString(), {"k": text},
    )  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(words, words, words), headers, st.integers(1, 9), st.integers(0, 2**40), st.integers(1, 2**31))
def test_prop_8_9_2_capture_and_preservation(
    house_database: HouseDatabases,
    given_words: tuple[str, str, str],
    given_headers: dict[str, bytes],
    attempts: int,
    position: int,
    sequence: int,
) -> None:
    async def check() -> None:
        stream, text, error = given_words
        tenant, database = TenantId(uuid4()), await Database.open(house_database("chat", None))
        letters = DLQHandler(database, EventStore("chat"))
        event = an_event(tenant, stream, sequence, text)
        body = to_message(event).SerializeToString()
        delivery = Delivery(Shard(TURNS.name, 3), position, body, event.timestamp, given_headers)
        failure = Failure.of(RuntimeError(error), "an-id")
        try:
            for attempt in range(1, attempts + 1):
                await letters.capture_failed_event("reader", delivery, event, failure, attempt, POLICY)
            letter = await letters.get(tenant, "reader", event.event_id)
            assert (letter.body, dict(letter.headers)) == (body, given_headers)
            assert (letter.shard, letter.position) == (delivery.shard, position)
            assert (letter.stream, letter.sequence, letter.event_type) == (stream, sequence, "turn.started")
            assert (letter.error_class, letter.error_message, letter.error_id) == ("RuntimeError", error, "an-id")
            assert (letter.attempts, letter.status) == (attempts, POLICY.after(attempts, 0.0).status)
            assert letter.first_time <= letter.last_time
            edited = event_pb.Event.FromString(body)
            edited.payload = b"other"
            await letters.retry_event(tenant, "reader", event.event_id, "ada", edited.SerializeToString())
            again = await letters.get(tenant, "reader", event.event_id)
            assert (again.body, again.edited_body) == (body, edited.SerializeToString())
            assert again.status is LetterStatus.RETRYING
            assert await letters.list_dlq_events(tenant, LetterFilter(stream=stream)) == [again]
            assert again.delivery().event().payload == b"other"
        finally:
            await database.close()

    run_aside(check())


async def test_a_claim_takes_no_more_than_it_is_asked_for(
    house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    tenant, database = TenantId(uuid4()), await open_database(house_database("chat", None))
    letters, failure = DLQHandler(database, EventStore("chat")), Failure("RuntimeError", "", "an-id")
    for number in range(9):
        event = an_event(tenant, f"stream/{number}", 1, "a-turn")
        delivery = Delivery(Shard(TURNS.name, 0), number, to_message(event).SerializeToString(), event.timestamp)
        await letters.capture_failed_event("reader", delivery, event, failure, 9, POLICY)
    await letters.retry_batch(tenant, LetterFilter(), "ada")
    counts = [len(await letters.claim("reader", POLICY, 4, 60.0)) for _ in range(4)]
    assert counts == [4, 4, 1, 0]
