"""Which effects a tenant has switched off, as control tells it.

Chat knows by itself what is off when it asks for a turn; whoever only looks at a mind is told the same by this.
"""

from typing import Final

from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1.feature_service_pb2_grpc import FeatureServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.cognitive.switches")
_PREFIX: Final = "effect_"


class Switches:
    """The switches of the tenant that calls."""

    def __init__(self, features: FeatureServiceStub) -> None:
        self._features = features

    async def effects_off(self) -> frozenset[str]:
        """The effects that are off, by their own names; none where control does not answer: they start on."""
        try:
            told = await self._features.GetFeatures(feature_pb.GetFeaturesRequest())
        except SomaError as error:
            _LOG.warning("effects are told as if all were on", reason=error.reason.value)
            return frozenset()
        off = (flag.name for flag in told.features if not flag.enabled)
        return frozenset(name.removeprefix(_PREFIX) for name in off if name.startswith(_PREFIX))
