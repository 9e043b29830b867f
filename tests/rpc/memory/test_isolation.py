"""No call sees or changes what another tenant has, whatever it names: random calls of all methods of the contract.

Counted is each id, source or text of another tenant that a request names, and a call that names none as one: that many
times somebody reached for what is not theirs. Every answer, every refusal and at the end every row of every table is
searched for words and ids of other tenants, and tenants that only look on have exactly the rows that they had before.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.message import Message

from servers.memory.rpc.servicer import MemoryServicer
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.rpc.memory.attacks import METHODS, NAMESPACES, Attacker, Estate
from tests.rpc.memory.conftest import Remembering

# SOMA_TEST_ISOLATION=1000000 proves ten times as much.
OPERATIONS = int(os.environ.get("SOMA_TEST_ISOLATION", "100000"))
SEED = int(os.environ.get("SOMA_TEST_SEED", "8"))
TENANTS, ONLOOKERS, AT_ONCE, MEMORIES = 6, 2, 4, 24
LEFT_OUT = {"ForgetSubject": "it begins a saga over all houses, which has tests of its own"}
TEA = (
    "{} drinks green tea every morning.",
    "Every morning {} drinks a cup of green tea.",
    "{} drinks green tea in the morning.",
)
CANARY = re.compile(rb"canary[0-9a-f]{16}")
UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'memory'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id'
order by c.relname
"""


async def settle(servicer: MemoryServicer, caller: Caller, estate: Estate) -> None:
    """Gives a tenant something to lose in each namespace: memories with links, sources, conversations, a quarantine, a
    sweep, a consolidation. Sagas have to run meanwhile."""
    conversations = [str(uuid4()) for _ in range(3)]
    sources = [f"{uuid4()} of {estate.tenant_id}" for _ in range(3)]
    batch = service_pb.BatchStoreMemoriesRequest(request_id=str(uuid4()))
    for number in range(MEMORIES):
        batch.memories.add(
            namespace=NAMESPACES[number % len(NAMESPACES)],
            text=f"{estate.canary} told the gardener about tree number {number}.",
            conversation_id=conversations[number % 3],
            source_id=sources[number % 3],
        )
    for text in TEA:
        batch.memories.add(namespace="shared", text=text.format(estate.canary))
        batch.memories.add(namespace="user:ada", text=text.format(estate.canary))
    with acting_as(caller, "test"):
        stored = await servicer.BatchStoreMemories(batch, None)
        memories = [result.memory_id for result in stored.results[:MEMORIES]]
        for source, target in pairwise(memories):
            link = graph_pb.LinkMemoriesRequest(memory_id=source, target_memory_id=target, request_id=str(uuid4()))
            await servicer.LinkMemories(link, None)
        subject = upkeep_pb.QuarantineSubject(memory_id=memories[-1])
        request = upkeep_pb.QuarantineSourceRequest(subject=subject, request_id=str(uuid4()))
        hidden = await servicer.QuarantineSource(request, None)
        order = upkeep_pb.ConsolidateRequest(namespace="shared", request_id=str(uuid4()))
        consolidated = (await servicer.Consolidate(order, None)).consolidation
        assert consolidated.state == upkeep_pb.CONSOLIDATION_STATE_COMMITTED, consolidated
        faded = upkeep_pb.SweepMemoriesRequest(min_retention=1.0, max_memories=2, request_id=str(uuid4()))
        swept = await servicer.SweepMemories(faded, None)
    estate.ids = {
        "memories": memories,
        "conversations": conversations,
        "sources": sources,
        "quarantines": [hidden.quarantine.quarantine_id],
        "consolidations": [consolidated.consolidation_id],
        "sweeps": [swept.sweep_id],
    }


async def call(servicer: Any, method: str, request: Message) -> list[bytes]:
    """The answers as they would go over the wire; a refusal with all that it says."""
    described = METHODS[method]
    given: Any = request
    if described.client_streaming:

        async def pieces() -> Any:
            yield request

        given = pieces()
    try:
        answer = getattr(servicer, method)(given, None)
        if described.server_streaming:
            return [message.SerializeToString() async for message in answer]
        return [(await answer).SerializeToString()]
    except SomaError as refused:
        return [repr((str(refused), refused.metadata, refused.violations)).encode()]


class Watch:
    """What answers must not have in them.

    A call may be told again what it names itself, as in “there is no memory …”. A conversation is whatever a caller
    calls so: a tenant that once named one may have it in its own rows.
    """

    def __init__(self, estates: list[Estate]) -> None:
        self._owner = {one.encode(): estate.tenant_id for estate in estates for one in estate.everything()}
        self._free = {one.encode() for estate in estates for one in estate.ids["conversations"]}
        self._said: dict[TenantId, set[bytes]] = {estate.tenant_id: set() for estate in estates}

    def leaks(self, own: Estate, request: Message, answers: list[bytes]) -> list[bytes]:
        asked = set(UUIDS.findall(request.SerializeToString()))
        said = self._said[own.tenant_id]
        leaks = list[bytes]()
        for answer in answers:
            leaks += [word for word in CANARY.findall(answer) if word != own.canary.encode()]
            foreign = [one for one in UUIDS.findall(answer) if self._owner.get(one, own.tenant_id) != own.tenant_id]
            leaks += [one for one in foreign if one not in asked and one not in said]
        return leaks

    def says(self, own: Estate, request: Message) -> None:
        """Before the call: another one may see its effect before it is answered."""
        self._said[own.tenant_id].update(self._free & set(UUIDS.findall(request.SerializeToString())))


def methods() -> list[str]:
    """What is served, less what is left out."""
    base = service_grpc.MemoryServiceServicer
    return [
        name for name in METHODS if name not in LEFT_OUT and getattr(MemoryServicer, name) is not getattr(base, name)
    ]


async def rows_of(database: Database, tenant_id: TenantId) -> dict[str, list[str]]:
    async def work(connection: Connection) -> dict[str, list[str]]:
        tables = [row["relname"] for row in await connection.fetch(TABLES)]
        found = {}
        for table in tables:
            readable = await connection.fetchval("select has_table_privilege(current_user, $1::text, 'select')", table)
            if readable:
                rows = await connection.fetch(f'select t::text as line from "{table}" t order by 1')
                found[table] = [row["line"] for row in rows]
        return found

    return await database.run(tenant_id, work)


@pytest.fixture
async def sagas(remembering: Remembering) -> AsyncIterator[None]:
    """A process that runs them, so that nobody waits for a consolidation in vain."""
    async with remembering.upkeep.running():
        yield


@pytest.mark.timeout(max(120, OPERATIONS // 500))
@pytest.mark.usefixtures("sagas")
async def test_no_call_reaches_what_another_tenant_has(remembering: Remembering) -> None:
    estates = [Estate(TenantId(uuid4()), f"canary{uuid4().hex[:16]}") for _ in range(TENANTS)]
    for estate in estates:
        await settle(remembering.servicer, user("root", estate.tenant_id, ("operator",)), estate)
    onlookers, callers = estates[:ONLOOKERS], estates[ONLOOKERS:]
    before = [await rows_of(remembering.database, estate.tenant_id) for estate in onlookers]
    watch, counted, named = Watch(estates), Counter[str](), 0
    print(f"seed {SEED}")

    async def attack(seed: int) -> None:
        nonlocal named
        chance = Random(f"{SEED}/{seed}")
        while named < OPERATIONS:
            own = chance.choice(callers)
            attacker = Attacker(chance, own, [estate for estate in estates if estate is not own])
            method = chance.choice(all_methods)
            request = attacker.request(method)
            caller = user(chance.choice(("ada", "bob")), own.tenant_id, (chance.choice(("member", "admin")),))
            watch.says(own, request)
            with acting_as(caller, "test"):
                answers = await call(remembering.servicer, method, request)
            assert watch.leaks(own, request, answers) == [], (method, request)
            counted[method] += 1
            named += max(1, attacker.named)

    all_methods = methods()
    await asyncio.gather(*(attack(seed) for seed in range(AT_ONCE)))
    print(f"{named} operations in {counted.total()} calls of {len(all_methods)} methods: {dict(counted)}")
    assert [await rows_of(remembering.database, estate.tenant_id) for estate in onlookers] == before
    for estate in estates:
        rows = await rows_of(remembering.database, estate.tenant_id)
        words = {word for lines in rows.values() for line in lines for word in CANARY.findall(line.encode())}
        assert words == {estate.canary.encode()}
        assert all(str(estate.tenant_id) in line for lines in rows.values() for line in lines)
