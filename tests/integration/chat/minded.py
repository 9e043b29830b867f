"""Switches that a test turns for tenants of the chat stack, and people whose agent's mind is set by hand."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from servers.control.domain.features import DEFINITIONS
from servers.control.features import Features
from servers.control.rpc import FeatureServicer
from servers.control.store import FeatureStore
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1.adaptation_service_pb2_grpc import AdaptationServiceStub
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.cognitive.v1.sleep_service_pb2_grpc import SleepServiceStub
from soma.control.v1 import feature_service_pb2 as feature_pb
from soma.control.v1 import feature_service_pb2_grpc as feature_grpc
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.rpc.health import HealthBoard
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.server import RpcServer
from soma_common.testing.eventually import eventually
from tests.integration.chat.person import Person, Told
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.test_deletion import as_owner

EFFECTS: Final = tuple(sorted(name for name in DEFINITIONS if name.startswith("effect_")))
CALM: Final = {"dopamine": 0.4, "serotonin": 0.5, "noradrenaline": 0.0, "acetylcholine": 0.0}


class Switches:
    """The switches of control, served where chat and cognitive look for them."""

    def __init__(self, features: Features, stack: ChatStack) -> None:
        self._features = features
        self._stack = stack

    async def turn(self, tenants: Iterable[tuple[TenantId, dict[str, bool]]]) -> None:
        """Sets the switches of tenants; returns when chat and cognitive know them."""
        last: tuple[TenantId, dict[str, bool]] | None = None
        for last in tenants:
            tenant, values = last
            async with Person(self._stack, "root", tenant, "admin") as root:
                request = feature_pb.UpdateFeaturesRequest(features=values, request_id=str(uuid4()))
                with root.acting():
                    await root.stub("control", feature_grpc.FeatureServiceStub).UpdateFeatures(request)
        assert last is not None
        await self._known(*last)

    async def _known(self, tenant: TenantId, values: dict[str, bool]) -> None:
        off = {name.removeprefix("effect_") for name, on in values.items() if name in EFFECTS and not on}
        async with Minded(self._stack, tenant, "probe") as probe:

            async def explained() -> bool:
                return off >= await probe.goes_without() >= off - SLEEPING

            assert await eventually(explained, within_seconds=20)

            async def seen() -> bool:
                found = (await probe.receipt((await probe.say("hello")).started.receipt_id)).modulation.effects
                return off >= {each.name for each in found if each.switched_off} >= off - SLEEPING

            assert await eventually(seen, within_seconds=20)


# Who is awake has none of these.
SLEEPING: Final = frozenset(name.removeprefix("effect_") for name in EFFECTS if "_sleep_" in name)


@asynccontextmanager
async def switches_of(stack: ChatStack, urls: HouseDatabase) -> AsyncIterator[Switches]:
    """Serves inside the block."""
    database, clock = await Database.open(urls), Clock()
    # As the processes of the stack are started.
    features = Features(database, FeatureStore(), EventStore("control"), clock, {"titles": False})
    await features.look()
    server = RpcServer(
        "control",
        stack.target("control"),
        stack.identity.verifier(),
        HealthBoard(clock),
        idempotency=IdempotencyStore(database),
    )
    added: Any = feature_grpc.add_FeatureServiceServicer_to_server
    server.add(added, FeatureServicer(features), "soma.control.v1.FeatureService")
    await server.start()
    try:
        yield Switches(features, stack)
    finally:
        await features.close()
        await server.drain(0.2)
        await database.close()


class Minded(Person):
    """Somebody who may set the mind of the tenant's default agent."""

    def __init__(self, stack: ChatStack, tenant: TenantId, sub: str = "ada") -> None:
        super().__init__(stack, sub, tenant, "admin")
        self._chat = stack
        self.agent_id: Final = str(default_agent_id(tenant))
        self.sleep: Any = self.stub("cognitive", SleepServiceStub)
        self.adaptation: Any = self.stub("cognitive", AdaptationServiceStub)

    async def __aenter__(self) -> "Minded":
        return self

    async def feels(self, **values: float) -> None:
        """Sets all four values, those that are not named to a calm one."""
        request = mood_pb.UpdateNeuromodulatorsRequest(agent_id=self.agent_id, request_id=str(uuid4()))
        for name, value in {**CALM, **values}.items():
            setattr(request, name, value)
        with self.acting():
            await self.mood.UpdateNeuromodulators(request)

    async def falls(self, state: str, *, wake: bool = False) -> None:
        """Brings the agent to a state of sleep."""
        request = sleep_pb.TransitionSleepRequest(
            agent_id=self.agent_id, target_state=state, wake=wake, async_mode=True, request_id=str(uuid4())
        )
        with self.acting():
            await self.sleep.TransitionSleep(request)

    async def sleeps_as(self) -> sleep_pb.SleepState.ValueType:
        """How the agent sleeps."""
        with self.acting():
            answer = await self.sleep.GetSleepStatus(sleep_pb.GetSleepStatusRequest(agent_id=self.agent_id))
        state: sleep_pb.SleepState.ValueType = answer.status.state
        return state

    async def goes_without(self) -> set[str]:
        """The effects that are switched off, as cognitive explains them."""
        stub: Any = self.stub("cognitive", ModulationServiceStub)
        with self.acting():
            told = await stub.ExplainState(modulation_pb.ExplainStateRequest(agent_id=self.agent_id))
        return {effect.name for effect in told.effects if effect.switched_off}

    async def state_version(self) -> int:
        """How often something moved what the agent feels."""
        with self.acting():
            answer = await self.mood.GetNeuromodulators(mood_pb.GetNeuromodulatorsRequest(agent_id=self.agent_id))
        return int(answer.state_version)

    async def adapted(self) -> adaptation_pb.AdaptationState:
        """What the agent learned."""
        request = adaptation_pb.GetAdaptationStateRequest(agent_id=self.agent_id)
        with self.acting():
            answer: adaptation_pb.GetAdaptationStateResponse = await self.adaptation.GetAdaptationState(request)
        return answer.state

    async def rate(self, told: Told, rating: message_pb.Rating.ValueType) -> None:
        """Says how an answer was."""
        request = turn_pb.RateTurnRequest(turn_id=told.turn_id, rating=rating, request_id=str(uuid4()))
        with self.acting():
            await self.turns.RateTurn(request)

    async def lessons(self) -> list[adaptation_pb.AdaptationState]:
        """All that the agent went through, the newest first."""
        request = adaptation_pb.ListAdaptationHistoryRequest(agent_id=self.agent_id)
        with self.acting():
            answer = await self.adaptation.ListAdaptationHistory(request)
        return list(answer.states)

    async def memories(self) -> list[str]:
        """What memory keeps of them."""
        with self.acting():
            answer = await self.memory.ListMemories(memory_pb.ListMemoriesRequest())
        return [memory.text for memory in answer.memories]

    async def remembers(self, *texts: str) -> None:
        """Has memory store these."""
        memories = [memory_pb.NewMemory(text=text) for text in texts]
        with self.acting():
            request = memory_pb.BatchStoreMemoriesRequest(memories=memories, request_id=str(uuid4()))
            await self.memory.BatchStoreMemories(request)

    async def quiet(self) -> None:
        """Returns when all is told that this tenant's turns had to tell."""

        async def heard() -> bool:
            async with as_owner(self._chat, "chat") as connection:
                query = "select count(*) from intents where tenant_id = $1"
                return not await connection.fetchval(query, self.tenant)

        assert await eventually(heard, within_seconds=20)
