"""What was published in groups, and whether the log holds it as callers were told."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from uuid import uuid4

import asyncpg

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import Event, EventDraft
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase

STORED = "select tenant_id, stream, sequence, event_time, event_id from events order by tenant_id, stream, sequence"
QUEUED = "select tenant_id, stream, sequence, event_id from outbox order by tenant_id, stream, sequence"
COUNT = "select count(*) from events"


def a_draft(stream: str, turn_id: str = "1") -> EventDraft:
    return EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=turn_id), "a-correlation")


def a_tenant() -> TenantId:
    return TenantId(uuid4())


def reason_of(problem: object) -> Reason:
    assert isinstance(problem, SomaError), problem
    return problem.reason


async def ask(urls: HouseDatabase, question: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        return await connection.fetch(question)
    finally:
        await connection.close()


async def assert_stored(urls: HouseDatabase, events: Sequence[Event]) -> None:
    """These events and no others are in the log and in the outbox: per stream dense, time rising."""
    stored, queued = await ask(urls, STORED), await ask(urls, QUEUED)
    streams = defaultdict(list)
    for row in stored:
        streams[row["tenant_id"], row["stream"]].append(row)
    for rows in streams.values():
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(before["event_time"] < after["event_time"] for before, after in pairwise(rows))
    told = sorted((e.tenant_id, e.stream, e.sequence, e.timestamp, e.event_id) for e in events)
    assert [tuple(row) for row in stored] == told
    assert [tuple(row) for row in queued] == [(*place[:3], place[4]) for place in told]


async def assert_told(urls: HouseDatabase, tenants: Sequence[TenantId], told: Sequence[Sequence[Event]]) -> None:
    """What callers were told is in the log and in the outbox; beside it is only what somebody gave up."""
    stored = {tuple(row) for row in await ask(urls, STORED) if row["tenant_id"] in tenants}
    queued = {tuple(row) for row in await ask(urls, QUEUED) if row["tenant_id"] in tenants}
    assert {(*row[:3], row[4]) for row in stored} == queued
    assert {(e.tenant_id, e.stream, e.sequence, e.timestamp, e.event_id) for mine in told for e in mine} <= stored
    streams = defaultdict(list)
    for row in sorted(stored):
        streams[row[:2]].append(row)
    for rows in streams.values():
        assert [row[2] for row in rows] == list(range(1, len(rows) + 1))
        assert all(before[3] < after[3] for before, after in pairwise(rows))
    for mine in told:
        for key in {event.stream for event in mine}:
            own = [event.sequence for event in mine if event.stream == key]
            assert own == sorted(own)
