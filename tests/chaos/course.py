"""The course of a scene whose processes are killed: at every failpoint, then at random moments; then it is judged."""

import asyncio
import random
import signal
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Final

import asyncpg

from soma_common.events.failpoints import Failpoint
from soma_common.sagas.failpoints import SagaFailpoint
from soma_common.testing.eventually import eventually
from soma_common.testing.warm import WarmProcess
from tests.chaos.plan import Plan
from tests.chaos.scene import Scene

WRITERS: Final = 2
POINTS: Final[tuple[StrEnum, ...]] = (*Failpoint, *SagaFailpoint)
# Which process passes the failpoints of a kind.
ROLES: Final = {"relay": "relay", "consumer": "consumer", "letter": "consumer", "saga": "saga"}
_PATIENCE_SECONDS: Final = 45.0


class Course:
    """Processes of one scene; `running` has those that are not to be cut."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.chance = random.Random(seed)
        self.running: dict[str, WarmProcess] = {}
        self.visited: set[str] = set()
        self.kills = 0
        self._seeds = count(seed)

    def start(self, *names: str) -> None:
        """Start a process of each name; the role is what stands before its number."""
        for name in names:
            self.running[name] = self.scene.spawn(name.rstrip("0123456789"), self._plan())

    def start_hurried(self, *names: str) -> None:
        """Writers that hardly pause."""
        for name in names:
            self.running[name] = self.scene.spawn("writer", replace(self._plan(), pause_seconds=0.02))

    def _plan(self) -> Plan:
        return replace(self.scene.plan, seed=next(self._seeds))

    def start_all(self) -> None:
        """Everything that a house has."""
        self.start(*(f"writer{number}" for number in range(WRITERS)), *dict.fromkeys(ROLES.values()))

    def kill(self, name: str) -> None:
        """End it as a loss of power would."""
        process = self.running.pop(name)
        assert process.poll() is None, f"{name} ended by itself:\n{self.scene.log_of(name)}"
        process.kill()
        process.wait()
        self.kills += 1

    async def at_every_failpoint(self) -> None:
        """One process after the other of each role kills itself at the next failpoint."""
        roles = dict.fromkeys(ROLES.values())
        chains = [self._chain(role, [point for point in POINTS if role_of(point) == role]) for role in roles]
        await asyncio.gather(*chains)

    async def _chain(self, role: str, points: Sequence[StrEnum]) -> None:
        self.kill(role)
        for point in points:
            process = self.scene.spawn(role, self._plan().cut(point.value, self.chance.randint(1, 3)))
            await eventually(partial(has_ended, process), within_seconds=120)
            assert process.returncode == -signal.SIGKILL, self.scene.log_of(role)
            self.visited.add(point.value)
            self.kills += 1
        self.start(role)

    async def at_random(self, kills: int) -> None:
        """So many kills, of anything that runs, in the middle of whatever it does."""
        for _ in range(kills):
            await asyncio.sleep(self.chance.uniform(0.1, 1.2))
            name = self.chance.choice(sorted(self.running))
            self.kill(name)
            self.start(name)

    def end_writers(self) -> None:
        """Nothing more is written."""
        for name in [name for name in self.running if name.startswith("writer")]:
            self.kill(name)

    async def judged(self) -> list[str]:
        """End the writers, wait until nothing is under way, and say what the checker says."""
        self.end_writers()
        (self.scene.folder / "over").touch()
        await self._rest()
        for name, process in self.running.items():
            assert process.poll() is None, f"{name} ended by itself:\n{self.scene.log_of(name)}"
        return await self.scene.judge()

    async def _rest(self) -> None:
        """Until nothing is left to do; fails when nothing gets less for a while."""
        loop = asyncio.get_running_loop()
        left, since = await self.scene.left(), loop.time()
        while any(left.values()):
            await asyncio.sleep(0.2)
            now = await self.scene.left()
            if now != left:
                left, since = now, loop.time()
            assert loop.time() - since < _PATIENCE_SECONDS, f"{left}\n{self.scene.log_of('consumer')}"


def has_ended(process: WarmProcess) -> bool:
    """Whether it runs no more."""
    return process.poll() is not None


def role_of(point: StrEnum) -> str:
    """The role whose processes pass a failpoint."""
    return ROLES[point.value.partition(".")[0]]


async def under_way(scene: Scene) -> None:
    """Until the consumers have effects."""

    async def have_effects() -> bool:
        return await amount(scene, "effects") > 0

    await eventually(have_effects, within_seconds=120, every_seconds=0.2)


async def amount(scene: Scene, table: str) -> int:
    connection = await asyncpg.connect(scene.plan.worker_dsn)
    try:
        return int(await connection.fetchval(f"select count(*) from {table}"))
    finally:
        await connection.close()


async def flows(courses: list[Course]) -> None:
    """Until every consumer has effects that it did not have."""

    async def more(scene: Scene, than: int) -> bool:
        return await amount(scene, "effects") > than + 20

    for course in courses:
        had = await amount(course.scene, "effects")
        await eventually(partial(more, course.scene, had), within_seconds=120, every_seconds=0.2)
