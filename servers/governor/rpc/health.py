"""Serves reports of health: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass

from servers.governor.decoding.levels import observations
from servers.governor.domain.health import Report
from servers.governor.health.view import HealthView
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.errors import invalid_field
from soma_common.rpc.call import current_call

_USUAL_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class HealthServicing(governor_grpc.GovernorServiceServicer):
    """The health of `soma.governor.v1.GovernorService`."""

    health: HealthView

    async def ReportHealth(  # noqa: N802 - the contract's name
        self, request: governor_pb.ReportHealthRequest, _: object
    ) -> governor_pb.ReportHealthResponse:
        """Take what a process sees; the house it speaks for is that of its token."""
        house = current_call().caller.service or ""
        if not request.instance.startswith(f"{house}/"):
            raise invalid_field("instance", f"it does not begin with {house}/, the service that reports")
        report = Report(house, observations(request.dependencies))
        await self.health.hear(request.instance, report, request.valid_seconds or _USUAL_SECONDS)
        return governor_pb.ReportHealthResponse()
