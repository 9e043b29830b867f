"""The clauses that keep tenants apart: each of them matters, and without all of them row-level security still holds.

Here the database is entered as its owner, whom row-level security does not bind, beside a twin that has the same ids:
without any one clause something has to differ. Clauses are found in the text of functions and statements, so that a new
one is covered by itself.
"""

import asyncio
import copy
import importlib
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.resources import files
from itertools import zip_longest
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from servers.memory.indexing.indexer import Indexer
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from soma_common.testing.rpc import RpcHarness
from tests.rpc.memory.attacks import METHODS, Attacker, Estate
from tests.rpc.memory.conftest import House, house_on
from tests.rpc.memory.test_isolation import NAMESPACES, UUIDS, methods, settle
from tests.rpc.memory.twins import ONE, TWIN, Mutant, Statements, Twins, mutants_of, without_all

# SOMA_TEST_MUTANTS=1 leaves out every clause; 12, every twelfth.
EVERY = int(os.environ.get("SOMA_TEST_MUTANTS", "12"))
TRIES = 2
ENDLESS_SECONDS = 5.0
MADE: Final = re.compile(r"create (?:or replace )?function ([a-z_]+)")
TABLE: Final = re.compile(r"create table (?:if not exists )?([a-z_]+)")
WRITES: Final = re.compile(r"\b(insert into|update|delete from)\b")
TIMES: Final = re.compile(r"(seconds|nanos): \d+")


NEAREST: Final = "tables of vectors are made one a space, so no twin has rows there; tests/contract/test_vectors.py"
ERASING: Final = "runs after `begin_erasing` in the saga of an erasure; tests/rpc/memory/test_forgetting_persons.py"
OUTSIDE: Final = "asked of an index outside when a person is erased; tests/integration/memory/test_following.py"
WORKER: Final = "the worker's, who takes what is due of all tenants; the clause joins a row to itself"
BEFORE: Final = "only the release before calls it; the program of now does not"
# Where clauses stand that no step here runs, and why.
NOT_RUN: Final = {
    **dict.fromkeys(("held_vectors", "put_vectors", "remove_vectors", "drop_vectors"), NEAREST),
    **dict.fromkeys(("gone_from_index", "known_memories"), OUTSIDE),
    **dict.fromkeys(("begin_erasure", "erase_memories", "delete_memories", "take_back_words"), ERASING),
    **dict.fromkeys(("admit_sources", "memories_with_words", "nearest_memories"), BEFORE),
    **dict.fromkeys((f"servers.memory:sql/following.sql:{it}" for it in ("lease", "finish", "give_back")), WORKER),
    **dict.fromkeys((f"servers.memory:sql/sweeps.sql:{it}" for it in ("claim_upkeep", "end_upkeep")), WORKER),
    "servers.memory:sql/erasing.sql:erase_upkeep": ERASING,
    "read_memories": "a shelf of one page is read by `view_memories`; this reads what follows",
    "servers.memory:sql/consolidations.sql:abandon": "only where a saga is taken back; test_consolidation_faults.py",
    "servers.memory:sql/consolidations.sql:rouse": "only where somebody stored a fact between plan and commit",
    "servers.memory:sql/entries.sql:put_missing": "only for what the release before stored; tests of recall",
}
# What triggers run of rows that a foreign key takes along: no policy binds PostgreSQL there, so only clauses hold.
CASCADED: Final = frozenset(("lose_source", "has_quarantines", "settle_quarantines"))
# Clauses that nothing can miss, and why.
UNNOTICED: Final = {
    "forget_some #2": "what it picks besides is not the tenant's, as every statement behind it says",
    "forget_some #3": "it locks rows and changes none",
    "forget_some #4": "no memory here was told again by the source that is forgotten",
    "store_memories #5": "no step stores anew what the twin alone has",
    "keep_memories #2": "what was stored before waits for the index here as it does for the twin",
    "note_changes #1": "runs where a log is pruned, after 20,000 changes; tests/integration/memory/test_changes.py",
    "read_changes #2": "every step reads a shelf anew, so that no changes are left to read",
    "index_updated_memories #2": "nobody here has vectors of a remote model",
    "links_of #2": "one link more between the same two memories changes no order here",
    "told_by #1": "answers ids, and `settle_quarantines` reads the tenant's memories of these",
    "servers.memory:sql/consolidations.sql:mark_rested #1": "the id of a new one is nobody else's",
    "servers.memory:sql/sweeps.sql:restore #1": "the twin's rows have the same ids, so each is found twice",
    "servers.memory:sql/storing.sql:versions #1": "no step reads a memory that has versions",
    "servers.memory:sql/transfer.sql:forget_imports #1": "the twin has no imports",
    "leave_ghost #2": "asks whether a memory is there, and the twin has the same",
    "unravel_facts #6": "the twin's rows have the same ids, so each is found twice",
    "servers.memory:sql/quarantine.sql:turns #2": "the twin's rows have the same ids, so each is found twice",
}


@dataclass
class Step:
    """A call, what it answers and leaves behind when nobody else is there, and which statements it runs."""

    method: str
    request: Any
    answer: str = ""
    statements: set[str] = field(default_factory=set)


class Stage:
    """The house entered as its owner, one tenant that calls, and its twin."""

    def __init__(self, house: House, twins: Twins, estate: Estate, functions: dict[str, str]) -> None:
        self.house = house
        self.twins = twins
        self.functions = functions
        self.statements = Statements(all_queries())
        self._known = {one.encode() for one in estate.everything()}
        # What is chosen runs most of the statements, so it is asked first about each that is changed.
        self.steps = chosen(estate) + [
            Step(method, Attacker(Random(f"{method}/{number}"), estate, [estate]).request(method))
            for method in methods()
            for number in range(TRIES)
        ]

    async def run(self, step: Step, *, with_twin: bool) -> str:
        """What a step answers and leaves behind, with whatever is new or a time made alike."""
        await self.twins.begin(with_twin=with_twin)
        before = await self.twins.rows(TWIN)
        with acting_as(user("root", TenantId(ONE), ("admin",)), "test"):
            try:
                async with asyncio.timeout(ENDLESS_SECONDS):
                    answer = await self._answer(step)
            except TimeoutError:
                # It finds anew and again what it cannot take away.
                answer = "no end"
        answer = UUIDS.sub(lambda it: it.group() if it.group() in self._known else b"new", answer.encode()).decode()
        answer = f"{TIMES.sub('time', answer)}\n{await self.twins.figures(ONE)}"
        return answer if await self.twins.rows(TWIN) == before else f"{answer}\nanother tenant's rows changed"

    async def _answer(self, step: Step) -> str:
        if step.method in ACTS:
            return str(await ACTS[step.method](self.house, step.request))
        described, given = METHODS[step.method], copy.deepcopy(step.request)
        if "request_id" in described.input_type.fields_by_name:
            # Each time it is another request, for what was done is answered and not done again.
            given.request_id = str(uuid4())
        if described.client_streaming:
            given = _each(given if isinstance(given, list) else [given])
        try:
            answer = getattr(self.house.servicer, step.method)(given, None)
            if described.server_streaming:
                return "\n".join([str(message) async for message in answer])
            return str(await answer)
        except SomaError as refused:
            return repr((str(refused), refused.metadata))
        except asyncpg.PostgresError as problem:
            return repr(problem)

    async def notices(self, mutant: Mutant, steps: list[Step]) -> bool:
        """Whether any step differs while a clause is left out."""
        if mutant.place in self.statements.texts:
            with self.statements.instead({mutant.place: mutant.text}):
                return await self._differs(steps)
        await self.twins.connection.execute(mutant.text)
        try:
            return await self._differs(steps)
        finally:
            await self.twins.connection.execute(self.functions[mutant.place])

    async def _differs(self, steps: list[Step]) -> bool:
        for step in steps:
            if await self.run(step, with_twin=True) != step.answer:
                return True
        return False


def chosen(estate: Estate) -> list[Step]:
    """What random requests hardly come to."""
    memories = estate.ids["memories"]
    taken = memory_pb.Memory(memory_id=memories[9], text=f"{estate.canary} moved to the harbour.", coordinate="2,4")
    begin = transfer_pb.ImportBegin(request_id=str(uuid4()))
    pieces = [
        transfer_pb.ImportMemoriesRequest(begin=begin),
        transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(memory_id=memories[2], text="The harbour froze.")),
        transfer_pb.ImportMemoriesRequest(memory=memory_pb.Memory(memory_id=str(uuid4()), text="The harbour is open.")),
    ]
    again = f"{estate.canary} told the gardener about tree number 10."
    return [
        Step("StoreMemory", service_pb.StoreMemoryRequest(namespace=NAMESPACES[10 % len(NAMESPACES)], text=again)),
        Step("CorrectMemory", service_pb.CorrectMemoryRequest(memory_id=memories[10], text="The tree was felled.")),
        Step(
            "UpdateMemory",
            service_pb.UpdateMemoryRequest(memory=taken, update_mask=FieldMask(paths=["text", "coordinate"])),
        ),
        Step("ExportMemories", transfer_pb.ExportMemoriesRequest(include_retired=True)),
        Step("ImportMemories", pieces),
        Step("Consolidate", upkeep_pb.ConsolidateRequest(namespace="user:ada")),
        Step(
            "RecallMemories",
            service_pb.RecallMemoriesRequest(query="Who told the gardener?", time_budget_milliseconds=5_000),
        ),
        *(Step(name, memories) for name in ACTS),
    ]


async def a_night(house: House, _: Sequence[str]) -> None:
    """A month later, so that what was swept and consolidated goes for good."""
    later = SetClock()
    later.advance(timedelta(days=31).total_seconds())
    await replace(house.upkeep.nightly, clock=later).look_after(TenantId(ONE), sweeps=True)


async def accesses(house: House, memories: Sequence[str]) -> None:
    house.accesses.note(TenantId(ONE), map(UUID, memories), UUID(memories[0]))
    await house.accesses.write()


async def following(house: House, memories: Sequence[str]) -> list[str]:
    queue, ids = house.vectors.queue, [UUID(it) for it in memories]
    texts = await queue.texts(TenantId(ONE), ids, house.vectors.spaces.built_in.space.version)
    await queue.keep_embeddings(TenantId(ONE), "another/1", [(it, np.ones(4, dtype=np.float32)) for it in texts])
    return sorted(f"{it.text} {it.vector}" for it in await queue.texts(TenantId(ONE), ids, "another/1"))


# What a process does by itself for one tenant.
ACTS: Final[dict[str, Callable[[House, Sequence[str]], Awaitable[object]]]] = {
    "a night": a_night,
    "accesses": accesses,
    "following": following,
}


def difference(found: str, expected: str) -> list[str]:
    """The words that are not the same."""
    pairs = zip_longest(found.split(), expected.split())
    return [f"{one} instead of {other}" for one, other in pairs if one != other]


async def _each(requests: list[Any]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


async def _definition(connection: asyncpg.Connection, function: str) -> str:
    return str(await connection.fetchval(f"select pg_get_functiondef('memory.{function}'::regproc)"))


def all_queries() -> list[Queries]:
    """The files of statements, as the house's modules hold them."""
    # Loaded by no test of this file, and by some that may run before it.
    importlib.import_module("servers.memory.erasing")
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("servers.memory.")]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Queries)]


@pytest.fixture
async def stage(
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
    postgres_server: TestServer,
    indexer: Indexer,
) -> AsyncIterator[tuple[Stage, House]]:
    urls = house_database("memory", "servers.memory")
    database = await open_database(replace(urls, app_dsn=str(urls.owner_dsn)))
    house = await house_on(rpc, database, indexer, SetClock())
    connection = await asyncpg.connect(postgres_server.address(urlsplit(urls.app_dsn).path.lstrip("/")))
    estate = Estate(TenantId(ONE), f"canary{uuid4().hex[:16]}")
    async with house.upkeep.running():
        await settle(house.servicer, user("root", TenantId(ONE), ("admin",)), estate)
    twins = await Twins.of(connection, [name for text in migrations() for name in TABLE.findall(text)])
    await twins.save()
    made = dict.fromkeys(name for text in migrations() for name in MADE.findall(text))
    functions = {name: await _definition(connection, name) for name in made}
    stage = Stage(house, twins, estate, functions)
    async with house.upkeep.running():
        for step in stage.steps:
            with stage.statements.noting(step.statements):
                step.answer = await stage.run(step, with_twin=False)
    # The house as it is, whose every statement row-level security binds.
    bound = await house_on(rpc, await open_database(urls), indexer, SetClock())
    yield stage, bound
    await connection.close()


def migrations() -> list[str]:
    folder = files("servers.memory").joinpath("sql/migrations")
    return [each.read_text() for each in sorted(folder.iterdir(), key=lambda it: it.name)]


@pytest.mark.timeout(900)
async def test_each_line_of_defence_holds_alone_and_each_clause_matters(stage: tuple[Stage, House]) -> None:
    unbound, bound = stage
    async with unbound.house.upkeep.running():
        for step in unbound.steps:
            found = await unbound.run(step, with_twin=True)
            assert difference(found, step.answer) == [], step.method
        not_run, unnoticed = await left_out(unbound)
    assert not_run == NOT_RUN.keys()
    assert unnoticed - UNNOTICED.keys() == set()

    unbound.house = bound
    for name, function in unbound.functions.items():
        if name not in CASCADED:
            await unbound.twins.connection.execute(without_all(function))
    without = {place: without_all(text) for place, text in unbound.statements.texts.items()}
    with unbound.statements.instead(without):
        async with bound.upkeep.running():
            for step in unbound.steps:
                found = await unbound.run(step, with_twin=True)
                assert difference(found, step.answer) == [], step.method


async def left_out(stage: Stage) -> tuple[set[str], set[str]]:
    """Where clauses stand that no step runs, and which clauses no step misses."""
    texts = stage.functions | stage.statements.texts
    reached = {place: reach(text, stage.functions) for place, text in stage.statements.texts.items()}
    mutants = [mutant for place, text in texts.items() for mutant in mutants_of(place, text)]
    not_run, unnoticed = set[str](), set[str]()
    for number, mutant in enumerate(mutants):
        steps = [
            step
            for step in stage.steps
            if mutant.place in step.statements or any(mutant.place in reached[it] for it in step.statements)
        ]
        if not steps:
            not_run.add(mutant.place)
        elif number % EVERY == 0 and not await stage.notices(mutant, steps):
            unnoticed.add(mutant.name)
            print(f"unnoticed: {mutant.name}: {mutant.clause}", flush=True)
    print(f"{len(mutants)} clauses, one in {EVERY} left out; not run: {sorted(not_run)}", flush=True)
    return not_run, unnoticed


def reach(text: str, functions: dict[str, str]) -> set[str]:
    """The functions that a statement may run: those it names, those these name, and triggers where it writes."""
    found, texts = set[str](), [text]
    while texts:
        one = texts.pop()
        more = {
            name
            for name, body in functions.items()
            if re.search(rf"\b{name}\(", one) or ("RETURNS trigger" in body and WRITES.search(one))
        } - found
        found |= more
        texts += [functions[name] for name in more]
    return found
