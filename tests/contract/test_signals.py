"""Wake-ups between processes, one suite on PostgreSQL and on Redis."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from soma_common.kernel.tenancy import TenantId
from soma_common.signals import Signals, SignalsDownError, Subscription, Topic
from soma_common.testing.eventually import eventually
from tests.contract.conftest import SignalServer

pytestmark = pytest.mark.contract

Open = Callable[[], Signals]


def a_topic(name: str = "turn/1") -> Topic:
    return Topic(TenantId(uuid4()), name)


async def begun(subscription: Subscription) -> Subscription:
    """The subscription, once it hears."""
    assert await subscription.wait(10) == ""
    return subscription


async def rest(subscription: Subscription) -> list[str]:
    """Everything that comes until it is quiet."""
    heard: list[str] = []
    while (payload := await subscription.wait(0.3)) is not None:
        heard.append(payload)
    return heard


async def test_a_signal_reaches_every_process_that_subscribed(signals: Open) -> None:
    topic, speaker = a_topic(), signals()
    listeners = [await begun(signals().subscribe(topic)) for _ in range(5)]
    speaker.publish(topic, "look at seven")
    assert [await listener.wait(10) for listener in listeners] == ["look at seven"] * 5


async def test_a_process_hears_itself_and_many_subscribers_of_it(signals: Open) -> None:
    own, topics = signals(), [a_topic(f"turn/{number}") for number in range(100)]
    subscriptions = [await begun(own.subscribe(topic)) for topic in topics]
    twins = [await begun(own.subscribe(topic)) for topic in topics]
    for number, topic in enumerate(topics):
        own.publish(topic, str(number))
    for number in range(100):
        assert await subscriptions[number].wait(10) == str(number)
        assert await twins[number].wait(10) == str(number)


async def test_topics_of_tenants_and_of_the_house_do_not_meet(signals: Open) -> None:
    speaker, listener = signals(), signals()
    mine, yours, house = a_topic("turn/1"), a_topic("turn/1"), Topic(None, "turn/1")
    heard = {topic: await begun(listener.subscribe(topic)) for topic in (mine, yours, house)}
    for topic, payload in ((mine, "mine"), (yours, "yours"), (house, "house")):
        speaker.publish(topic, payload)
    assert [await rest(heard[topic]) for topic in (mine, yours, house)] == [["mine"], ["yours"], ["house"]]


async def test_what_waits_together_goes_as_one(signals: Open) -> None:
    speaker, topic = signals(), a_topic()
    subscription = await begun(signals().subscribe(topic))
    for _ in range(1000):
        speaker.publish(topic)
    speaker.publish(topic, "another")
    assert sorted(await rest(subscription)) == ["", "another"]


async def test_a_quick_speaker_is_slowed_to_the_pace(signals: Open) -> None:
    speaker, topic = signals(), a_topic()
    subscription = await begun(signals().subscribe(topic))
    until, published, heard = time.monotonic() + 0.5, 0, 0
    while time.monotonic() < until:
        speaker.publish(topic)
        published += 1
        heard += await subscription.wait(0.001) is not None
    assert published > 2 * heard
    assert 1 <= heard <= 60


async def test_who_left_hears_nothing_and_others_still_do(signals: Open) -> None:
    speaker, listener, topic = signals(), signals(), a_topic()
    gone, stays = await begun(listener.subscribe(topic)), await begun(listener.subscribe(topic))
    gone.close()
    gone.close()
    speaker.publish(topic, "now")
    assert await stays.wait(10) == "now"
    assert await gone.wait(0.1) is None
    stays.close()
    with listener.subscribe(topic) as again:
        await begun(again)
        speaker.publish(topic, "then")
        assert "then" in await rest(again)


async def test_words_of_strangers_harm_nobody(signals: Open, signal_server: SignalServer) -> None:
    speaker, topic = signals(), a_topic()
    subscription = await begun(signals().subscribe(topic))
    for words in (b"\xff\xfe\xfd", b"x" * 5000, b"{", b"'; drop table turns; --"):
        await signal_server.shout(topic, words)
    speaker.publish(topic, "mine")
    assert "mine" in await rest(subscription)


@pytest.mark.parametrize("payload", ["x" * 257, "é" * 129, "a\0b"])
async def test_a_payload_that_is_too_much_is_refused_at_once(signals: Open, payload: str) -> None:
    with pytest.raises(ValueError, match="at most 256 bytes"):
        signals().publish(a_topic(), payload)


@pytest.mark.parametrize("name", ["", "x" * 129, "a\nb"])
def test_a_topic_without_a_proper_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a topic's name"):
        Topic(None, name)


async def test_a_subscriber_who_sleeps_keeps_a_bounded_number(signals: Open) -> None:
    speaker, topic = signals(), a_topic()
    subscription = await begun(signals().subscribe(topic))
    for number in range(3000):
        speaker.publish(topic, str(number))
    await eventually(lambda: "2999" in subscription._unheard, within_seconds=20)
    assert len(subscription._unheard) <= 1024


async def test_a_killed_server_blocks_nobody_and_is_found_again(own_signal_server: SignalServer) -> None:
    server, topic = own_signal_server, a_topic()
    speaker, listener = server.open(), server.open()
    try:
        subscription = await begun(listener.subscribe(topic))
        await speaker.check()
        server.kill()
        await eventually(lambda: not (speaker.connected or listener.connected), within_seconds=20)
        with pytest.raises(SignalsDownError, match="does not answer"):
            await speaker.check()
        begin = time.perf_counter()
        for number in range(1000):
            speaker.publish(topic, str(number))
        listener.subscribe(a_topic("another")).close()
        assert time.perf_counter() - begin < 0.5
        assert await subscription.wait(0.2) is None
        await asyncio.to_thread(server.start)
        # Whoever may have missed something is woken, and the connection hears again.
        await begun(subscription)
        await eventually(lambda: speaker.connected, within_seconds=20)
        await rest(subscription)
        speaker.publish(topic, "back")
        assert await subscription.wait(10) == "back"
        await speaker.check()
    finally:
        await speaker.close()
        await listener.close()


async def test_nothing_is_left_after_the_end(signals: Open) -> None:
    own, topic = signals(), a_topic()
    subscription = await begun(own.subscribe(topic))
    await own.close()
    own.publish(topic, "late")
    assert await subscription.wait(0.3) is None
    assert not own.connected
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("signals")]


@pytest.mark.parametrize("turns_of_the_loop", range(6))
async def test_the_end_comes_at_once_whatever_is_under_way(signals: Open, turns_of_the_loop: int) -> None:
    own = signals()
    with own.subscribe(a_topic()) as subscription:
        await begun(subscription)
        await rest(subscription)
    # Now it stops listening to the topic, and is cancelled on the way.
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    async with asyncio.timeout(3):
        await own.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("signals")]
