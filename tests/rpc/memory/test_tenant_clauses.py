"""The clauses that keep tenants apart: each of them matters, and without all of them row-level security still holds.

Here the database is entered as its owner, whom row-level security does not bind, beside a twin that has the same ids:
without any one clause something has to differ. Clauses are found in the text of functions and statements, so that a new
one is covered by itself.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import zip_longest
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from servers.memory.indexing.indexer import Indexer
from servers.memory.rpc.servicer import MemoryServicer
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from soma_common.testing.rpc import RpcHarness
from tests.rpc.memory.attacks import METHODS, Attacker, Estate
from tests.rpc.memory.conftest import house_on
from tests.rpc.memory.test_isolation import UUIDS, methods, settle
from tests.rpc.memory.twins import ONE, TWIN, Mutant, Twins, instead, mutants_of

# SOMA_TEST_MUTANTS=1 leaves out every clause; 4, every fourth.
EVERY = int(os.environ.get("SOMA_TEST_MUTANTS", "4"))
TRIES = 2
ENDLESS_SECONDS = 5.0
MADE: Final = re.compile(r"create (?:or replace )?function ([a-z_]+)")
TABLE: Final = re.compile(r"create table (?:if not exists )?([a-z_]+)")
WRITES: Final = re.compile(r"\b(insert into|update|delete from)\b")
TIMES: Final = re.compile(r"(seconds|nanos): \d+")


@dataclass
class Step:
    """A call, what it answers and leaves behind when nobody else is there, and which statements it runs."""

    method: str
    request: Any
    answer: str = ""
    statements: set[str] = field(default_factory=set)


class Stage:
    """The house entered as its owner, one tenant that calls, and its twin."""

    def __init__(self, servicer: MemoryServicer, twins: Twins, estate: Estate) -> None:
        self.servicer = servicer
        self.twins = twins
        self._known = {one.encode() for one in estate.everything()}
        self.steps = [
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
        described, given = METHODS[step.method], step.request
        if described.client_streaming:
            given = _once(step.request)
        try:
            answer = getattr(self.servicer, step.method)(given, None)
            if described.server_streaming:
                return "\n".join([str(message) async for message in answer])
            return str(await answer)
        except SomaError as refused:
            return repr((str(refused), refused.metadata))
        except asyncpg.PostgresError as problem:
            return repr(problem)

    async def notices(self, mutant: Mutant, steps: list[Step]) -> bool:
        """Whether any step differs while a clause is left out."""
        if mutant.queries is not None:
            with instead(mutant.queries, mutant.place.partition(":")[2], mutant.text):
                return await self._differs(steps)
        original = await _definition(self.twins.connection, mutant.place)
        await self.twins.connection.execute(mutant.text)
        try:
            return await self._differs(steps)
        finally:
            await self.twins.connection.execute(original)

    async def _differs(self, steps: list[Step]) -> bool:
        for step in steps:
            if await self.run(step, with_twin=True) != step.answer:
                return True
        return False


def difference(found: str, expected: str) -> list[str]:
    """The words that are not the same."""
    pairs = zip_longest(found.split(), expected.split())
    return [f"{one} instead of {other}" for one, other in pairs if one != other]


async def _once(request: Any) -> AsyncIterator[Any]:
    yield request


async def _definition(connection: asyncpg.Connection, function: str) -> str:
    return str(await connection.fetchval(f"select pg_get_functiondef('memory.{function}'::regproc)"))


def all_queries() -> dict[str, Queries]:
    """The files of statements that the house's modules hold, by the module."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("servers.memory."):
            for value in vars(module).values():
                if isinstance(value, Queries):
                    found[name] = value
    return found


@contextmanager
def noting(step: Step) -> Iterator[None]:
    """Notes which statements are read while a step runs."""

    class Noting(dict[str, str]):
        def __init__(self, module: str, statements: dict[str, str]) -> None:
            super().__init__(statements)
            self._module = module

        def __getitem__(self, name: str) -> str:
            step.statements.add(f"{self._module}:{name}")
            return super().__getitem__(name)

    held = all_queries()
    before = {module: queries.__dict__["_statements"] for module, queries in held.items()}
    try:
        for module, queries in held.items():
            queries.__dict__["_statements"] = Noting(module, before[module])
        yield
    finally:
        for module, queries in held.items():
            queries.__dict__["_statements"] = before[module]


@pytest.fixture
async def stage(
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
    postgres_server: TestServer,
    indexer: Indexer,
) -> AsyncIterator[Stage]:
    urls = house_database("memory", "servers.memory")
    database = await open_database(replace(urls, app_dsn=str(urls.owner_dsn)))
    servicer = (await house_on(rpc, database, indexer, SetClock())).servicer
    connection = await asyncpg.connect(postgres_server.address(urlsplit(urls.app_dsn).path.lstrip("/")))
    estate = Estate(TenantId(ONE), f"canary{uuid4().hex[:16]}")
    await settle(servicer, user("root", TenantId(ONE), ("admin",)), estate)
    twins = await Twins.of(connection, [name for text in migrations() for name in TABLE.findall(text)])
    await twins.save()
    yield Stage(servicer, twins, estate)
    await connection.close()


def migrations() -> list[str]:
    folder = files("servers.memory").joinpath("sql/migrations")
    return [each.read_text() for each in sorted(folder.iterdir(), key=lambda it: it.name)]


async def refer(stage: Stage) -> None:
    """Notes what each step does when nobody else is there."""
    for step in stage.steps:
        with noting(step):
            step.answer = await stage.run(step, with_twin=False)


@pytest.mark.timeout(900)
async def test_without_row_level_security_each_clause_keeps_tenants_apart(stage: Stage) -> None:
    await refer(stage)
    for step in stage.steps:
        found = await stage.run(step, with_twin=True)
        assert difference(found, step.answer) == [], (step.method, step.request)
    functions = {
        name: await _definition(stage.twins.connection, name)
        for name in dict.fromkeys(name for text in migrations() for name in MADE.findall(text))
    }
    held = all_queries()
    statements = {f"{module}:{name}": getattr(held[module], name) for module in held for name in dir(held[module])}
    reached = {place: reach(text, functions) for place, text in statements.items()}
    mutants = [it for place, text in functions.items() for it in mutants_of(place, text)]
    mutants += [
        it for place, text in statements.items() for it in mutants_of(place, text, held[place.partition(":")[0]])
    ]
    unnoticed = []
    for mutant in mutants[::EVERY]:
        steps = [
            step
            for step in stage.steps
            if mutant.place in step.statements or any(mutant.place in reached[it] for it in step.statements)
        ]
        if not steps or not await stage.notices(mutant, steps):
            unnoticed.append(f"{mutant.name} ({len(steps)} steps)")
            print("unnoticed:", unnoticed[-1], flush=True)
    print(f"{len(mutants)} clauses, every {EVERY}. left out, {len(unnoticed)} unnoticed")
    assert unnoticed == []


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
