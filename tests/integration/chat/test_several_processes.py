"""Several processes of chat: following a turn that runs in another one, and counting messages over all of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from soma.common.v1 import level_pb2 as level_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.redis import launched_redis
from soma_common.testing.servers import answer_of
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack

WAKE_UPS = "Wake-ups do not arrive, so other windows follow with a short delay."


@dataclass(frozen=True)
class Pair:
    """The first process as Ada has it, and stubs of the second one; the address of their Redis, if they have one."""

    ada: Person
    second: Any
    settings: dict[str, str]


@pytest.fixture(params=["postgres", "redis"])
def settings(request: pytest.FixtureRequest, stack: ChatStack) -> Iterator[dict[str, str]]:
    """Both processes over PostgreSQL alone, and with a Redis; three messages a minute."""
    given = {"SOMA_MESSAGES_PER_MINUTE": "3"}
    if request.param == "redis":
        given["SOMA_REDIS_URL"] = request.getfixturevalue("redis_url")
    stack.kill("chat")
    stack.start("chat", **given)
    yield given
    stack.kill("chat")


@pytest.fixture
async def pair(stack: ChatStack, ada: Person, settings: dict[str, str]) -> AsyncIterator[Pair]:
    with stack.second_chat(**settings) as channel:
        yield Pair(ada, channel.stub(TurnServiceStub), settings)
        await channel.close()


async def test_a_turn_is_followed_elsewhere_as_it_is_written(pair: Pair, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=24, gap_seconds=0.15, first_token_seconds=0.5))
    told_here: dict[int, float] = {}
    told_there: dict[int, float] = {}
    followed: list[asyncio.Task[Told]] = []

    async def follow(turn_id: str) -> Told:
        told = Told()
        with pair.ada.acting():
            replies = pair.second.ResumeTurn(turn_pb.ResumeTurnRequest(turn_id=turn_id))
        async with aclosing(replies):
            async for event in replies:
                told.take(event)
                told_there[event.sequence] = time.monotonic()
        return told

    here = Told()
    async for event in pair.ada.stream(said("tell me")):
        if not here.events:
            followed.append(asyncio.create_task(follow(event.turn_id)))
        here.take(event)
        told_here[event.sequence] = time.monotonic()
    there = await followed[0]
    assert there.text == here.text
    assert there.last == here.last
    # Looking twice a second, as without a signal, it would hear of three or four pieces at once.
    assert moments(told_there) > 0.6 * moments(told_here) > 6


def moments(told: dict[int, float]) -> int:
    """At how many different times something was told."""
    times = sorted(told.values())
    return 1 + sum(later - earlier > 0.03 for earlier, later in pairwise(times))


async def test_messages_of_a_user_are_counted_over_all_processes(pair: Pair, stack: ChatStack) -> None:
    first = said("one")
    told = await pair.ada.send(first)
    await pair.ada.say("two")
    with pair.ada.acting():
        async with aclosing(pair.second.SendMessage(said("three"))) as replies:
            assert [event async for event in replies][-1].HasField("completed")
    for send in (pair.ada.turns.SendMessage, pair.second.SendMessage, pair.ada.turns.SendMessage):
        with pair.ada.acting(), pytest.raises(SomaError) as caught:
            async with aclosing(send(said("four"))) as replies:
                _ = [event async for event in replies]
        error = caught.value
        assert (error.reason, error.metadata) == (Reason.RATE_LIMITED, {"limit": "3 in 60 s are allowed"})
        assert error.retry_after_seconds is not None
        assert 0 < error.retry_after_seconds <= 20
        assert error.quota
    # A repeat is no message, and another user is another user.
    assert (await pair.ada.send(first)).text == told.text
    async with Person(stack, "eve", pair.ada.tenant) as eve:
        assert (await eve.say("hello")).last.HasField("completed")


async def test_a_request_that_was_refused_may_come_again(pair: Pair, stack: ChatStack) -> None:
    stack.kill("chat")
    stack.start("chat", **{**pair.settings, "SOMA_MESSAGES_PER_MINUTE": "20"})
    async with Person(stack, "zoe", pair.ada.tenant) as zoe:
        requests = [said(f"{number}") for number in range(30)]
        results = await asyncio.gather(*(zoe.send(request) for request in requests), return_exceptions=True)
        refused = [request for request, told in zip(requests, results, strict=True) if isinstance(told, SomaError)]
        assert 1 <= len(refused) <= 10
        waits = [told.retry_after_seconds or 0 for told in results if isinstance(told, SomaError)]
        assert all(0 < wait <= 3 for wait in waits)

        async def accepted() -> bool:
            try:
                return (await zoe.send(refused[0])).last.HasField("completed")
            except SomaError as error:
                if error.reason is not Reason.RATE_LIMITED:
                    raise
                return False

        # What was told to one may have gone to another that came after it.
        await eventually(accepted, within_seconds=60, every_seconds=0.5)


async def test_without_redis_turns_go_on_with_a_notice_and_uncounted(
    stack: ChatStack, ada: Person, tmp_path: Path
) -> None:
    redis = launched_redis(tmp_path)
    redis.start()
    stack.kill("chat")
    stack.start("chat", SOMA_REDIS_URL=redis.url, SOMA_MESSAGES_PER_MINUTE="2")
    try:
        assert WAKE_UPS not in sentences(await ada.say("all is well"))
        redis.kill()

        async def noticed() -> Told | None:
            told = await ada.say("and now?")
            assert told.last.HasField("completed")
            return told if WAKE_UPS in sentences(told) else None

        told = await eventually(noticed, within_seconds=60)
        assert told is not None
        assert told.started.level == level_pb.DEGRADATION_LEVEL_L0
        assert "soma_rate_limit_unchecked_total" in stack.metrics_of("chat")
        for _ in range(3):
            assert (await ada.say("more than two")).last.HasField("completed")
        await asyncio.to_thread(redis.start)

        async def counted_again() -> bool:
            try:
                return WAKE_UPS in sentences(await ada.say("again"))
            except SomaError as error:
                return error.reason is Reason.RATE_LIMITED

        await eventually(counted_again, within_seconds=60)
    finally:
        stack.kill("chat")
        redis.kill()


async def test_a_redis_that_forgets_and_then_goes_changes_nothing_for_a_follower(
    stack: ChatStack, ada: Person, model: ScriptedUpstream, tmp_path: Path
) -> None:
    redis = launched_redis(tmp_path)
    redis.start()
    port = urlsplit(redis.url).port or 0
    harm = {10: b"FLUSHALL\r\n", 20: b"SHUTDOWN NOSAVE\r\n"}
    model.set_default(Script(chunks=60, gap_seconds=0.05))
    stack.kill("chat")
    stack.start("chat", SOMA_REDIS_URL=redis.url)
    try:
        with stack.second_chat(SOMA_REDIS_URL=redis.url) as channel:
            second: Any = channel.stub(TurnServiceStub)
            here, there = Told(), Told()

            async def follow(turn_id: str) -> None:
                with ada.acting():
                    replies = second.ResumeTurn(turn_pb.ResumeTurnRequest(turn_id=turn_id))
                async with aclosing(replies):
                    async for event in replies:
                        there.take(event)

            async with asyncio.TaskGroup() as group:
                async for event in ada.stream(said("tell me")):
                    if not here.events:
                        group.create_task(follow(event.turn_id))
                    here.take(event)
                    if len(here.events) in harm:
                        await asyncio.to_thread(answer_of, port, harm.pop(len(here.events)))
            assert not harm
            assert there.last == here.last
            assert there.text == here.text == (await ada.turn(here.turn_id)).text
            await channel.close()
    finally:
        stack.kill("chat")
        redis.kill()


def sentences(told: Told) -> list[str]:
    """What the person was told beside the answer."""
    return [event.notice.sentence for event in told.events if event.HasField("notice")]
