"""Repeats of a mutation: one effect, one answer, also at the same moment."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.idempotency import DuplicateRequest, IdempotencyStore, Once, RequestKey, StoredReply, body_hash
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

CHANGE = "insert into rate_limits (tenant_id, sub, name, arrival_time) values ($1, gen_random_uuid()::text, 'x', now())"


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("chat", None))


def a_key(tenant: TenantId | None = None) -> RequestKey:
    return RequestKey(tenant or TenantId(uuid4()), "ann", "/soma.chat.v1.X/Create", uuid4())


async def create(database: Database, key: RequestKey, request: payloads_pb.TurnStarted) -> bytes:
    """What the interceptor and a use case do together."""
    store, digest = IdempotencyStore(database), body_hash(request)
    stored = await store.find(key)
    if stored is not None:
        return stored.answer_to(key, digest)
    response = payloads_pb.TurnStarted(turn_id=str(uuid4()))

    async def work(connection: Connection) -> None:
        await connection.execute(CHANGE, key.tenant_id)
        await Once.current().record(connection, response)

    with Once.opened(key, digest):
        try:
            await database.run(key.tenant_id, work)
        except DuplicateRequest:
            found = await store.find(key)
            assert found is not None
            return found.answer_to(key, digest)
    return response.SerializeToString()


async def changes(database: Database) -> int:
    async with database.worker() as connection:
        return int(await connection.fetchval("select count(*) from rate_limits"))


async def test_a_repeat_gets_the_same_answer(database: Database) -> None:
    key, request = a_key(), payloads_pb.TurnStarted(turn_id="a")
    first = await create(database, key, request)
    assert await create(database, key, request) == first
    assert await changes(database) == 1


async def test_repeats_at_the_same_moment_have_one_effect(database: Database) -> None:
    key, request = a_key(), payloads_pb.TurnStarted(turn_id="a")
    answers = await asyncio.gather(*(create(database, key, request) for _ in range(12)))
    assert len(set(answers)) == 1
    assert await changes(database) == 1


async def test_another_body_is_refused(database: Database) -> None:
    key = a_key()
    await create(database, key, payloads_pb.TurnStarted(turn_id="a"))
    with pytest.raises(SomaError) as caught:
        await create(database, key, payloads_pb.TurnStarted(turn_id="b"))
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": str(key.request_id)}


async def test_the_same_id_of_another_tenant_or_user_is_another_request(database: Database) -> None:
    key, request = a_key(), payloads_pb.TurnStarted(turn_id="a")
    other = RequestKey(TenantId(uuid4()), key.sub, key.method, key.request_id)
    third = RequestKey(key.tenant_id, "bob", key.method, key.request_id)
    assert len({await create(database, each, request) for each in (key, other, third)}) == 3


async def test_an_answer_is_gone_with_its_transaction(database: Database) -> None:
    key = a_key()

    async def fail() -> None:
        async with database.transaction(key.tenant_id) as connection:
            await Once.current().record(connection, payloads_pb.TurnStarted())
            raise ZeroDivisionError

    with Once.opened(key, b"x"), pytest.raises(ZeroDivisionError):
        await fail()
    assert await IdempotencyStore(database).find(key) is None


async def test_without_a_request_id_nothing_is_recorded(database: Database) -> None:
    tenant = TenantId(uuid4())
    async with database.transaction(tenant) as connection:
        await Once.current().record(connection, payloads_pb.TurnStarted())
        assert await connection.fetchval("select count(*) from idempotency") == 0


async def test_old_answers_are_swept(database: Database) -> None:
    key, store = a_key(), IdempotencyStore(database)
    await create(database, key, payloads_pb.TurnStarted(turn_id="a"))
    assert await store.sweep() == 0
    assert isinstance(await store.find(key), StoredReply)
    assert await store.sweep(timedelta(0)) == 1
    assert await store.find(key) is None
