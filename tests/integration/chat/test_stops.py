"""Stopping a turn whose model fails: in a pause, between two calls, while a hold is asked for, in the second call."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Continues, Fault, FaultKind, Script
from tests.integration.chat.party import CHEAP, DEAR, Party
from tests.integration.chat.person import Told, said
from tests.integration.chat.stack import ChatStack

LONG = Script(text="Herons wait. " + "They stand without moving and look at the water below them. " * 40, chunks=200)
SOON = 0.5


async def begun(party: Party, model: str, told: Told) -> "asyncio.Task[None]":
    """A turn of this model that is followed beside the test; returns when it has begun."""

    async def follow() -> None:
        async for event in party.person.stream(said("Tell me of herons.", model_profile_id=model)):
            told.take(event)

    task = asyncio.create_task(follow())
    await eventually(lambda: bool(told.events), within_seconds=10)
    return task


async def stopped(party: Party, told: Told, following: "asyncio.Task[None]") -> float:
    """Stops the turn and gives when that was asked for, once its end is told."""
    asked = time.time()
    await party.person.cancel(told.turn_id)
    await following
    assert told.last.HasField("cancelled")
    turn = await party.person.turn(told.turn_id)
    assert (turn.status, turn.text) == (turn_pb.TURN_STATUS_CANCELLED, told.text)
    return asked


async def billed(party: Party, told: Told, *models: str) -> None:
    """Each call that was answered is billed once, at what its provider counts; whatever was held is free again."""
    receipt = await party.person.receipt(told.started.receipt_id)
    rows = await party.received(*models)
    assert [leg.model for leg in receipt.legs] == [row.body["model"] for row in rows]
    for leg, row in zip(receipt.legs, rows, strict=True):
        assert (leg.usage.input_tokens > 0) == (row.status == 200)
        assert leg.usage.output_tokens <= row.completion_tokens
        assert leg.usage.estimated or leg.usage.input_tokens == 0
    usage = told.last.cancelled.usage
    await party.booked(usage.input_tokens + usage.output_tokens)
    assert usage.input_tokens == sum(leg.usage.input_tokens for leg in receipt.legs)


@pytest.mark.parametrize("seconds", [3, 0.2])
async def test_a_stop_in_a_pause_ends_it(party: Party, seconds: float) -> None:
    await party.add("main", price=DEAR)
    limited = Script(model="main", fault=Fault(FaultKind.RATE_LIMITED, seconds=seconds))
    await party.plan(*[limited] * 3)
    told = Told()
    following = await begun(party, "main", told)
    await party.upstream.aio.wait_for(lambda rows: bool(rows) and rows[0].outcome != "running")
    asked = await stopped(party, told, following)
    assert time.time() - asked < SOON + 1
    assert len(await party.received("main")) == 1 or seconds < 1
    assert told.last.cancelled.usage.input_tokens == 0
    await billed(party, told, "main")


@pytest.mark.parametrize("place", [0, 20], ids=["before a token", "amid the answer"])
async def test_a_stop_reaches_the_call_that_goes_on(party: Party, place: int) -> None:
    await party.add("spare", price=CHEAP)
    await party.add("main", price=DEAR, fallback_profile_ids=["spare"])
    main = replace(LONG, model="main", fault=Fault(FaultKind.CUT, at_chunk=place))
    slow = replace(LONG, model="spare", continues=Continues.LAST_WORDS, gap_seconds=0.05)
    await party.plan(*[main] * 2, slow)
    told = Told()
    following = await begun(party, "main", told)
    await party.upstream.aio.wait_for(lambda rows: rows[-1].body["model"] == "spare" and rows[-1].chunks_sent > 10)
    asked = await stopped(party, told, following)
    call = (await party.received("spare"))[0]
    assert call.outcome == "disconnected"
    assert (call.disconnect_time or 0) - asked < SOON
    assert told.last.cancelled.partial_text_kept
    await billed(party, told, "main", "spare")


@pytest.fixture
def deaf_governor(stack: ChatStack) -> Iterator[int]:
    """The governor's process, which goes on at the end whatever was done to it."""
    pid = stack.pid("governor")
    yield pid
    os.kill(pid, signal.SIGCONT)


async def test_a_stop_while_a_hold_is_asked_for_makes_no_call(party: Party, deaf_governor: int) -> None:
    await party.add("spare", price=CHEAP)
    await party.add("main", price=DEAR, fallback_profile_ids=["spare"])
    main = replace(LONG, model="main", gap_seconds=0.02, fault=Fault(FaultKind.CUT, at_chunk=30))
    await party.plan(main)
    told = Told()
    following = await begun(party, "main", told)
    await eventually(lambda: bool(told.text))
    os.kill(deaf_governor, signal.SIGSTOP)
    await party.received("main")
    await stopped(party, told, following)
    os.kill(deaf_governor, signal.SIGCONT)
    assert not await party.received("spare")
    await party.booked(told.last.cancelled.usage.input_tokens + told.last.cancelled.usage.output_tokens)
    await billed(party, told, "main")
