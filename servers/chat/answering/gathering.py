"""What a turn needs to know before it can be planned, asked for at once: modulation, memories, the branch it continues.

A service that does not answer costs a short wait and is noted; it never fails the turn.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from servers.chat.dependencies import Dependencies
from servers.chat.domain.knobs import MAX_RETRIES, TOP_P, Knobs, derive
from servers.chat.domain.model import ModelProfile
from servers.chat.features import Features
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.store import BranchMessage, TurnStore
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.common.v1 import level_pb2
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as recall_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError

RECALL_SECONDS: Final = 0.5
RECALL_BUDGET_MILLISECONDS: Final = 250
MODULATION_SECONDS: Final = 0.3
MOST_HISTORY: Final = 1000
# No level gives memories more of the window than this, and no agent needs more of them.
WIDEST_MEMORY_SHARE: Final = 0.35
WIDEST_MEMORY_TOKENS: Final = 20_000
# Attention can double the recall limit; what is too much is cut after the plan.
WIDEST_BREADTH: Final = 2
STORE_THRESHOLD: Final = 0.5
_DEFAULT_WEIGHTS: Final = (1.0, 0.2, 0.1, 1.0, 0.7)
# What works beside the turns: a turn only tells of it when it is down.
BACKGROUND: Final = ("signals", "events")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found, and what chat saw of those it asked."""

    knobs: Knobs
    modulation: common_pb.Modulation
    hits: Sequence[memory_pb.MemoryHit]
    branch: Sequence[BranchMessage]
    observed: tuple[level_pb2.ObservedDependency, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of what did not answer the turn."""
        down = (seen.name for seen in self.observed if seen.state == level_pb2.DEPENDENCY_STATE_DOWN)
        return tuple(name for name in down if name not in BACKGROUND)


class Gatherer:
    """Asks in parallel, each under its own short time limit and breaker."""

    def __init__(
        self,
        store: TurnStore,
        memory: MemoryServiceStub,
        cognitive: ModulationServiceStub,
        dependencies: Dependencies,
        features: Features,
        down: Callable[[], Collection[str]],
    ) -> None:
        """`down` names what this process works with in the background and what is down now, as signals and events."""
        self._down = down
        self._store = store
        self._memory = memory
        self._cognitive = cognitive
        self._dependencies = dependencies
        self._features = features

    async def gather(self, accepted: Accepted) -> Gathered:
        """Everything at once. Raises DATABASE_UNAVAILABLE only."""
        agent = accepted.agent
        knobs = derive(agent.intelligence, agent.resource_micros_per_turn)
        bases = _bases(knobs)
        (modulation, saw_cognitive), (hits, saw_memory), branch = await asyncio.gather(
            self._modulation(accepted, bases), self._recall(accepted, knobs), self._branch(accepted)
        )
        observed = (
            *saw_memory,
            saw_cognitive,
            self._saw_model(accepted.profile),
            *(_seen(name, up=False) for name in self._down()),
        )
        return Gathered(knobs, modulation, hits, branch, observed)

    def _saw_model(self, profile: ModelProfile) -> level_pb2.ObservedDependency:
        """A model that nobody answers at is down, unless another one may stand in for it."""
        if self._dependencies.model_allows(profile):
            return _seen("model", up=True)
        if not any(map(self._dependencies.model_allows, profile.fallbacks)):
            return _seen("model", up=False, detail="failing")
        state = level_pb2.DEPENDENCY_STATE_DEGRADED
        return level_pb2.ObservedDependency(name="model", state=state, detail=f"{profile.profile_id} is failing")

    async def _modulation(
        self, accepted: Accepted, bases: common_pb.KnobBases
    ) -> tuple[common_pb.Modulation, level_pb2.ObservedDependency]:
        agent = accepted.agent
        request = modulation_pb.GetModulationRequest(
            agent_id=str(agent.agent_id),
            conversation_id=str(accepted.conversation_id or ""),
            bases=bases,
            effects_off=self._features.effects_off(accepted.tenant),
            baseline=None if agent.baseline is None else common_pb.Neuromodulators(**_named(agent.baseline)),
        )
        try:
            answer = await self._dependencies.ask(
                "cognitive", lambda: self._cognitive.GetModulation(request, timeout=MODULATION_SECONDS)
            )
        except SomaError as error:
            return neutral_modulation(bases), _seen("cognitive", up=False, detail=error.reason.value)
        return answer.modulation, _seen("cognitive", up=True)

    async def _recall(
        self, accepted: Accepted, knobs: Knobs
    ) -> tuple[Sequence[memory_pb.MemoryHit], tuple[level_pb2.ObservedDependency, ...]]:
        if not self._features.enabled(accepted.tenant, "memory"):
            return (), ()
        request = recall_pb.RecallMemoriesRequest(
            query=_query(accepted.order.text),
            agent_id=str(accepted.agent.agent_id),
            top_k=min(200, knobs.recall_limit * WIDEST_BREADTH),
            token_budget=min(WIDEST_MEMORY_TOKENS, int(accepted.profile.window_tokens * WIDEST_MEMORY_SHARE)),
            weights=weights_message(accepted.weights or _DEFAULT_WEIGHTS),
            time_budget_milliseconds=RECALL_BUDGET_MILLISECONDS,
            turn_id=str(accepted.turn_id),
        )
        try:
            answer = await self._dependencies.ask(
                "memory", lambda: self._memory.RecallMemories(request, timeout=RECALL_SECONDS)
            )
        except SomaError as error:
            return (), (_seen("memory", up=False, detail=error.reason.value),)
        # A recall that was cut off proves nothing: then what others report of memory counts.
        seen = [] if answer.partial else [_seen("memory", up=True)]
        if answer.degraded_reasons:
            seen.append(seen_index(answer))
        return answer.hits, tuple(seen)

    async def _branch(self, accepted: Accepted) -> Sequence[BranchMessage]:
        if accepted.conversation_id is None or accepted.parent_message_id is None:
            return ()
        return await self._store.read_branch(
            accepted.tenant,
            accepted.conversation_id,
            accepted.parent_message_id,
            MOST_HISTORY,
            accepted.profile.window_tokens,
        )


def seen_index(answer: recall_pb.RecallMemoriesResponse) -> level_pb2.ObservedDependency:
    """What a recall with reasons says of the index: a retriever that was too slow once is no index that is down."""
    down = not answer.partial and any("vector" in reason for reason in answer.degraded_reasons)
    state = level_pb2.DEPENDENCY_STATE_DOWN if down else level_pb2.DEPENDENCY_STATE_DEGRADED
    return level_pb2.ObservedDependency(
        name="memory_index", state=state, detail="; ".join(answer.degraded_reasons)[:256]
    )


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
        retrieval_weights=weights_message(_DEFAULT_WEIGHTS),
        neutral=True,
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


def _bases(knobs: Knobs) -> common_pb.KnobBases:
    return common_pb.KnobBases(
        temperature=knobs.temperature,
        top_p=TOP_P,
        max_tool_rounds=knobs.max_tool_rounds,
        max_retries=MAX_RETRIES,
        recall_limit=knobs.recall_limit,
    )


def _named(values: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("dopamine", "serotonin", "noradrenaline", "acetylcholine"), values, strict=True))


def _query(text: str) -> str:
    """At most 64 KiB of it, cut between characters."""
    return text.encode()[:65_536].decode(errors="ignore")


def _seen(name: str, *, up: bool, detail: str = "") -> level_pb2.ObservedDependency:
    state = level_pb2.DEPENDENCY_STATE_UP if up else level_pb2.DEPENDENCY_STATE_DOWN
    return level_pb2.ObservedDependency(name=name, state=state, detail=detail)
