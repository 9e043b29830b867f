"""What an action asks of memory, in its caller's name: what is known, what to keep, what links lead to.

Memory may be away: whatever it does not give is told as a sentence, and an action that saw it away asks no more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from servers.cognitive.acting.order import Mind
from servers.cognitive.domain.planning import MOST_SECONDS, Link
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import current_call

# An action may wait longer than a turn for what is remembered.
RECALL_BUDGET_MILLISECONDS: Final = 2000
RECALL_SECONDS: Final = 3.0
# What an action keeps of its call's time to write what it did and to answer.
RESERVE_SECONDS: Final = 0.2
STORE_SECONDS: Final = 5.0
_HOPS: Final = 4
_NEIGHBOURS: Final = 50
# What memory says of one text only; after anything else it is not asked again in the same action.
_OF_ONE_TEXT: Final = frozenset((Reason.MEMORY_REFUSED, Reason.INVALID_FIELD, Reason.REQUEST_ID_REUSED))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action looks, for which agent and in what mind; without a `universe` wherever the caller may read."""

    agent_id: UUID
    universe: str
    mind: Mind


@dataclass(frozen=True, slots=True)
class Known:
    """What was recalled, the best first; `why` says what is missing."""

    hits: Sequence[memory_pb.MemoryHit] = ()
    why: str = ""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """The memory that a text became, or why it did not; `refused` where memory decided so."""

    memory_id: UUID | None = None
    why: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The links around some memories and the texts of what they lead to; `why` says what is missing."""

    links: Sequence[Link] = ()
    texts: dict[UUID, str] = field(default_factory=dict)
    why: str = ""


class Remembering:
    """Memory as one action sees it."""

    def __init__(self, memory: MemoryServiceStub, place: Place, plan_seconds: float = MOST_SECONDS) -> None:
        self._memory = memory
        self._place = place
        self._plan_seconds = plan_seconds
        self._away = ""

    async def recall(self, step: str) -> Known:
        """The memories that fit a step best."""
        if self._away:
            return Known(why=self._away, answered=False)
        place = self._place
        request = service_pb.RecallMemoriesRequest(
            query=step,
            namespaces=[place.universe] if place.universe else [],
            agent_id=str(place.agent_id),
            top_k=place.mind.recall_limit,
            weights=place.mind.weights,
            time_budget_milliseconds=int(RECALL_BUDGET_MILLISECONDS * place.mind.recall_time_factor),
        )
        try:
            answer = await self._memory.RecallMemories(request, timeout=_within(RECALL_SECONDS))
        except SomaError as error:
            return Known(why=self._seen(error), answered=False)
        return Known(answer.hits, "; ".join(answer.degraded_reasons) if answer.partial else "")

    async def keep(self, request: service_pb.StoreMemoryRequest) -> Kept:
        """Keep a text. Repeated with the same request it is kept once."""
        if self._away:
            return Kept(why=self._away)
        try:
            answer = await self._memory.StoreMemory(request, timeout=_within(STORE_SECONDS))
        except SomaError as error:
            return Kept(why=self._seen(error), refused=error.reason is Reason.MEMORY_REFUSED)
        return Kept(UUID(answer.memory.memory_id))

    async def around(self, memories: Sequence[UUID]) -> Surroundings:
        """What links lead to from each of some memories, as far as it can be said in the time of a plan."""
        if self._away:
            return Surroundings(why=self._away)
        if not memories:
            return Surroundings()
        seconds = _within(self._plan_seconds)
        asked = [asyncio.ensure_future(self._neighbours(each)) for each in memories]
        try:
            await asyncio.wait(asked, timeout=seconds)
        finally:
            late = [each for each in asked if not each.done()]
            for each in late:
                each.cancel()
            results = await asyncio.gather(*asked, return_exceptions=True)
        told = [each for each in results if isinstance(each, graph_pb.ListNeighborsResponse)]
        failed = [each for each in results if isinstance(each, SomaError)]
        return self._surroundings(told, _why(failed, len(late), seconds))

    async def _neighbours(self, memory_id: UUID) -> graph_pb.ListNeighborsResponse:
        request = graph_pb.ListNeighborsRequest(
            memory_id=str(memory_id),
            max_hops=_HOPS,
            direction=graph_pb.LINK_DIRECTION_OUTGOING,
            page_size=_NEIGHBOURS,
        )
        answer: graph_pb.ListNeighborsResponse = await self._memory.ListNeighbors(request)
        return answer

    def _surroundings(self, told: Sequence[graph_pb.ListNeighborsResponse], why: str) -> Surroundings:
        near = [each for answer in told for each in answer.neighbors if self._is_here(each.memory)]
        links = {
            Link(UUID(link.source_memory_id), UUID(link.target_memory_id), link.strength)
            for each in near
            for link in each.path
        }
        texts = {UUID(each.memory.memory_id): each.memory.text for each in near}
        return Surroundings(sorted(links, key=lambda link: (link.source, link.target)), texts, why)

    def _is_here(self, memory: memory_pb.Memory) -> bool:
        return not self._place.universe or memory.namespace == self._place.universe

    def _seen(self, error: SomaError) -> str:
        if error.reason not in _OF_ONE_TEXT:
            self._away = error.sentence
        return error.sentence


def _within(seconds: float) -> float:
    """So long, or as long as the call leaves time for."""
    remaining = current_call().remaining_seconds()
    return seconds if remaining is None else max(min(seconds, remaining - RESERVE_SECONDS), 0.0)


def _why(failed: Sequence[SomaError], late: int, seconds: float) -> str:
    if late:
        return f"its links were not all told within {1000 * seconds:.0f} ms"
    # A memory that was deleted meanwhile leads nowhere; that is no failure.
    other = [error for error in failed if error.reason is not Reason.RESOURCE_NOT_FOUND]
    return other[0].sentence if other else ""
