"""One stage a session, fresh scenes on it for every test."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import pytest

from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

Scenes: TypeAlias = Callable[[str], Coroutine[Any, Any, Scene]]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Servers that tests may kill; whoever does starts them again."""
    with Stage() as made:
        yield made


@pytest.fixture
async def scenes(stage: Stage) -> AsyncIterator[Scenes]:
    """Scenes by the transport of their events; their processes end with the test."""
    made: list[Scene] = []

    async def make(transport: str) -> Scene:
        made.append(await stage.scene(transport))
        return made[-1]

    yield make
    for scene in made:
        scene.end_all()


@pytest.fixture
async def scene(scenes: Scenes) -> Scene:
    """A scene with the bus."""
    return await scenes("bus")
