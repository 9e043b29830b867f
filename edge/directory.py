"""Which agents, models and features there are, remembered for a moment per tenant.

Nothing here decides what a caller may see; the services do.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, TypeVar, cast

from edge.bridge import Mesh
from soma.chat.v1 import agent_service_pb2, model_service_pb2
from soma.control.v1 import feature_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger
from soma_common.rpc.call import current_call

_LOG: Final = get_logger("soma.edge.directory")
_PAGE: Final = 200
_MOST_PAGES: Final = 10
_FRESH_SECONDS: Final = 10.0
_KEPT: Final = 1000

Found = TypeVar("Found")


class Directory:
    """Lists by the current caller's tenant; `fresh=True` asks anew."""

    def __init__(self, mesh: Mesh, clock: Clock) -> None:
        self._mesh = mesh
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, object]] = OrderedDict()

    async def agents(self, *, fresh: bool = False) -> list[agent_service_pb2.Agent]:
        """The agents in use, by name."""
        return await self._remembered("agents", self._list_agents, fresh)

    async def models(self, *, fresh: bool = False) -> list[model_service_pb2.ModelProfile]:
        """The model profiles, by id."""
        return await self._remembered("models", self._list_models, fresh)

    async def features(self, *, fresh: bool = False) -> dict[str, bool]:
        """The feature flags."""
        return await self._remembered("features", self._list_features, fresh)

    async def for_welcome(self) -> tuple[tuple[tuple[str, str], ...], dict[str, bool]]:
        """Agents and features as far as they can be had now."""
        agents: list[agent_service_pb2.Agent] = []
        features: dict[str, bool] = {}
        try:
            agents = await self.agents()
            features = await self.features()
        except SomaError as error:
            _LOG.info("welcomed without the whole directory", reason=error.reason.value)
        return tuple((agent.agent_id, agent.name) for agent in agents), features

    async def _remembered(self, what: str, ask: Callable[[], Awaitable[Found]], fresh: bool) -> Found:
        key, now = (what, current_call().caller.tenant_id), self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is not None and not fresh and now - kept[0] < _FRESH_SECONDS:
            return cast(Found, kept[1])
        found = await ask()
        self._kept[key] = (now, found)
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    async def _list_agents(self) -> list[agent_service_pb2.Agent]:
        found: list[agent_service_pb2.Agent] = []
        token = ""
        for _ in range(_MOST_PAGES):
            request = agent_service_pb2.ListAgentsRequest(page_size=_PAGE, page_token=token)
            path = "/soma.chat.v1.AgentService/ListAgents"
            reply = await self._mesh.ask(path, request, agent_service_pb2.ListAgentsResponse)
            found.extend(reply.agents)
            token = reply.next_page_token
            if not token:
                break
        return found

    async def _list_models(self) -> list[model_service_pb2.ModelProfile]:
        found: list[model_service_pb2.ModelProfile] = []
        token = ""
        for _ in range(_MOST_PAGES):
            request = model_service_pb2.ListModelsRequest(page_size=_PAGE, page_token=token)
            path = "/soma.chat.v1.ModelService/ListModels"
            reply = await self._mesh.ask(path, request, model_service_pb2.ListModelsResponse)
            found.extend(reply.models)
            token = reply.next_page_token
            if not token:
                break
        return found

    async def _list_features(self) -> dict[str, bool]:
        path = "/soma.control.v1.FeatureService/GetFeatures"
        reply = await self._mesh.ask(
            path, feature_service_pb2.GetFeaturesRequest(), feature_service_pb2.GetFeaturesResponse
        )
        return {feature.name: feature.enabled for feature in reply.features}
