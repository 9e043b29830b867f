"""Replays by chance: whatever is replayed, cut off and repeated, an effect happens once."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soma_common.events.transports.bus_history import BusHistory
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.replay.engine import ReplayEngine
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import ReplayProgress
from soma_common.testing.postgres import OpenDatabase
from tests.integration.replay.conftest import BEGUN, Past, turns

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Round:
    """One replay: over which seconds, of which types, under which name, and cut off at which telling."""

    since: int
    seconds: int
    event_type: str
    cut: int | None


rounds = st.lists(
    st.builds(
        Round,
        since=st.integers(0, 130),
        seconds=st.integers(1, 140),
        event_type=st.sampled_from(("", "turn.*", "turn.started", "turn.failed")),
        cut=st.one_of(st.none(), st.integers(1, 4)),
    ),
    min_size=1,
    max_size=6,
)


async def one(engine: ReplayEngine, past: Past, number: int, what: Round) -> tuple[EventFilters, bool]:
    """Run it; says what it was over, and if it came to its end."""
    since = BEGUN + timedelta(seconds=what.since)
    filters = EventFilters(
        past.tenant, since=since, until=since + timedelta(seconds=what.seconds), event_type=what.event_type
    )
    told = 0

    async def tell(progress: ReplayProgress) -> None:
        nonlocal told
        told += 1
        if what.cut is not None and told > what.cut:
            raise asyncio.CancelledError

    try:
        await engine.replay(filters, past.target, f"round-{number}", dry_run=False, on_progress=tell)
    except asyncio.CancelledError:
        return filters, False
    return filters, True


async def test_prop_8_8_2_replay_idempotency(past: Past, open_database: OpenDatabase) -> None:
    engine = ReplayEngine(past.database, BusHistory(await open_database(past.bus_urls)), Clock())
    loop = asyncio.get_running_loop()

    async def story(amount: int, told: list[Round]) -> None:
        past.tenant = TenantId(uuid4())
        events = turns(past.tenant, amount)
        await past.publish(events)
        wanted: set[object] = set()
        for number, what in enumerate(told):
            before = await past.effects()
            filters, ended = await one(engine, past, number, what)
            meant = {event.event_id for event in events if filters.matches(event)}
            after = await past.effects()
            assert set(after) - set(before) <= meant
            if ended:
                wanted |= meant
                await one(engine, past, number, Round(what.since, what.seconds, what.event_type, None))
                assert await past.effects() == after
        found = await past.effects()
        assert found == Counter(dict.fromkeys(found, 1))
        assert wanted <= set(found)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(1, 260), rounds)
    def judged(amount: int, told: list[Round]) -> None:
        asyncio.run_coroutine_threadsafe(story(amount, told), loop).result(60)

    await asyncio.to_thread(judged)
