"""Servicers of the control service: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from servers.control.administration import Administration
from servers.control.domain.features import DEFINITIONS, Feature
from servers.control.features import Features
from servers.control.fleet import Member
from soma.common.v1 import level_pb2
from soma.control.v1 import admin_service_pb2 as admin_pb
from soma.control.v1 import admin_service_pb2_grpc as admin_grpc
from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.kernel.clock import Clock
from soma_common.rpc.call import current_call
from soma_common.supervision.status import ServiceState

_STATES: Final = {
    ServiceState.RUNNING: admin_pb.SERVICE_STATE_RUNNING,
    ServiceState.STARTING: admin_pb.SERVICE_STATE_STARTING,
    ServiceState.DEGRADED: admin_pb.SERVICE_STATE_FAILED,
    ServiceState.STOPPING: admin_pb.SERVICE_STATE_STOPPING,
    ServiceState.STOPPED: admin_pb.SERVICE_STATE_STOPPED,
    ServiceState.FAILED: admin_pb.SERVICE_STATE_FAILED,
}
_DEPENDENCY_STATES: Final = {
    "up": level_pb2.DEPENDENCY_STATE_UP,
    "down": level_pb2.DEPENDENCY_STATE_DOWN,
}


def status_message(found: Member) -> admin_pb.ServiceStatus:
    """A process as the contract has it."""
    status = found.status
    message = admin_pb.ServiceStatus(
        name=status.name,
        state=_STATES[status.state],
        pid=status.pid or 0,
        address=status.address,
        restarts=status.restarts,
        version=found.version,
    )
    message.uptime.FromSeconds(status.uptime_seconds)
    for name, state in (found.dependencies or {}).items():
        message.dependencies.add(name=name, state=_DEPENDENCY_STATES.get(state, level_pb2.DEPENDENCY_STATE_UNSPECIFIED))
    return message


def feature_message(feature: Feature) -> feature_pb.Feature:
    """A feature as the contract has it."""
    message = feature_pb.Feature(
        name=feature.name,
        enabled=feature.enabled,
        description=DEFINITIONS[feature.name].description,
        source=feature.source,
        updated_by=feature.updated_by,
    )
    if feature.update_time is not None:
        message.update_time.FromDatetime(feature.update_time)
    return message


class AdminServicer(admin_grpc.AdminServiceServicer):
    """`soma.control.v1.AdminService`."""

    def __init__(self, administration: Administration, clock: Clock) -> None:
        self._administration = administration
        self._clock = clock

    async def ListServices(  # noqa: N802 - the contract's name
        self, request: admin_pb.ListServicesRequest, _: Any
    ) -> admin_pb.ListServicesResponse:
        """Every process of the mesh."""
        members = await self._administration.members()
        return admin_pb.ListServicesResponse(services=[status_message(found) for found in members])

    async def GetServiceStatus(  # noqa: N802 - the contract's name
        self, request: admin_pb.GetServiceStatusRequest, _: Any
    ) -> admin_pb.GetServiceStatusResponse:
        """One process."""
        found = await self._administration.member(request.name)
        return admin_pb.GetServiceStatusResponse(service=status_message(found))

    async def StartService(  # noqa: N802 - the contract's name
        self, request: admin_pb.StartServiceRequest, _: Any
    ) -> admin_pb.StartServiceResponse:
        """Start a process."""
        return await self._administration.order(
            current_call().caller,
            request.name,
            "start",
            lambda found: admin_pb.StartServiceResponse(service=status_message(found)),
        )

    async def StopService(  # noqa: N802 - the contract's name
        self, request: admin_pb.StopServiceRequest, _: Any
    ) -> admin_pb.StopServiceResponse:
        """Drain and stop a process."""
        return await self._administration.order(
            current_call().caller,
            request.name,
            "stop",
            lambda found: admin_pb.StopServiceResponse(service=status_message(found)),
        )

    async def RestartService(  # noqa: N802 - the contract's name
        self, request: admin_pb.RestartServiceRequest, _: Any
    ) -> admin_pb.RestartServiceResponse:
        """Drain, stop and start a process."""
        return await self._administration.order(
            current_call().caller,
            request.name,
            "restart",
            lambda found: admin_pb.RestartServiceResponse(service=status_message(found)),
        )

    async def GetDiagnostics(  # noqa: N802 - the contract's name
        self, request: admin_pb.GetDiagnosticsRequest, _: Any
    ) -> admin_pb.GetDiagnosticsResponse:
        """What an operator needs to see first."""
        diagnosis = await self._administration.diagnose()
        answer = admin_pb.GetDiagnosticsResponse(
            mode=diagnosis.installation.mode,
            version=diagnosis.installation.release,
            status=diagnosis.status,
            services=[status_message(found) for found in diagnosis.members],
            disk_free_bytes=diagnosis.disk_free_bytes,
            python_version=diagnosis.python_version,
        )
        answer.time.FromDatetime(self._clock.now())
        return answer


class FeatureServicer(feature_grpc.FeatureServiceServicer):
    """`soma.control.v1.FeatureService`."""

    def __init__(self, features: Features) -> None:
        self._features = features

    async def GetFeatures(  # noqa: N802 - the contract's name
        self, request: feature_pb.GetFeaturesRequest, _: Any
    ) -> feature_pb.GetFeaturesResponse:
        """All flags as they hold for the caller's tenant."""
        found = await self._features.read(current_call().caller.tenant_id)
        return feature_pb.GetFeaturesResponse(features=[feature_message(feature) for feature in found])

    async def UpdateFeatures(  # noqa: N802 - the contract's name
        self, request: feature_pb.UpdateFeaturesRequest, _: Any
    ) -> feature_pb.UpdateFeaturesResponse:
        """Set flags."""
        everywhere = bool(getattr(request, "global"))
        return await self._features.update(
            current_call().caller,
            dict(request.features),
            everywhere,
            lambda found: feature_pb.UpdateFeaturesResponse(features=[feature_message(feature) for feature in found]),
        )

    async def WatchFeatures(  # noqa: N802 - the contract's name
        self, request: feature_pb.WatchFeaturesRequest, _: Any
    ) -> AsyncIterator[feature_pb.WatchFeaturesResponse]:
        """The flags of all tenants, then every change."""
        sequence = 0
        async for news in self._features.watch():
            sequence += 1
            tenants = [
                feature_pb.TenantFeatures(tenant_id=str(tenant_id or ""), features=values)
                for tenant_id, values in news.items()
            ]
            yield feature_pb.WatchFeaturesResponse(sequence=sequence, tenants=tenants)
