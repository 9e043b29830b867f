"""The calls about the level, and levels as they are written on the command line.

Nothing here prints.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.streams import without_end
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

WORDS: Final = ("L0", "L1", "L2", "L3", "L4")


def level_of(text: str) -> level_pb.DegradationLevel.ValueType:
    """The level that is meant; without a word none. Raises CommandError (wrong use)."""
    word = text.strip().upper()
    if not text:
        return level_pb.DEGRADATION_LEVEL_UNSPECIFIED
    if word not in WORDS:
        raise CommandError(f"“{text[:80]}” is no level. The levels are {', '.join(WORDS)}.", Exit.WRONG_USE)
    return level_pb.DegradationLevel.Value(f"DEGRADATION_LEVEL_{word}")


async def now(doors: Doors) -> config_pb.LevelStatus:
    """The tenant's level now. Raises SomaError."""
    return (await _governor(doors).GetLevel(governor_pb.GetLevelRequest())).status


async def changes(doors: Doors, on_away: Callable[[], None]) -> AsyncGenerator[config_pb.LevelStatus, None]:
    """The level now and whenever it changes, without end, once if a new connection repeats it. Raises SomaError."""

    def call() -> Any:
        return _governor(doors).WatchLevel(governor_pb.WatchLevelRequest())

    told: config_pb.LevelStatus | None = None
    async with aclosing(without_end(call, on_away)) as messages:
        async for message in messages:
            if message.status != told:
                told = message.status
                yield told


def _governor(doors: Doors) -> governor_grpc.GovernorServiceStub:
    return doors.stub("governor", governor_grpc.GovernorServiceStub)
