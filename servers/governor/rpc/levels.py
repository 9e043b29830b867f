"""Serves levels: messages in, values out.

Nothing is decided here.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from servers.governor.encoding.levels import dependency_messages, level_message, reason_messages
from servers.governor.encoding.moments import timestamp
from servers.governor.levels.reading import Levels, Reading
from servers.governor.levels.watching import LevelWatch
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class LevelServicing(governor_grpc.GovernorServiceServicer):
    """The levels of `soma.governor.v1.GovernorService`."""

    levels: Levels
    level_watch: LevelWatch

    async def GetLevel(  # noqa: N802 - the contract's name
        self, _request: governor_pb.GetLevelRequest, _: object
    ) -> governor_pb.GetLevelResponse:
        """The level now."""
        reading = await self.levels.get(current_call().caller.tenant_id)
        return governor_pb.GetLevelResponse(status=_status(reading))

    async def WatchLevel(  # noqa: N802 - the contract's name
        self, _request: governor_pb.WatchLevelRequest, _: object
    ) -> AsyncGenerator[governor_pb.WatchLevelResponse, None]:
        """The level now, and each change."""
        sequence = 0
        async with aclosing(self.level_watch.watch(current_call().caller.tenant_id)) as readings:
            async for reading in readings:
                sequence += 1
                yield governor_pb.WatchLevelResponse(sequence=sequence, status=_status(reading))


def _status(reading: Reading) -> config_pb.LevelStatus:
    status, standing = reading.status, reading.status.standing
    return config_pb.LevelStatus(
        level=level_message(status.level),
        reasons=reason_messages(status.reasons),
        dependencies=dependency_messages(status.dependencies),
        good_checks=standing.state.good_checks,
        good_checks_to_recover=reading.good_checks_to_recover,
        since=None if standing.change_time is None else timestamp(standing.change_time),
    )
