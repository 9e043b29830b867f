"""What an agent's mind makes of a turn: its modulation, whether it sleeps, and waking it for whoever asks.

A cognitive service that does not answer makes nothing of it: every knob stays at its base, and nobody sleeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.chat.dependencies import Dependencies
from servers.chat.domain.agent import Agent
from servers.chat.domain.knobs import MAX_RETRIES, TOP_P, Knobs, derive
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.cognitive.v1.sleep_service_pb2_grpc import SleepServiceStub
from soma.common.v1 import level_pb2
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.rpc.features import Features

_LOG: Final = get_logger("soma.chat.minds")
MODULATION_SECONDS: Final = 0.3
WAKE_SECONDS: Final = 1.5
STORE_THRESHOLD: Final = 0.5
DEFAULT_WEIGHTS: Final = (1.0, 0.2, 0.1, 1.0, 0.7)
ACTIVE: Final = "active"
DEEP: Final = "deep"
FREEZE: Final = "freeze"


@dataclass(frozen=True, slots=True)
class Mind:
    """What was said of an agent's mind, and how the cognitive service was seen."""

    modulation: common_pb.Modulation
    seen: level_pb2.ObservedDependency

    @property
    def rests(self) -> bool:
        """Whether it answers that it rests."""
        return self.modulation.sleep_state == DEEP

    def demand_unfrozen(self, agent: Agent) -> None:
        """Raises AGENT_FROZEN for an agent that takes no turns."""
        if self.modulation.sleep_state == FREEZE:
            raise SomaError(Reason.AGENT_FROZEN, {"agent_id": str(agent.agent_id)})


class Minds:
    """Asks the cognitive service, under its breaker and a short time limit."""

    def __init__(
        self,
        modulation: ModulationServiceStub,
        sleep: SleepServiceStub,
        dependencies: Dependencies,
        features: Features,
    ) -> None:
        self._modulation = modulation
        self._sleep = sleep
        self._dependencies = dependencies
        self._features = features

    async def ask(self, tenant: TenantId, agent: Agent, conversation_id: UUID | None) -> Mind:
        """The mind as it is now; a neutral one where nobody answers."""
        bases = bases_of(agent)
        request = modulation_pb.GetModulationRequest(
            agent_id=str(agent.agent_id),
            conversation_id=str(conversation_id or ""),
            bases=bases,
            effects_off=self._features.effects_off(tenant),
            baseline=None if agent.baseline is None else common_pb.Neuromodulators(**_named(agent.baseline)),
        )
        try:
            answer = await self._dependencies.ask(
                "cognitive", lambda: self._modulation.GetModulation(request, timeout=MODULATION_SECONDS)
            )
        except SomaError as error:
            return Mind(neutral_modulation(bases), seen_cognitive(error))
        return Mind(answer.modulation, seen_cognitive())

    async def woken(self, mind: Mind, agent: Agent, tenant: TenantId, turn_id: UUID) -> Mind:
        """The mind of a resting agent after it was woken for a turn; as it was where it cannot be woken."""
        request = sleep_pb.TransitionSleepRequest(
            agent_id=str(agent.agent_id),
            target_state=ACTIVE,
            wake=True,
            # The turn that wakes it is open itself: nothing is to be waited for.
            async_mode=True,
            trace_id=str(turn_id),
            request_id=str(uuid5(turn_id, "wake")),
        )
        try:
            await self._sleep.TransitionSleep(request, timeout=WAKE_SECONDS)
        except SomaError as error:
            _LOG.info("an agent stays asleep", agent_id=request.agent_id, reason=error.reason.value)
            return mind
        return await self.ask(tenant, agent, None)


def neutral_modulation(bases: common_pb.KnobBases) -> common_pb.Modulation:
    """What holds when the cognitive service does not answer: every knob at its base."""
    return common_pb.Modulation(
        temperature=bases.temperature,
        top_p=bases.top_p,
        max_tool_rounds=bases.max_tool_rounds,
        max_retries=bases.max_retries,
        recall_limit=bases.recall_limit,
        learning_rate_factor=1.0,
        store_threshold=STORE_THRESHOLD,
        retrieval_weights=weights_message(DEFAULT_WEIGHTS),
        neutral=True,
        sleep_state=ACTIVE,
        recall_time_factor=1.0,
    )


def bases_of(agent: Agent) -> common_pb.KnobBases:
    """The knobs of an agent before its mind moves them."""
    knobs: Knobs = derive(agent.intelligence, agent.resource_micros_per_turn)
    return common_pb.KnobBases(
        temperature=knobs.temperature,
        top_p=TOP_P,
        max_tool_rounds=knobs.max_tool_rounds,
        max_retries=MAX_RETRIES,
        recall_limit=knobs.recall_limit,
    )


def weights_message(weights: Sequence[float]) -> common_pb.RetrievalWeights:
    """Retrieval weights as a message, in the order in which chat's row keeps them."""
    vector, graph, recency, lexical, temperature = weights
    return common_pb.RetrievalWeights(
        vector=vector, graph=graph, recency=recency, lexical=lexical, temperature=temperature
    )


def weights_values(message: common_pb.RetrievalWeights) -> tuple[float, ...]:
    """The same, back again."""
    return (message.vector, message.graph, message.recency, message.lexical, message.temperature)


def seen_cognitive(error: SomaError | None = None) -> level_pb2.ObservedDependency:
    """How the cognitive service was seen by whoever asked it."""
    state = level_pb2.DEPENDENCY_STATE_UP if error is None else level_pb2.DEPENDENCY_STATE_DOWN
    return level_pb2.ObservedDependency(
        name="cognitive", state=state, detail="" if error is None else error.reason.value
    )


def _named(values: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("dopamine", "serotonin", "noradrenaline", "acetylcholine"), values, strict=True))
