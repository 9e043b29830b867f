"""A replay killed in the middle again and again, and resumed by its name: each effect once, none lost."""

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from soma_common.postgres.pool import Database
from soma_common.replay.store import ReplayStore
from soma_common.testing.warm import Program, start_warm
from tests.chaos.scene import ROOT
from tests.integration.replay.conftest import Past, engine, past, turns

__all__ = ["engine", "past"]
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

EVENTS = 420
MODULE = "tests.chaos.replaying"


async def replayed(past: Past, folder: Path, kill_at: int) -> int:
    """One process of the replay; its exit code."""
    words = (past.urls.app_dsn, past.bus_urls.app_dsn, str(past.tenant), "long", str(kill_at))
    program = Program(words, dict(os.environ), str(ROOT), module=MODULE, ahead=(MODULE,))
    with (folder / "replay.log").open("ab") as log:
        process = start_warm(program, log, log)
    return await asyncio.to_thread(process.wait, 60)


async def position(database: Database, past: Past) -> str:
    return (await ReplayStore(database).find(past.tenant, "long")).position


async def test_a_replay_that_is_killed_anywhere_goes_on_and_has_each_effect_once(past: Past, tmp_path: Path) -> None:
    events = turns(past.tenant, EVENTS)
    await past.publish(events)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    places = []
    for side in (1, -1, 1, -1):
        before = await past.effects()
        assert await replayed(past, tmp_path, side * chance.randint(1, 100)) == -signal.SIGKILL
        after = await past.effects()
        assert set(after.values()) <= {1}
        assert len(after) >= len(before)
        places.append(await position(past.database, past))
    assert places == sorted(places)
    assert await replayed(past, tmp_path, 0) == 0
    assert await past.effects() == Counter(event.event_id for event in events)
    assert await replayed(past, tmp_path, 0) == 0
    assert await past.effects() == Counter(event.event_id for event in events)
