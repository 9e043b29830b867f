"""The clauses that keep tenants apart: each of them matters, and without all of them row-level security still holds.

What the house asks of its database is noted, and asked again beside twins that have the same ids. As a superuser, whom
no policy binds, something has to differ without any one clause; as the house's own role, nothing without all of them.
Clauses are found in the text of functions and statements, so that a new one is covered by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from servers.memory.indexing.indexer import Indexer
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import acting_as
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, TestServer
from soma_common.testing.rpc import RpcHarness
from tests.rpc.memory.asking import ACTS, Request, chosen
from tests.rpc.memory.attacks import METHODS, Attacker, Estate
from tests.rpc.memory.clauses import definitions, each_matters, tables_in, texts_in
from tests.rpc.memory.conftest import House, house_on
from tests.rpc.memory.past import past, same_elsewhere
from tests.rpc.memory.replays import Notes, Replay, Scene
from tests.rpc.memory.scenes import Script
from tests.rpc.memory.test_isolation import methods, settle
from tests.rpc.memory.twins import ONE, Twins

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


def all_texts() -> dict[str, str]:
    """The statements of all files."""
    return texts_in("servers.memory")


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
        twins = await Twins.of(connection, tables_in("servers.memory"))
        await connection.execute(past(estate))
        await twins.save()
        scenes = await noted(house, notes, twins, estate) + Script.of(all_texts(), estate)
        yield Replay(twins, await definitions(connection, "memory")), [scene for scene in scenes if scene.asked]
    finally:
        await connection.close()
        await database.close()


@pytest.mark.timeout(600)
async def test_each_line_of_defence_holds_alone_and_each_clause_matters(stage: tuple[Replay, list[Scene]]) -> None:
    replay, scenes = stage
    unnoticed = await each_matters(replay, scenes, all_texts(), CASCADED)
    assert unnoticed - UNNOTICED.keys() == set()
