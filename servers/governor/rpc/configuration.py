"""Serves configurations: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass
from functools import partial
from typing import cast

from servers.governor.calibration.reading import Calibrations
from servers.governor.configuration.changing import Change, ConfigurationChanges, invalid_configuration
from servers.governor.decoding.configuration import merged, missing_rows
from servers.governor.encoding.calibration import calibration_message
from servers.governor.encoding.configuration import version_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.paging import next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class ConfigurationServicing(governor_grpc.GovernorServiceServicer):
    """The configurations of `soma.governor.v1.GovernorService`."""

    configuration: ConfigurationChanges
    calibrations: Calibrations

    async def GetConfig(  # noqa: N802 - the contract's name
        self, request: governor_pb.GetConfigRequest, _: object
    ) -> governor_pb.GetConfigResponse:
        """A version, or the one that holds, and how well AIQ was predicted."""
        number = request.version if request.HasField("version") else None
        tenant = current_call().caller.tenant_id
        found = await self.configuration.get(tenant, number)
        calibration = map(calibration_message, await self.calibrations.of(tenant))
        return governor_pb.GetConfigResponse(version=version_message(*found), calibration=calibration)

    async def ListConfigVersions(  # noqa: N802 - the contract's name
        self, request: governor_pb.ListConfigVersionsRequest, _: object
    ) -> governor_pb.ListConfigVersionsResponse:
        """The versions, the newest first."""
        page = page_of(request.page_size, request.page_token, {})
        if page.after is not None and not isinstance(page.after[0], int):
            raise unreadable_token()
        versions, more = await self.configuration.list(current_call().caller.tenant_id, page)
        return governor_pb.ListConfigVersionsResponse(
            versions=[version_message(version) for version in versions],
            next_page_token=next_page_token([versions[-1].number], {}) if more else "",
        )

    async def UpdateConfig(  # noqa: N802 - the contract's name
        self, request: governor_pb.UpdateConfigRequest, _: object
    ) -> governor_pb.UpdateConfigResponse:
        """Make a new version, or restore an old one."""
        incomplete = missing_rows(request.config)
        if incomplete:
            raise invalid_configuration(incomplete)
        restores = request.WhichOneof("change") == "restore_version"
        change = Change(
            merge=None if restores else partial(merged, change=request.config),
            restores=request.restore_version if restores else None,
            based_on=request.based_on_version if request.HasField("based_on_version") else None,
            comment=request.comment,
            validate_only=request.validate_only,
        )
        answer = await self.configuration.update(
            current_call(),
            change,
            lambda version, values: governor_pb.UpdateConfigResponse(version=version_message(version, values)),
        )
        return cast(governor_pb.UpdateConfigResponse, answer)
