"""The bus takes nothing for a while: turns go on with a notice, nothing is lost, and it goes away by itself."""

import asyncio
import json
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from soma.common.v1 import level_pb2 as level_pb
from soma_common.testing.eventually import eventually
from tests.integration.chat.person import Person, Told
from tests.integration.chat.stack import HOST, ChatStack

SENTENCE = "Events are kept here and published when the broker is back."


@asynccontextmanager
async def held_bus(stack: ChatStack) -> AsyncIterator[None]:
    """Nothing can be published inside the block."""
    connection = await asyncpg.connect(stack.databases["bus"].owner_dsn)
    try:
        async with connection.transaction():
            await connection.execute("lock table shards in access exclusive mode")
            yield
    finally:
        await connection.close()


def health(stack: ChatStack, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{HOST}:{stack.http_port('chat')}{path}", timeout=5) as answer:
        return dict(json.loads(answer.read()))


async def events_are(stack: ChatStack, state: str) -> bool:
    told = await asyncio.to_thread(health, stack, "/v1/health")
    return bool(told["dependencies"]["events"] == {**told["dependencies"]["events"], "state": state, "required": False})


def noticed(told: Told) -> bool:
    """Whether the person is told; it lowers nothing, whatever else does."""
    assert told.last.HasField("completed")
    demanded = {reason.sentence: reason.level for reason in told.started.level_reasons}
    assert demanded.get(SENTENCE, level_pb.DEGRADATION_LEVEL_L0) == level_pb.DEGRADATION_LEVEL_L0
    sentences = [event.notice.sentence for event in told.events if event.HasField("notice")]
    assert (SENTENCE in sentences) == (SENTENCE in demanded)
    return SENTENCE in sentences


async def published(stack: ChatStack, ada: Person) -> dict[str, list[int]]:
    """What the bus has of a tenant: the sequences of each stream, in the order in which they came."""
    connection = await asyncpg.connect(stack.databases["bus"].owner_dsn)
    try:
        rows = await connection.fetch(
            "select stream, sequence from entries where tenant_id = $1 order by shard, position", ada.tenant
        )
    finally:
        await connection.close()
    found = defaultdict(list)
    for row in rows:
        found[row["stream"]].append(row["sequence"])
    return found


async def all_published(stack: ChatStack, ada: Person, written: dict[str, int]) -> bool:
    """Each stream whole and in order."""
    found = await published(stack, ada)
    return all(found[stream] == list(range(1, last + 1)) for stream, last in written.items())


async def written(stack: ChatStack, ada: Person) -> dict[str, int]:
    """How far each stream of a tenant is in chat's log."""
    connection = await asyncpg.connect(stack.databases["chat"].owner_dsn)
    try:
        rows = await connection.fetch("select stream, sequence from event_streams where tenant_id = $1", ada.tenant)
    finally:
        await connection.close()
    return {row["stream"]: row["sequence"] for row in rows}


async def test_turns_go_on_with_a_notice_and_the_bus_catches_up_in_order(stack: ChatStack, ada: Person) -> None:
    assert await eventually(lambda: events_are(stack, "up"), within_seconds=60)
    before = await ada.say("The first of some turns.")
    assert not noticed(before)
    place = {"conversation_id": before.started.conversation_id}
    async with held_bus(stack):
        await ada.say("Nobody knows yet.", **place)
        assert await eventually(lambda: events_are(stack, "down"), within_seconds=60)
        assert all([noticed(await ada.say(f"Number {number}.", **place)) for number in range(3)])
        assert (await asyncio.to_thread(health, stack, "/readyz"))["ready"]
    assert await eventually(lambda: events_are(stack, "up"), within_seconds=60)
    told = await written(stack, ada)
    # Made, named, and five turns that begin and end.
    assert told[f"conversation/{before.started.conversation_id}"] == 12
    assert await eventually(lambda: all_published(stack, ada, told), within_seconds=60)

    async def is_said_no_more() -> bool:
        return not noticed(await ada.say("And now?", **place))

    assert await eventually(is_said_no_more, within_seconds=20)
