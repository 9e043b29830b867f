"""Relays and consumers killed at every failpoint and at random moments, while writers write and are killed too."""

import asyncio
import random
import signal
import subprocess
from dataclasses import replace

import pytest

from soma_common.events.failpoints import Failpoint
from soma_common.testing.eventually import eventually
from tests.chaos.scene import Scene

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

RANDOM_KILLS = 10
WRITERS = 2


def role_of(point: Failpoint) -> str:
    return "relay" if point.startswith("relay.") else "consumer"


async def killed(process: subprocess.Popen[bytes]) -> None:
    """Until the process has killed itself."""
    await eventually(lambda: process.poll() is not None, within_seconds=60)
    assert process.returncode == -signal.SIGKILL, f"it ended with {process.returncode}"


async def at_every_failpoint(scene: Scene, running: dict[str, subprocess.Popen[bytes]], chance: random.Random) -> None:
    for point in Failpoint:
        role = role_of(point)
        running[role].kill()
        running[role].wait()
        await killed(scene.spawn(role, scene.plan.cut(point.value, chance.randint(1, 3))))
        running[role] = scene.spawn(role, scene.plan)


async def at_random(scene: Scene, running: dict[str, subprocess.Popen[bytes]], chance: random.Random) -> None:
    for _ in range(RANDOM_KILLS):
        role = chance.choice(tuple(running))
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        running[role].kill()
        running[role].wait()
        running[role] = scene.spawn(role, replace(scene.plan, seed=chance.randrange(1000)))


async def go_through(scene: Scene) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    writers = {f"writer {n}": scene.spawn("writer", replace(scene.plan, seed=seed + n)) for n in range(WRITERS)}
    running = {role: scene.spawn(role, scene.plan) for role in ("relay", "consumer")}
    await at_every_failpoint(scene, running, chance)
    await at_random(scene, running, chance)
    for process in writers.values():
        assert process.poll() is None, (scene.folder / "writer.log").read_text()[-2000:]
        process.kill()
        process.wait()
    await eventually(scene.at_rest, within_seconds=90, every_seconds=0.5)
    assert await scene.judge() == []
    assert len((scene.history / "committed").read_text().splitlines()) > 200


async def test_nothing_is_lost_doubled_or_inverted_over_the_bus(scene: Scene) -> None:
    await go_through(scene)


async def test_nothing_is_lost_doubled_or_inverted_over_kafka(
    scene: Scene, kafka_bootstrap: str, topic_prefix: str
) -> None:
    scene.plan = replace(scene.plan, kafka_bootstrap=kafka_bootstrap, topic_prefix=topic_prefix)
    await go_through(scene)


@pytest.mark.parametrize("broker", ["bus", "kafka"])
async def test_a_paused_relay_does_no_harm_when_it_wakes(
    scene: Scene, broker: str, topic_prefix: str, request: pytest.FixtureRequest
) -> None:
    """It has read events and stops; its successor publishes them and more; then it goes on where it was."""
    if broker == "kafka":
        bootstrap = request.getfixturevalue("kafka_bootstrap")
        scene.plan = replace(scene.plan, kafka_bootstrap=bootstrap, topic_prefix=topic_prefix)
    zombie = scene.spawn("relay", scene.plan.cut("relay.read", 5, "SIGSTOP"))
    writer = scene.spawn("writer", scene.plan)
    scene.spawn("consumer", scene.plan)
    await eventually(lambda: state_of(zombie) == "T", within_seconds=30)
    scene.spawn("relay", scene.plan)
    await asyncio.sleep(3)
    zombie.send_signal(signal.SIGCONT)
    await asyncio.sleep(2)
    assert zombie.poll() is None
    writer.kill()
    writer.wait()
    await eventually(scene.at_rest, within_seconds=60, every_seconds=0.5)
    assert await scene.judge() == []


def state_of(process: subprocess.Popen[bytes]) -> str:
    """The letter the system has for it: T is stopped."""
    with open(f"/proc/{process.pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]
