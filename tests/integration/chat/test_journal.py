"""What a reader hears is durable before, in the order of its numbers, and costs few writes."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest_asyncio

from servers.chat.turns.journal import PACE_SECONDS
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack

KEPT = "select coalesce(max(last_sequence), 0) from journal where turn_id = $1"
ENDED = "select last_sequence from turns where turn_id = $1"


@pytest_asyncio.fixture
async def tables(stack: ChatStack) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the process, which sees what is committed and nothing else."""
    connection = await asyncpg.connect(stack.databases["chat"].worker_dsn)
    yield connection
    await connection.close()


async def test_nothing_is_told_before_it_is_durable(
    ada: Person, model: ScriptedUpstream, tables: asyncpg.Connection
) -> None:
    model.set_default(Script(chunks=120, gap_seconds=0.003))
    told = Told()
    async for event in ada.stream(said("tell me a lot")):
        turn_id = UUID(event.turn_id)
        kept = await tables.fetchval(KEPT, turn_id)
        if kept < event.sequence:
            kept = await tables.fetchval(ENDED, turn_id)
        assert kept >= event.sequence
        told.take(event)
    assert told.text == (await ada.turn(told.turn_id)).text


async def test_many_fast_streams_share_few_writes_and_stay_whole(
    stack: ChatStack, ada: Person, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=200, gap_seconds=0.002))
    before, loop = _writes(stack), asyncio.get_running_loop()
    begin = loop.time()
    heard = await asyncio.gather(*(ada.say(f"tell me a lot, {number}") for number in range(6)))
    seconds, writes = loop.time() - begin, _writes(stack) - before
    for told in heard:
        assert told.text == (await ada.turn(told.turn_id)).text
        assert (await ada.resume(told.turn_id)).text == told.text
    # Beside the pace only the beginning and the end of a turn have writes of their own.
    assert writes <= seconds / PACE_SECONDS + 4 * len(heard)


def _writes(stack: ChatStack) -> int:
    found = re.search(r"^soma_chat_journal_group_events_count ([0-9.]+)$", stack.metrics_of("chat"), re.MULTILINE)
    assert found is not None
    return int(float(found[1]))
