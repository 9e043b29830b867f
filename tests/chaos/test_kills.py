"""Processes killed at every failpoint and at random moments, and one that is paused and wakes; on both transports."""

import asyncio
import random
import signal
from functools import partial

import pytest

from soma_common.testing.eventually import eventually
from soma_common.testing.warm import WarmProcess
from tests.chaos.conftest import Scenes
from tests.chaos.course import POINTS, Course, amount, flows
from tests.chaos.scene import Scene
from tests.chaos.stage import TRANSPORTS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]

RANDOM_KILLS = 2
MANY = 200


async def go_through(scene: Scene, seed: int) -> None:
    course = Course(scene, seed)
    course.start_all()
    await course.at_every_failpoint()
    await course.at_random(RANDOM_KILLS)
    await eventually(partial(many_written, scene), within_seconds=120, every_seconds=0.3)
    assert await course.judged() == []
    assert course.visited == {point.value for point in POINTS}
    assert course.kills >= len(POINTS) + RANDOM_KILLS


async def many_written(scene: Scene) -> bool:
    return await amount(scene, "events where stream like 'conversation/%'") > MANY


async def test_nothing_is_lost_doubled_or_inverted_by_kills(scenes: Scenes) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    async with asyncio.TaskGroup() as group:
        for transport in TRANSPORTS:
            group.create_task(go_through(await scenes(transport), seed))


async def wake(scene: Scene) -> None:
    course = Course(scene, 7)
    zombie = scene.spawn("relay", scene.plan.cut("relay.read", 5, "SIGSTOP"))
    course.start("writer", "consumer")
    await eventually(lambda: state_of(zombie) == "T", within_seconds=120)
    course.start("relay")
    await flows([course])
    zombie.send_signal(signal.SIGCONT)
    await eventually(lambda: state_of(zombie) != "T", within_seconds=60)
    await flows([course])
    assert zombie.poll() is None
    assert await course.judged() == []


async def test_a_paused_relay_does_no_harm_when_it_wakes(scenes: Scenes) -> None:
    """It has read events and stops; its successor publishes them and more; then it goes on where it was."""
    async with asyncio.TaskGroup() as group:
        for transport in TRANSPORTS:
            group.create_task(wake(await scenes(transport)))


def state_of(process: WarmProcess) -> str:
    """The letter the system has for it: T is stopped."""
    with open(f"/proc/{process.pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]
