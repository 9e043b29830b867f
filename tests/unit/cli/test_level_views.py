"""How a level looks, at once and as it changes, and that following it survives a governor that goes away."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from cli.exits import CommandError
from cli.governing.levels import level_of
from cli.streams import without_end
from cli.views.level import change, lines
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

STATUS = config_pb.LevelStatus(
    level=level_pb.DEGRADATION_LEVEL_L1,
    reasons=[
        level_pb.LevelReason(source="health", level=level_pb.DEGRADATION_LEVEL_L1, sentence="Memory does not answer.")
    ],
    dependencies=[
        level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN),
        level_pb.ObservedDependency(name="model", state=level_pb.DEPENDENCY_STATE_UP),
    ],
)


def test_a_level_says_what_it_means_and_why() -> None:
    assert list(lines(STATUS)) == [
        "Level L1 · less history, fewer tools",
        "  L1 by health: Memory does not answer.",
    ]


def test_a_change_is_one_line() -> None:
    assert change(STATUS) == "L1 · Memory does not answer. · memory DOWN"


def test_levels_are_written_as_people_do() -> None:
    assert level_of("l2") == level_pb.DEGRADATION_LEVEL_L2
    assert level_of("") == level_pb.DEGRADATION_LEVEL_UNSPECIFIED
    with pytest.raises(CommandError):
        level_of("L5")


class Told:
    """A call of a stream that tells these and then fails or ends."""

    def __init__(self, *messages: str, failure: SomaError | None = None) -> None:
        self._messages, self._failure = messages, failure
        self.cancelled = False

    async def __aiter__(self) -> AsyncIterator[str]:
        for message in self._messages:
            yield message
        if self._failure is not None:
            raise self._failure

    def cancel(self) -> bool:
        self.cancelled = True
        return True


async def test_a_stream_is_taken_up_again_where_its_service_went_away() -> None:
    gone = SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "governor"})
    calls = [Told("a", failure=gone), Told(failure=gone), Told(failure=gone), Told("b"), Told("c")]
    opened: list[Told] = []
    away: list[int] = []
    heard: list[str] = []

    def call() -> Told:
        opened.append(calls[len(opened)])
        return opened[-1]

    async with aclosing(without_end(call, lambda: away.append(len(opened)), again_seconds=0)) as messages:
        async for message in messages:
            heard.append(message)
            if message == "c":
                break
    assert heard == ["a", "b", "c"]
    assert away == [1], "said once"
    assert all(each.cancelled for each in opened)


async def test_a_stream_that_was_never_heard_fails() -> None:
    down = SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "governor"})
    with pytest.raises(SomaError):
        await anext(without_end(lambda: Told(failure=down), lambda: None, again_seconds=0))


async def test_a_refusal_is_no_absence() -> None:
    refused = SomaError(Reason.SCOPE_MISSING, {"scope": "governor:read", "role": "viewer"})
    stream = without_end(lambda: Told("a", failure=refused), lambda: None, again_seconds=0)
    assert await anext(stream) == "a"
    with pytest.raises(SomaError):
        await anext(stream)
