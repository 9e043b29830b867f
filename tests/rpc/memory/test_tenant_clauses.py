"""The clauses that keep tenants apart: each of them matters, and without all of them row-level security still holds.

What the house asks of its database is noted, and asked again beside twins that have the same ids. As a superuser, whom
no policy binds, something has to differ without any one clause; as the house's own role, nothing without all of them.
Clauses are found in the text of functions and statements, so that a new one is covered by itself.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import zip_longest
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from servers.memory.indexing.indexer import Indexer
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, TestServer
from soma_common.testing.rpc import RpcHarness
from tests.rpc.memory.asking import ACTS, Request, chosen
from tests.rpc.memory.attacks import METHODS, Attacker, Estate
from tests.rpc.memory.conftest import House, house_on
from tests.rpc.memory.past import past, same_elsewhere
from tests.rpc.memory.replays import Notes, Replay, Scene
from tests.rpc.memory.scenes import Script
from tests.rpc.memory.test_isolation import methods, settle
from tests.rpc.memory.twins import ONE, Twins, mutants_of, texts_of, without_all

MADE: Final = re.compile(r"create (?:or replace )?function ([a-z_]+)")
TABLE: Final = re.compile(r"create table (?:if not exists )?([a-z_]+)")

# Each clause is left out in turn; with SOMA_TEST_MUTANTS=6 only every sixth, and any that nothing comes by.
EVERY: Final = int(os.environ.get("SOMA_TEST_MUTANTS", "1"))
POLICIES: Final = "select tablename, policyname from pg_policies where schemaname = 'memory'"
# What triggers run of rows that a foreign key takes along: PostgreSQL runs these as the owner, whom no policy binds
# there, so only clauses hold.
CASCADED: Final = frozenset(("lose_source", "has_quarantines", "settle_quarantines"))
# Clauses that nothing can miss, and why.
UNNOTICED: Final = {
    "near_vectors #1": "counts for a choice between two ways to the same answer",
    "settle_quarantines #2": "looks at more memories of its own, of which nothing was made that is settled",
    "take_back_words #2": "takes the newest, and what is newer than the person's words is passed over, as #3 says",
    "unravel_facts #1": "goes on with another tenant, of whom nothing was deleted, as its fifth clause says",
    "servers.memory:sql/erasing.sql:erase_upkeep #1": "row-level security alone keeps all of this statement apart",
    "servers.memory:sql/erasing.sql:erase_upkeep #2": "row-level security alone keeps all of this statement apart",
}


async def ask(house: House, method: str, request: Any) -> None:
    """A call, or an act; what it answers does not matter, nor whether it is refused."""
    if method in ACTS:
        await ACTS[method](house, request)
        return
    given = request
    if METHODS[method].client_streaming:
        given = _each(request if isinstance(request, list) else [request])
    elif "request_id" in METHODS[method].input_type.fields_by_name:
        given.request_id = str(uuid4())
    try:
        answer = getattr(house.servicer, method)(given, None)
        if METHODS[method].server_streaming:
            async for _ in answer:
                pass
        else:
            await answer
    except SomaError:
        return


async def _each(requests: list[Any]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


def difference(found: Sequence[str], expected: Sequence[str]) -> list[str]:
    """The words that are not the same."""
    pairs = zip_longest(" ".join(found).split(), " ".join(expected).split())
    return [f"{one} instead of {other}" for one, other in pairs if one != other][:20]


def all_texts() -> dict[str, str]:
    """The statements of all files."""
    names = [each.name for each in files("servers.memory").joinpath("sql").iterdir() if each.name.endswith(".sql")]
    return texts_of(Queries.of("servers.memory", f"sql/{name}") for name in sorted(names))


def migrations() -> list[str]:
    folder = files("servers.memory").joinpath("sql/migrations")
    return [each.read_text() for each in sorted(folder.iterdir(), key=lambda it: it.name)]


async def definitions(connection: asyncpg.Connection) -> dict[str, str]:
    """The functions of the house as they are now."""
    names = dict.fromkeys(name for text in migrations() for name in MADE.findall(text))
    text = "select pg_get_functiondef(($1::text)::regproc)"
    return {name: str(await connection.fetchval(text, f"memory.{name}")) for name in names}


def any_request(method: str, estate: Estate) -> Request:
    return Request(method, Attacker(Random(method), estate, [estate], 1.0).request(method))


async def noted(house: House, notes: Notes, twins: Twins, estate: Estate) -> list[Scene]:
    """What requests ask of the database, each of the same rows."""
    scenes = list[Scene]()
    async with house.upkeep.running():
        for each in [*chosen(estate), *(any_request(method, estate) for method in methods())]:
            await twins.restore()
            scene = Scene(each.method, before=f"{each.before};")
            with acting_as(user("root", TenantId(ONE), ("admin",)), "test"), notes.into(scene.asked):
                await ask(house, each.method, each.request)
                await asyncio.sleep(0)
            scene.before += ";".join(
                same_elsewhere(it.args[5][0]) for it in scene.asked if it.place.endswith(":keep_one")
            )
            scenes.append(scene)
    await twins.restore()
    return scenes + [crowded for most in (4, 5) for crowded in with_most(scenes[0], most)]


def with_most(scene: Scene, most: int) -> list[Scene]:
    """The same where a tenant may have so many namespaces and no more."""
    stored = [
        replace(asked, args=[*asked.args[:3], most, *asked.args[4:]])
        for asked in scene.asked
        if asked.place.endswith("storing.sql:keep_many")
    ]
    return [replace(scene, asked=stored, about="store_memories")]


@pytest.fixture
async def stage(
    rpc: RpcHarness, house_database: HouseDatabases, postgres_server: TestServer, indexer: Indexer
) -> AsyncIterator[tuple[Replay, list[Scene]]]:
    urls = house_database("memory", "servers.memory")
    notes = Notes(all_texts())
    database = await notes.open(urls)
    connection = await asyncpg.connect(postgres_server.address(urlsplit(urls.app_dsn).path.lstrip("/")))
    try:
        house = await house_on(rpc, database, indexer, SetClock())
        estate = Estate(TenantId(ONE), f"canary{uuid4().hex[:16]}")
        async with house.upkeep.running():
            await settle(house.servicer, user("root", TenantId(ONE), ("admin",)), estate)
        twins = await Twins.of(connection, [name for text in migrations() for name in TABLE.findall(text)])
        await connection.execute(past(estate))
        await twins.save()
        scenes = await noted(house, notes, twins, estate) + Script.of(all_texts(), estate)
        yield Replay(twins, await definitions(connection)), [scene for scene in scenes if scene.asked]
    finally:
        await connection.close()
        await database.close()


@pytest.mark.timeout(600)
async def test_each_line_of_defence_holds_alone_and_each_clause_matters(stage: tuple[Replay, list[Scene]]) -> None:
    replay, scenes = stage
    alone = [await replay.answer(scene) for scene in scenes]
    await replay.twins.join()
    for scene in scenes:
        scene.answer = await replay.answer(scene)
        scene.places = await replay.places(scene)
    # All but what the others have.
    differing = {
        scene.name: words
        for scene, expected in zip(scenes, alone, strict=True)
        if not scene.is_unbound and (words := difference(scene.answer[:-1], expected[:-1]))
    }
    assert differing == {}
    await policies_hold(replay)
    unnoticed = await left_out(replay, scenes)
    assert await only_policies(replay, scenes) == {}
    assert unnoticed - UNNOTICED.keys() == set()


async def only_policies(replay: Replay, scenes: list[Scene]) -> dict[str, list[str]]:
    """What differs without any clause, where only policies hold."""
    texts = all_texts()
    instead = {place: without_all(text) for place, text in texts.items()}
    change = ";".join(without_all(body) for name, body in replay.functions.items() if name not in CASCADED)
    found = {
        scene.name: await replay.differs(scene, instead, change, is_bound=True)
        for scene in scenes
        if not scene.is_unbound and not any(asked.is_worker for asked in scene.asked)
    }
    return {name: words for name, words in found.items() if words}


async def policies_hold(replay: Replay) -> None:
    """No statement sees or makes a row of another tenant, whatever it says; and without a table's policy one does."""
    rows = await replay.twins.connection.fetch(POLICIES)
    policies = {row["tablename"]: row["policyname"] for row in rows if row["tablename"] in replay.twins.tables}
    assert policies.keys() == replay.twins.tables.keys()
    for table, policy in policies.items():
        assert await replay.reaches(table) == set(), table
        both = await replay.reaches(table, f"alter policy {policy} on {table} using (true) with check (true)")
        assert both, table
        for half in ("using (true)", "with check (true)"):
            assert await replay.reaches(table, f"alter policy {policy} on {table} {half}") < both or len(both) < 2, (
                table
            )


async def left_out(replay: Replay, scenes: list[Scene]) -> set[str]:
    """The clauses that no scene misses."""
    texts = {**replay.functions, **all_texts()}
    mutants = [mutant for place, text in texts.items() for mutant in mutants_of(place, text)]
    reached_at_all = {place for scene in scenes for place in scene.places}
    unnoticed = set[str]()
    for number, mutant in enumerate(mutants):
        if number % EVERY and mutant.place in reached_at_all:
            continue
        is_function = mutant.place in replay.functions
        instead, change = ({}, mutant.text) if is_function else ({mutant.place: mutant.text}, "")
        reached = [scene for scene in scenes if mutant.place in scene.places]
        for scene in sorted(reached, key=lambda it: (not mutant.place.endswith(it.about or "/"), len(it.asked))):
            if await replay.differs(scene, instead, change):
                break
        else:
            unnoticed.add(mutant.name)
            print(f"unnoticed: {mutant.name}: {mutant.clause} ({len(reached)} scenes)", flush=True)
    print(f"{len(mutants)} clauses, {len(unnoticed)} unnoticed", flush=True)
    return unnoticed
