"""What chat could not tell another service is a dead letter with its bytes, and is told when it is retried."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from servers.chat.intents.delivery import BATCH
from soma.events.v1 import event_pb2 as event_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.dlq import DLQHandler
from soma_common.dlq.handler import LetterFilter
from soma_common.dlq.letters import DeadLetter
from soma_common.dlq.policy import LetterStatus
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection, Database
from soma_common.testing.eventually import eventually
from tests.integration.chat.person import Person
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_deletion import as_owner

CONSUMER = "chat.intents"
TEXT = "The heron nests behind the old mill."
SECOND = "The stork nests upon the chimney."
INSERT = """
insert into intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
  payload, status, attempts, next_time, create_time)
values ($1, $2, $7, '{member}', '{memory:write}', 'a-correlation', $3, $8, $4, $5, $6, now(), now())
"""


@pytest.fixture
async def database(stack: ChatStack) -> AsyncIterator[Database]:
    """Chat's own tables."""
    opened = await Database.open(stack.databases["chat"])
    yield opened
    await opened.close()


@pytest.fixture
def letters(database: Database) -> DLQHandler:
    """What an operator does with letters."""
    return DLQHandler(database, EventStore("chat"))


def wish(text: str = TEXT) -> bytes:
    """What memory is asked; without a text it can never be right."""
    request = memory_pb.StoreMemoryRequest(text=text, namespace="user:ada", request_id=str(uuid4()))
    return request.SerializeToString()


def with_wish(letter: DeadLetter, text: str) -> bytes:
    """The letter's event, as somebody mended it."""
    event = event_pb.Event.FromString(letter.body)
    event.payload = wish(text)
    return event.SerializeToString()


async def intend(
    database: Database,
    ada: Person,
    payload: bytes,
    status: str = "pending",
    attempts: int = 0,
    owner: str = "ada",
    kind: str = "store_memory",
) -> UUID:
    """Puts an intent there as the end of a turn does."""
    intent_id = uuid4()

    async def work(connection: Connection) -> None:
        await connection.execute(INSERT, ada.tenant, intent_id, uuid4(), payload, status, attempts, owner, kind)

    await database.run(ada.tenant, work)
    return intent_id


async def only_letter(letters: DLQHandler, ada: Person, status: LetterStatus = LetterStatus.PARKED) -> DeadLetter:
    """The one letter of the tenant, once it is there."""
    wanted = LetterFilter(CONSUMER, status)

    async def look() -> DeadLetter | None:
        found = await letters.list_dlq_events(ada.tenant, wanted)
        return found[0] if found else None

    found = await eventually(look, within_seconds=15)
    assert found is not None
    return found


async def is_empty(letters: DLQHandler, ada: Person) -> bool:
    return await letters.list_dlq_events(ada.tenant, LetterFilter(CONSUMER)) == []


async def recalled(ada: Person, text: str) -> bool:
    with ada.acting():
        found = await ada.memory.RecallMemories(memory_pb.RecallMemoriesRequest(query=text))
    return [hit.memory.owner_sub for hit in found.hits if hit.memory.text == text] == ["ada"]


async def amount(database: Database, ada: Person, table: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.fetchval(f"select count(*) from {table}"))

    return await database.run(ada.tenant, work)


async def test_a_refused_intent_is_a_letter_with_its_bytes_and_its_reason(
    database: Database, letters: DLQHandler, ada: Person
) -> None:
    payload = wish("")
    intent_id = await intend(database, ada, payload)
    letter = await only_letter(letters, ada)
    assert (letter.event_id, letter.event_type, letter.next_time) == (intent_id, "intent.store_memory", None)
    assert letter.error_class == "INVALID_FIELD"
    assert "text" in letter.error_message
    event = letter.delivery().event()
    assert event.payload == payload
    assert event.schema.message == "soma.memory.v1.StoreMemoryRequest"
    assert event.correlation_id == "a-correlation"
    assert await amount(database, ada, "intents") == 0
    assert await amount(database, ada, "events where event_type = 'dead_letter.parked'") == 1


async def test_a_letter_with_mended_bytes_is_told_for_the_same_person(
    database: Database, letters: DLQHandler, ada: Person
) -> None:
    intent_id = await intend(database, ada, wish(""))
    mended = with_wish(await only_letter(letters, ada), TEXT)
    await letters.retry_event(ada.tenant, CONSUMER, intent_id, "olga", mended)
    assert await eventually(lambda: recalled(ada, TEXT), within_seconds=15)
    assert await eventually(lambda: is_empty(letters, ada))


async def test_a_letter_that_is_retried_in_vain_is_parked_again(
    database: Database, letters: DLQHandler, ada: Person
) -> None:
    intent_id = await intend(database, ada, wish(""))
    before = await only_letter(letters, ada)
    await letters.retry_event(ada.tenant, CONSUMER, intent_id, "olga")

    async def tried() -> bool:
        return (await only_letter(letters, ada)).attempts > before.attempts

    assert await eventually(tried, within_seconds=15)
    assert (await only_letter(letters, ada)).body == before.body


async def test_a_letter_with_bytes_that_are_no_request_is_parked_again(
    database: Database, letters: DLQHandler, ada: Person
) -> None:
    await intend(database, ada, b"\xff\xff\xff")
    assert (await only_letter(letters, ada)).error_class == "INVALID_FIELD"


async def test_a_discarded_letter_is_told_to_nobody(database: Database, letters: DLQHandler, ada: Person) -> None:
    intent_id = await intend(database, ada, wish(""))
    await only_letter(letters, ada)
    await letters.discard(ada.tenant, CONSUMER, intent_id, "olga")
    await only_letter(letters, ada, LetterStatus.DISCARDED)
    with pytest.raises(SomaError) as refused:
        await letters.retry_event(ada.tenant, CONSUMER, intent_id, "olga")
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_what_was_parked_before_there_were_letters_is_taken_over(
    database: Database, letters: DLQHandler, ada: Person
) -> None:
    intent_id = await intend(database, ada, wish(""), status="parked", attempts=40)
    assert (await only_letter(letters, ada)).event_id == intent_id
    await intend(database, ada, wish(), status="parked", attempts=40)
    assert await eventually(lambda: recalled(ada, TEXT), within_seconds=15)


async def test_an_intent_that_ran_out_of_patience_is_tried_again_by_the_hour(
    stack: ChatStack, database: Database, letters: DLQHandler, ada: Person
) -> None:
    stack.kill("memory")
    try:
        await intend(database, ada, wish(), attempts=39)
        letter = await only_letter(letters, ada)
        assert letter.error_class == "DEPENDENCY_DOWN"
        assert letter.next_time is not None
        assert 3000 < (letter.next_time - letter.last_time).total_seconds() < 3700
    finally:
        stack.start("memory")

    async def told() -> bool:
        # Chat may not have found memory again: then it is parked once more, and retried once more.
        await letters.retry_batch(ada.tenant, LetterFilter(CONSUMER), "olga")
        return await is_empty(letters, ada)

    assert await eventually(told, within_seconds=30)
    assert await recalled(ada, TEXT)


async def test_what_a_later_release_wrote_waits_for_it_and_holds_nobody_up(
    stack: ChatStack, database: Database, letters: DLQHandler, ada: Person
) -> None:
    later = "foretell_weather"
    for _ in range(BATCH + 1):
        await intend(database, ada, b"whatever", kind=later)
    parked = await intend(database, ada, wish(""))
    await only_letter(letters, ada)
    unknown = f"update dead_letters set event_type = 'intent.{later}' where event_id = $1"
    async with as_owner(stack, "chat") as connection:
        await connection.execute(unknown, parked)
    await letters.retry_event(ada.tenant, CONSUMER, parked, "olga")
    await intend(database, ada, wish())
    assert await eventually(lambda: recalled(ada, TEXT), within_seconds=15)
    assert await amount(database, ada, f"intents where kind = '{later}' and attempts = 0") == BATCH + 1
    mended = await intend(database, ada, wish(""))
    letter = await only_letter(letters, ada)
    assert letter.event_id == mended
    await letters.retry_event(ada.tenant, CONSUMER, mended, "olga", with_wish(letter, SECOND))
    assert await eventually(lambda: recalled(ada, SECOND), within_seconds=15)
    [waiting] = await letters.list_dlq_events(ada.tenant, LetterFilter(CONSUMER))
    assert (waiting.event_id, waiting.status) == (parked, LetterStatus.RETRYING)
    await database.run(ada.tenant, lambda it: it.execute("delete from intents where kind = $1", later))
    await letters.discard(ada.tenant, CONSUMER, parked, "olga")
