"""The calls about the governor's configuration.

Nothing here prints.
"""

from typing import Final

from cli.doors import Doors
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

_PAGE: Final = 200


async def read(doors: Doors, version: int | None = None) -> config_pb.ConfigVersion:
    """A version with its values; without a number the one that holds. Raises SomaError."""
    request = governor_pb.GetConfigRequest(version=version)
    return (await _governor(doors).GetConfig(request)).version


async def calibration(doors: Doors) -> list[config_pb.Calibration]:
    """How well AIQ was predicted, by model. Raises SomaError."""
    return list((await _governor(doors).GetConfig(governor_pb.GetConfigRequest())).calibration)


async def versions(doors: Doors, most: int) -> list[config_pb.ConfigVersion]:
    """The newest versions, without their values. Raises SomaError."""
    found: list[config_pb.ConfigVersion] = []
    request = governor_pb.ListConfigVersionsRequest(page_size=min(most, _PAGE))
    while True:
        page = await _governor(doors).ListConfigVersions(request)
        found += page.versions
        request.page_token = page.next_page_token
        if not request.page_token or len(found) >= most:
            return found[:most]


async def store(doors: Doors, request: governor_pb.UpdateConfigRequest) -> config_pb.ConfigVersion:
    """Make a new version, or only judge it. Raises SomaError."""
    request.request_id = doors.request_id()
    return (await _governor(doors).UpdateConfig(request)).version


def _governor(doors: Doors) -> governor_grpc.GovernorServiceStub:
    return doors.stub("governor", governor_grpc.GovernorServiceStub)
