"""All houses as control asks them: at once, each with a deadline of its own, and one alone where a thing lives.

Nothing here knows what is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from soma.events.v1 import house_operations_service_pb2_grpc as operations_grpc
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Kind
from soma_common.logging import get_logger
from soma_common.rpc.dial import Channel

_LOG: Final = get_logger("soma.control")
PATIENCE_SECONDS: Final = 2.0
# A house of an older release has no such door, and one with a defect must not hide what the others have.
_NO_ANSWER: Final = frozenset(
    (Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.CANCELLED, Kind.UNIMPLEMENTED, Kind.INTERNAL)
)

Stub = operations_grpc.HouseOperationsServiceStub
Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class Answers(Generic[Reply]):
    """What each house said, and which ones did not answer."""

    given: Mapping[str, Reply]
    missing: list[str]


class Houses:
    """The houses by their names, each by its channel."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._stubs = {
            name: channel.stub(operations_grpc.HouseOperationsServiceStub) for name, channel in channels.items()
        }

    def house(self, name: str) -> Stub:
        """One house. Raises RESOURCE_NOT_FOUND."""
        stub = self._stubs.get(name)
        if stub is None:
            raise not_found("house", name)
        return stub

    def names(self, wanted: str) -> list[str]:
        """The house that is wanted, or all where none is. Raises RESOURCE_NOT_FOUND."""
        if not wanted:
            return sorted(self._stubs)
        self.house(wanted)
        return [wanted]

    async def ask(self, names: Iterable[str], question: Callable[[str, Stub], Awaitable[Reply]]) -> Answers[Reply]:
        """Ask these at once; raises what a house says about the question itself."""
        asked = list(names)
        said = await asyncio.gather(*(self._asked(name, question) for name in asked))
        given = {name: reply for name, reply in zip(asked, said, strict=True) if reply is not None}
        return Answers(given, [name for name in asked if name not in given])

    async def close(self) -> None:
        """Ends all connections."""
        for channel in self._channels.values():
            await channel.close()

    async def _asked(self, name: str, question: Callable[[str, Stub], Awaitable[Reply]]) -> Reply | None:
        try:
            return await question(name, self._stubs[name])
        except SomaError as problem:
            if problem.kind not in _NO_ANSWER:
                raise
            _LOG.warning("a house did not answer for its operations", house=name, reason=problem.reason.value)
            return None
