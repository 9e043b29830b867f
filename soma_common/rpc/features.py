"""The feature flags as a service knows them: started by the settings, kept fresh by a stream from control.

While control is away the flags stay as they were heard last. What they mean is not known here, only that those of the
mind's effects are named `effect_<name>`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import Channel

_LOG: Final = get_logger("soma.features")
_AGAIN_SECONDS: Final = 2.0
_EFFECT_PREFIX: Final = "effect_"


class Features:
    """Flags by tenant; the empty tenant stands for all that have no own. `service` is who follows them."""

    def __init__(self, service: str, start: Mapping[str, bool], control: Channel, ids: Ids) -> None:
        self._service = service
        self._start = dict(start)
        self._flags: dict[str, Mapping[str, bool]] = {"": self._start}
        self._control = control
        self._ids = ids

    def enabled(self, tenant: TenantId, name: str) -> bool:
        """Whether a feature is on; what nobody switched off is on."""
        return self._of(tenant).get(name, True)

    def off(self, tenant: TenantId, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these features that are off for a tenant."""
        return tuple(name for name in names if not self.enabled(tenant, name))

    def effects_off(self, tenant: TenantId) -> tuple[str, ...]:
        """The effects of the mind that are off for a tenant, by their own names."""
        effects = (name for name in self._of(tenant) if name.startswith(_EFFECT_PREFIX))
        return tuple(sorted(name.removeprefix(_EFFECT_PREFIX) for name in self.off(tenant, effects)))

    async def run(self) -> None:
        """Follows the stream, and opens it again when it breaks."""
        stub = self._control.stub(feature_grpc.FeatureServiceStub)
        while True:
            with acting_as(service_caller(self._service), str(self._ids.uuid4())):
                try:
                    async for message in stub.WatchFeatures(feature_pb.WatchFeaturesRequest()):
                        self._learn(message)
                except SomaError as error:
                    _LOG.debug("the flags stay as they are known", reason=error.reason.value)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _of(self, tenant: TenantId) -> Mapping[str, bool]:
        return self._flags.get(str(tenant), self._flags[""])

    def _learn(self, message: feature_pb.WatchFeaturesResponse) -> None:
        if message.sequence == 1:
            self._flags = {"": self._flags[""]}
        for tenant in message.tenants:
            self._flags[tenant.tenant_id] = self._start | dict(tenant.features)
