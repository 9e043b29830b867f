"""A replay killed in the middle again and again, and resumed by its name: each effect once, none lost."""

import asyncio
import random
import signal
import sys
from collections import Counter

import pytest

from soma_common.postgres.pool import Database
from soma_common.replay.store import ReplayStore
from tests.integration.replay.conftest import Past, engine, past, turns

__all__ = ["engine", "past"]
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

EVENTS = 420


async def replayed(past: Past, kill_at: int) -> int:
    """One process of the replay; its exit code."""
    words = (past.urls.app_dsn, past.bus_urls.app_dsn, str(past.tenant), "long", str(kill_at))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.chaos.replaying", *words)
    return await process.wait()


async def position(database: Database, past: Past) -> str:
    return (await ReplayStore(database).find(past.tenant, "long")).position


async def test_a_replay_that_is_killed_anywhere_goes_on_and_has_each_effect_once(past: Past) -> None:
    events = turns(past.tenant, EVENTS)
    await past.publish(events)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    places = []
    for side in (1, -1, 1, -1):
        before = await past.effects()
        assert await replayed(past, side * chance.randint(1, 100)) == -signal.SIGKILL
        after = await past.effects()
        assert set(after.values()) <= {1}
        assert len(after) >= len(before)
        places.append(await position(past.database, past))
    assert places == sorted(places)
    assert await replayed(past, 0) == 0
    assert await past.effects() == Counter(event.event_id for event in events)
    assert await replayed(past, 0) == 0
    assert await past.effects() == Counter(event.event_id for event in events)
