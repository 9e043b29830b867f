"""Lines that break when the work is done and nobody has said so, servers that are killed, a broker that stays away."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from soma_common.testing.eventually import eventually
from soma_common.testing.servers import HOST
from tests.chaos.conftest import Scenes
from tests.chaos.course import Course, amount, flows, under_way
from tests.chaos.proxy import Proxy
from tests.chaos.stage import TRANSPORTS, Stage, through

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]

WHILE_AWAY = 300


@asynccontextmanager
async def broken_lines(stage: Stage, seed: int) -> AsyncIterator[tuple[Proxy, Proxy, int]]:
    """A proxy before each server, and the port of the first."""
    postgres, kafka = stage.postgres_proxy(seed), stage.kafka_proxy(seed + 1)
    port = await postgres.start(HOST)
    await kafka.start(HOST, stage.broker.proxy_port)
    try:
        yield postgres, kafka, port
    finally:
        await postgres.close()
        await kafka.close()


async def test_what_was_done_and_not_answered_is_neither_lost_nor_doubled(stage: Stage, scenes: Scenes) -> None:
    """COMMIT and every other statement, produce and every other request: the answer is lost with the connection."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    courses = [Course(await scenes(transport), seed) for transport in TRANSPORTS]
    async with broken_lines(stage, seed) as (postgres, kafka, port):
        for course in courses:
            course.scene.plan = through(course.scene.plan, port, stage.broker.proxy_port)
            course.start_all()
        await asyncio.gather(*(under_way(course.scene) for course in courses))
        postgres.chances = {"commit": 0.05, "words": 0.01, "statement": 0.02}
        kafka.chances = {"produce": 0.2, "offset commit": 0.4, "join group": 0.3, "sync group": 0.3, "other": 0.01}

        def enough() -> bool:
            cuts = Counter(postgres.cuts) + Counter(kafka.cuts)
            assert cuts["commit"] >= 12, cuts
            assert cuts["statement"] >= 12, cuts
            assert cuts["produce"] >= 6, cuts
            assert cuts["offset commit"] >= 3, cuts
            return True

        await eventually(enough, within_seconds=120, every_seconds=0.2)
        postgres.chances, kafka.chances = {}, {}
        print(dict(postgres.cuts), dict(kafka.cuts))
        for course in courses:
            assert await course.judged() == []


async def test_servers_may_be_killed_in_the_middle_and_the_broker_may_stay_away(stage: Stage, scenes: Scenes) -> None:
    """A kill -9 of PostgreSQL and of Kafka; then Kafka is away, and hundreds of events are accepted meanwhile."""
    courses = [Course(await scenes(transport), 11) for transport in TRANSPORTS]
    over_kafka = courses[1].scene
    for course in courses:
        course.start_all()
    await asyncio.gather(*(under_way(course.scene) for course in courses))
    await asyncio.to_thread(stage.postgres.stop, signal.SIGKILL)
    await asyncio.to_thread(stage.postgres.start)
    await flows(courses)
    stage.broker.kill()
    before = await amount(over_kafka, "changes")
    courses[1].start_hurried("writer8", "writer9")

    async def many_were_accepted() -> bool:
        return await amount(over_kafka, "outbox") >= WHILE_AWAY

    await eventually(many_were_accepted, within_seconds=120, every_seconds=0.3)
    assert await amount(over_kafka, "changes") > before
    for course in courses:
        course.end_writers()
    await asyncio.to_thread(stage.broker.start)
    for course in courses:
        assert await course.judged() == []
