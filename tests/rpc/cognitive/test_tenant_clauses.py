"""The clauses that keep the minds of tenants apart: each matters, and without all of them row-level security holds.

As for memory: what cognition asks of its database is noted, and asked again beside twins that have the same ids.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest

from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from soma_common.testing.postgres import OpenDatabase, TestServer
from tests.rpc.cognitive.asking import AGENT, BEFORE, MORE, Asking, scenes, turn
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.cognitive.minds_twins import MindTwins
from tests.rpc.memory.clauses import definitions, each_matters, tables_in, texts_in
from tests.rpc.memory.replays import Asked, Notes, Replay, Scene
from tests.rpc.memory.twins import ONE

HOUSE: Final = "servers.cognitive"
# Clauses that nothing can miss, and why.
UNNOTICED: Final[dict[str, str]] = {}


@pytest.fixture
def notes() -> Notes:
    return Notes(texts_in(HOUSE))


@pytest.fixture
async def open_database(notes: Notes) -> AsyncIterator[OpenDatabase]:
    """In place of the usual one: what is asked over it is noted."""
    opened: list[Database] = []

    async def open_noted(urls: HouseDatabase) -> Database:
        opened.append(await notes.open(urls))
        return opened[-1]

    yield open_noted
    for database in opened:
        await database.close()


async def noted(notes: Notes, twins: MindTwins, asking: Asking) -> list[Scene]:
    """What each call and each work beside them asks of the database, each of the same rows."""
    scenes: list[Scene] = []
    for name, ask in asking.all().items():
        await twins.restore()
        scene = Scene(name, before=BEFORE.get(name, ""))
        with notes.into(scene.asked):
            await ask()
        scene.is_unbound = any(asked.is_worker for asked in scene.asked)
        scenes.append(scene)
    await twins.restore()
    return scenes


def scripted(now: datetime) -> list[Scene]:
    """What no call comes by surely, and a function that only the release before this one calls."""
    texts = texts_in(HOUSE)
    found = [Scene("before", [Asked("", "select * from find_state_and_turn($1, $2, $3)", (ONE, AGENT, turn(1)))])]
    for name, args, before in scenes(now):
        place = f"{HOUSE}:sql/{name}"
        worker = "tenant_id = $1" not in texts[place] and "soma.tenant_id" not in texts[place]
        found.append(Scene(name, [Asked(place, texts[place], args, worker)], before, is_unbound=worker, about=place))
    return found


@pytest.mark.timeout(300)
async def test_each_line_of_defence_holds_alone_and_each_clause_matters(
    cognition: Cognition, notes: Notes, postgres_server: TestServer
) -> None:
    asking = Asking(cognition)
    connection = await asyncpg.connect(postgres_server.address(urlsplit(cognition.urls.app_dsn).path.lstrip("/")))
    try:
        twins = await MindTwins.of(connection, tables_in(HOUSE))
        with acting_as(user("ada", TenantId(ONE), ("admin",)), "test"):
            await asking.settle()
            await connection.execute(MORE)
            await twins.save_early()
            await asking.settle_further()
            await twins.save()
            assert await twins.empty() == set()
            found = await noted(notes, twins, asking) + scripted(asking.now)
        replay = Replay(twins, await definitions(connection, twins.house))
        unnoticed = await each_matters(replay, [scene for scene in found if scene.asked], texts_in(HOUSE))
        assert unnoticed - UNNOTICED.keys() == set()
    finally:
        await connection.close()
