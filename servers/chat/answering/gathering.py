"""What a turn needs to know before it can be planned: its mind, then memories and the branch that it continues.

What is recalled, and how, depends on the mind. A service that does not answer costs a short wait and is noted; it never
fails the turn.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from servers.chat.answering.minds import DEFAULT_WEIGHTS, Mind, Minds, weights_message
from servers.chat.dependencies import Dependencies
from servers.chat.domain.knobs import Knobs, derive
from servers.chat.domain.model import ModelProfile
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.store import BranchMessage, TurnStore
from soma.common.v1 import level_pb2
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as recall_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.rpc.features import Features

RECALL_SECONDS: Final = 0.5
RECALL_BUDGET_MILLISECONDS: Final = 250
MOST_HISTORY: Final = 1000
# No level gives memories more of the window than this, and no agent needs more of them.
WIDEST_MEMORY_SHARE: Final = 0.35
WIDEST_MEMORY_TOKENS: Final = 20_000
# However deep the sleep, a recall is given so much of its time and asked for something.
LEAST_TIME_FACTOR: Final = 0.1
MOST_RECALLED: Final = 200
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
        minds: Minds,
        dependencies: Dependencies,
        features: Features,
        down: Callable[[], Collection[str]],
    ) -> None:
        """`down` names what this process works with in the background and what is down now, as signals and events."""
        self._down = down
        self._store = store
        self._memory = memory
        self._minds = minds
        self._dependencies = dependencies
        self._features = features

    async def gather(self, accepted: Accepted, *, begun: bool) -> Gathered:
        """Everything; `begun` says that the turn told something. Raises DATABASE_UNAVAILABLE and AGENT_FROZEN."""
        agent = accepted.agent
        knobs = derive(agent.intelligence, agent.resource_micros_per_turn)
        mind = await self._mind(accepted, begun=begun)
        # Who began an answer awake ends it so.
        rests = mind.rests and not begun
        (hits, saw_memory), branch = await asyncio.gather(
            self._recall(accepted, knobs, mind.modulation, rests=rests), self._branch(accepted)
        )
        observed = (
            *saw_memory,
            mind.seen,
            self._saw_model(accepted.profile),
            *(_seen(name, up=False) for name in self._down()),
        )
        return Gathered(knobs, mind.modulation, hits, branch, observed)

    def _saw_model(self, profile: ModelProfile) -> level_pb2.ObservedDependency:
        """A model that nobody answers at is down, unless another one may stand in for it."""
        if self._dependencies.model_allows(profile):
            return _seen("model", up=True)
        if not any(map(self._dependencies.model_allows, profile.fallbacks)):
            return _seen("model", up=False, detail="failing")
        state = level_pb2.DEPENDENCY_STATE_DEGRADED
        return level_pb2.ObservedDependency(name="model", state=state, detail=f"{profile.profile_id} is failing")

    async def _mind(self, accepted: Accepted, *, begun: bool) -> Mind:
        """The mind of the turn; woken, where it rests and the request says so.

        Raises AGENT_FROZEN, for a turn that waited until it could begin.
        """
        tenant, agent = accepted.tenant, accepted.agent
        mind = accepted.mind or await self._minds.ask(tenant, agent, accepted.conversation_id)
        if not begun:
            mind.demand_unfrozen(agent)
        if mind.rests and accepted.order.options.wake:
            return await self._minds.woken(mind, agent, tenant, accepted.turn_id)
        return mind

    async def _recall(
        self, accepted: Accepted, knobs: Knobs, modulation: common_pb.Modulation, *, rests: bool
    ) -> tuple[Sequence[memory_pb.MemoryHit], tuple[level_pb2.ObservedDependency, ...]]:
        if rests or not self._features.enabled(accepted.tenant, "memory"):
            return (), ()
        # A mind that nobody asked has no weights; those of the last turn are still the agent's.
        kept = weights_message(accepted.weights or DEFAULT_WEIGHTS)
        time_factor = min(1.0, max(LEAST_TIME_FACTOR, modulation.recall_time_factor or 1.0))
        request = recall_pb.RecallMemoriesRequest(
            query=_query(accepted.order.text),
            agent_id=str(accepted.agent.agent_id),
            top_k=min(MOST_RECALLED, modulation.recall_limit or knobs.recall_limit),
            token_budget=min(WIDEST_MEMORY_TOKENS, int(accepted.profile.window_tokens * WIDEST_MEMORY_SHARE)),
            weights=kept if modulation.neutral else modulation.retrieval_weights,
            time_budget_milliseconds=round(RECALL_BUDGET_MILLISECONDS * time_factor),
            turn_id=str(accepted.turn_id),
        )
        try:
            answer = await self._dependencies.ask(
                "memory", lambda: self._memory.RecallMemories(request, timeout=RECALL_SECONDS * time_factor)
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


def _query(text: str) -> str:
    """At most 64 KiB of it, cut between characters."""
    return text.encode()[:65_536].decode(errors="ignore")


def _seen(name: str, *, up: bool, detail: str = "") -> level_pb2.ObservedDependency:
    state = level_pb2.DEPENDENCY_STATE_UP if up else level_pb2.DEPENDENCY_STATE_DOWN
    return level_pb2.ObservedDependency(name=name, state=state, detail=detail)
