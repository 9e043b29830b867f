"""The feature flags as chat knows them: started by the settings, kept fresh by a stream from control.

What a flag means is not known here.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import Channel

_LOG: Final = get_logger("soma.chat.features")
_AGAIN_SECONDS: Final = 2.0
EFFECT_PREFIX: Final = "effect_"
# What a turn can do without; other features concern other services and are no news in a receipt.
TURN_FEATURES: Final = ("memory", "tools", "agentiq_governor")


class Features:
    """Flags by tenant; the empty tenant stands for all that have no own."""

    def __init__(self, start: Mapping[str, bool], control: Channel, ids: Ids) -> None:
        self._flags: dict[str, Mapping[str, bool]] = {"": dict(start)}
        self._start = dict(start)
        self._control = control
        self._ids = ids

    def enabled(self, tenant: TenantId, name: str) -> bool:
        """Whether a feature is on; what nobody switched off is on."""
        flags = self._flags.get(str(tenant)) or self._flags[""]
        return flags.get(name, self._start.get(name, True))

    def off(self, tenant: TenantId) -> tuple[str, ...]:
        """The features of a turn that are off for a tenant."""
        return tuple(name for name in TURN_FEATURES if not self.enabled(tenant, name))

    def effects_off(self, tenant: TenantId) -> tuple[str, ...]:
        """The cognitive effects that are off for a tenant, by their own names."""
        flags = self._flags.get(str(tenant)) or self._flags[""]
        names = (name for name in flags if name.startswith(EFFECT_PREFIX) and not flags[name])
        return tuple(sorted(name.removeprefix(EFFECT_PREFIX) for name in names))

    async def run(self) -> None:
        """Follows the stream, and opens it again when it breaks."""
        stub = self._control.stub(feature_grpc.FeatureServiceStub)
        while True:
            with acting_as(service_caller("chat"), str(self._ids.uuid4())):
                try:
                    async for message in stub.WatchFeatures(feature_pb.WatchFeaturesRequest()):
                        self._learn(message)
                except SomaError as error:
                    _LOG.debug("the flags stay as they are known", reason=error.reason.value)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _learn(self, message: feature_pb.WatchFeaturesResponse) -> None:
        if message.sequence == 1:
            self._flags = {"": self._flags[""]}
        for tenant in message.tenants:
            self._flags[tenant.tenant_id] = dict(tenant.features)
