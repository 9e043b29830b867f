"""Control as the cognitive service asks it for switches: what a test switched off, or nothing but refusals."""

from typing import Any

from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.rpc import Added, RpcHarness


class ScriptedFlags(feature_grpc.FeatureServiceServicer):
    """Flags as a test sets them."""

    def __init__(self) -> None:
        self.flags: dict[str, bool] = {}
        self.away = False

    async def GetFeatures(  # noqa: N802 - the contract's name
        self, request: feature_pb.GetFeaturesRequest, context: Any
    ) -> feature_pb.GetFeaturesResponse:
        if self.away:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "control"})
        return feature_pb.GetFeaturesResponse(
            features=[feature_pb.Feature(name=name, enabled=on) for name, on in self.flags.items()]
        )


async def flags_on(rpc: RpcHarness) -> tuple[ScriptedFlags, feature_grpc.FeatureServiceStub]:
    """The flags, and control's door to them."""
    flags = ScriptedFlags()  # type: ignore[abstract]  # the other methods are asked of nobody
    control = await rpc.serve(
        "control", Added(feature_grpc.add_FeatureServiceServicer_to_server, flags, "soma.control.v1.FeatureService")
    )
    return flags, rpc.channel(control, service="cognitive").stub(feature_grpc.FeatureServiceStub)
