"""Callers who ask again: what is counted of what they see."""

import asyncio
import math

from bench.durable.crowd import Seen, crowd
from bench.durable.relaying import disorder
from soma.events.v1 import event_pb2 as event_pb


async def test_only_what_is_answered_within_the_time_counts() -> None:
    """Four callers who wait 20 ms each time get about 50 answers a second each."""
    asked = 0

    async def call(_: int) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.02)

    seen = await crowd(4, call, 0.4, warm_seconds=0.1)
    assert 0 < seen.rate * 0.4 < asked
    assert seen.rate <= 4 / 0.02 * 1.05
    assert 20.0 <= seen.p50_ms <= seen.p99_ms


def test_what_was_seen_is_told_in_milliseconds() -> None:
    seen = Seen.of([0.001 * number for number in range(1, 101)], 2.0)
    assert seen.rate == 50.0
    assert math.isclose(seen.p50_ms, 50.0)
    assert math.isclose(seen.p99_ms, 99.0)


def test_a_record_that_is_not_the_next_of_its_stream_is_seen() -> None:
    def record(tenant: str, stream: str, sequence: int) -> tuple[int, bytes, bytes]:
        event = event_pb.Event(tenant_id=tenant, stream=stream, sequence=sequence)
        return 0, b"", event.SerializeToString()

    in_order = [record("1", "a", 1), record("2", "a", 1), record("1", "b", 1), record("1", "a", 2)]
    assert disorder(in_order) == 0
    assert disorder([*in_order, record("1", "a", 2)]) == 1
    assert disorder([*in_order, record("1", "b", 3)]) == 1
    assert disorder([record("1", "a", 2), record("1", "a", 1)]) == 2
