"""The stack with a Kafka and a Redis of its own: events arrive there, and turns go on while either is away."""

import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.topics import TOPICS
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import PLACES
from soma_common.supervision.client import SupervisorClient
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh, fresh_sub, mesh_upstream
from soma_common.testing.servers import program_of, skip_without
from tests.e2e.support.asking import L0
from tests.e2e.support.grpc_door import Heard
from tests.e2e.support.person import Person, person_of
from tests.e2e.test_dependency_down import sentences, stopped
from tests.e2e.test_lifecycle import pids_of, runs

OTHERS = {"kafka", "redis"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Mesh]:
    if program_of("kafka") is None or shutil.which("java") is None:
        skip_without("kafka", "a Java runtime on the path")
    if program_of("redis") is None:
        skip_without("redis", "redis-server on the path")
    cache = {"XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]} if "XDG_CACHE_HOME" in os.environ else {}
    with mesh_upstream() as model, Mesh(model, cache, beside=("--kafka", "--redis")) as running:
        yield running


@pytest.fixture
async def ada(stack: Mesh) -> AsyncIterator[Person]:
    sub = fresh_sub()
    async with person_of(stack, sub, stack.token_for(sub)) as person:
        yield person


@pytest.fixture
async def admin(stack: Mesh) -> AsyncIterator[Person]:
    sub = fresh_sub()
    async with person_of(stack, sub, stack.token_for(sub, ("admin",))) as person:
        yield person


async def written(stack: Mesh) -> set[UUID]:
    """Every event that any house wrote."""
    server, found = EmbeddedPostgres(stack.home), set[UUID]()
    for place in PLACES.values():
        if not place.shared_tables:
            continue
        connection = await asyncpg.connect(server.superuser_dsn(place.database))
        rows = await connection.fetch(f"select event_id from {place.schema}.events")
        found |= {row["event_id"] for row in rows}
        await connection.close()
    return found


async def published(stack: Mesh) -> list[UUID]:
    """Every event that lies in the Kafka of the stack, as often as it lies there."""
    address = stack.status()["kafka"].address
    topics = [topic.name for topic in TOPICS]
    found: list[UUID] = []
    async with AIOKafkaConsumer(*topics, bootstrap_servers=address, auto_offset_reset="earliest") as reader:
        ends = await reader.end_offsets(list(reader.assignment()))
        for part, end in ends.items():
            while await reader.position(part) < end:
                for records in (await reader.getmany(timeout_ms=500)).values():
                    found += [UUID(event_pb.Event.FromString(record.value).event_id) for record in records]
    return found


async def all_arrived(stack: Mesh) -> bool:
    before = await written(stack)
    arrived = await published(stack)
    assert set(arrived) <= await written(stack), "Kafka has what no house wrote"
    return before == set(arrived) and before == await written(stack)


async def answered(person: Person, text: str) -> Heard:
    """A turn whose level nothing has lowered; on a busy machine another one than the first may be it."""

    async def plain() -> Heard:
        heard = await person.grpc.say(text)
        assert heard.kinds[-1] == "completed", heard.events
        assert heard.started.level == L0, heard.started
        return heard

    return await eventually(plain, within_seconds=60, every_seconds=0.5)


async def test_a_stack_with_a_broker_and_a_redis(stack: Mesh, ada: Person, admin: Person) -> None:
    rows = stack.status()
    assert all(row.ready for row in rows.values())
    assert set(rows) > OTHERS

    # What happens is in Kafka, all of it.
    for number in range(3):
        await answered(ada, f"Remember the number {number}.")
    await eventually(lambda: all_arrived(stack), within_seconds=120, every_seconds=1.0)

    # Redis is killed: turns go on, and the supervisor brings it back.
    killed = stack.kill("redis")
    await answered(ada, "And now?")
    stack.wait_ready("redis", other_than=killed, timeout_seconds=120)

    # Redis stays away: a turn says so, and goes on.
    async with stopped(admin, stack, "redis"):

        async def noticed() -> bool:
            return "Wake-ups do not arrive" in sentences(await answered(ada, "Are you there?"))

        await eventually(noticed, within_seconds=60, every_seconds=0.5)

    # Kafka is killed and stays away: turns go on, their events wait, and arrive when it is back.
    supervisor = SupervisorClient(stack.home / "run" / "supervisor.sock")
    stack.kill("kafka")
    await supervisor.stop("kafka")
    for number in range(5):
        await answered(ada, f"Without a broker, {number}.")
    await supervisor.start("kafka")
    stack.wait_ready("kafka", timeout_seconds=120)
    await eventually(lambda: all_arrived(stack), within_seconds=120, every_seconds=1.0)


def test_they_are_remembered_until_somebody_says_otherwise(stack: Mesh) -> None:
    pids = pids_of(stack)
    stack.up()
    assert pids_of(stack) == pids

    # What stops leaves nothing.
    stack.down()
    assert not [name for name, pid in pids.items() if runs(pid)]
    assert set(names(stack)) > OTHERS

    # What was said is remembered even where a start is refused.
    host, port = stack.target("memory").split(":")
    with socket.create_server((host, int(port))):
        assert stack.cli("up", "--no-kafka", "--no-redis").returncode == 1
    assert not OTHERS & set(names(stack))


def names(stack: Mesh) -> list[str]:
    """What belongs to the stack, while nothing runs."""
    done = stack.cli("status", "--json")
    assert done.returncode == 3, done.stderr
    return [row["name"] for row in json.loads(done.stdout)["services"]]


def test_a_server_that_is_not_here_is_one_sentence(mesh: Mesh, tmp_path: Path) -> None:
    before = pids_of(mesh)
    for name in sorted(OTHERS):
        done = mesh.cli("up", f"--{name}", settings={"XDG_CACHE_HOME": str(tmp_path)})
        assert done.returncode == 1
        assert f"make servers ONLY={name}" in done.stderr
        assert not (mesh.home / "beside.json").exists()
    assert pids_of(mesh) == before
