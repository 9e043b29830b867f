"""What a process sees of what it depends on, told when it changes and else every few seconds.

Nothing here judges it, and nobody waits for it: while the governor is away it is simply not heard.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import service_caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import Channel
from soma_common.rpc.health import DependencyState, HealthBoard

_LOG: Final = get_logger("soma.health")
EVERY_SECONDS: Final = 3.0
# Two reports may be lost before a process that lives is not heard any more.
VALID_SECONDS: Final = 8
_LOOK_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 1.0
_CALL_SECONDS: Final = 2.0
_LONGEST_DETAIL: Final = 256
_STATES: Final = {
    DependencyState.UNKNOWN: level_pb.DEPENDENCY_STATE_UNSPECIFIED,
    DependencyState.UP: level_pb.DEPENDENCY_STATE_UP,
    DependencyState.DEGRADED: level_pb.DEPENDENCY_STATE_DEGRADED,
    DependencyState.DOWN: level_pb.DEPENDENCY_STATE_DOWN,
}
_BADNESS: Final = {state: number for number, state in enumerate(_STATES)}


@dataclass(frozen=True, slots=True)
class Sight:
    """A dependency as a process sees it; `detail` is a few words without secrets."""

    name: str
    state: DependencyState
    detail: str = ""


View = Callable[[], Iterable[Sight]]
Tell = Callable[[Sequence[Sight]], Awaitable[object]]


def sights_of(board: HealthBoard) -> Iterable[Sight]:
    """What the probes of a process say."""
    return (Sight(name, seen.state) for name, seen in board.snapshot().dependencies.items())


class HealthReporter:
    """Tells what the probes and the other views of a process see; of a name seen twice the worse counts."""

    def __init__(self, board: HealthBoard, views: Iterable[View], tell: Tell, clock: Clock) -> None:
        self._board = board
        self._views = tuple(views)
        self._tell = tell
        self._clock = clock

    def sights(self) -> tuple[Sight, ...]:
        """Everything that is known, by name."""
        worst: dict[str, Sight] = {}
        for view in (lambda: sights_of(self._board), *self._views):
            for seen in view():
                before = worst.get(seen.name)
                if before is None or _BADNESS[seen.state] > _BADNESS[before.state]:
                    worst[seen.name] = seen
        known = (worst[name] for name in sorted(worst))
        return tuple(seen for seen in known if seen.state is not DependencyState.UNKNOWN)

    async def run(self) -> None:
        """Report until cancelled. Raises what a view raises."""
        told: tuple[Sight, ...] | None = None
        due = 0.0
        while True:
            seen = self.sights()
            if seen != told or self._clock.monotonic() >= due:
                heard = await self._report(seen)
                told = seen if heard else None
                due = self._clock.monotonic() + EVERY_SECONDS
                if not heard:
                    await asyncio.sleep(_AGAIN_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._board.changed(), _LOOK_SECONDS)

    async def _report(self, seen: Sequence[Sight]) -> bool:
        try:
            await self._tell(seen)
        except SomaError as error:
            _LOG.debug("a health report was not heard", reason=error.reason.value)
            return False
        return True


class GovernorEar:
    """Tells the governor, as this process of the service."""

    def __init__(self, service: str, governor: Channel, ids: Ids) -> None:
        self._caller = service_caller(service)
        self._stub = governor.stub(GovernorServiceStub)
        self._ids = ids
        self._instance = f"{service}/{ids.uuid7()}"

    async def tell(self, seen: Sequence[Sight]) -> None:
        """One report. Raises SomaError when it was not heard."""
        request = governor_pb.ReportHealthRequest(
            instance=self._instance,
            dependencies=[
                level_pb.ObservedDependency(
                    name=each.name, state=_STATES[each.state], detail=each.detail[:_LONGEST_DETAIL]
                )
                for each in seen
            ],
            valid_seconds=VALID_SECONDS,
        )
        with acting_as(self._caller, str(self._ids.uuid7()), _CALL_SECONDS):
            await self._stub.ReportHealth(request)
