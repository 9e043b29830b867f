"""Serves sweeps and consolidations: messages in, values out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from servers.memory.domain.namespaces import own_namespace
from servers.memory.domain.retention import MIN_RETENTION
from servers.memory.encoding.memories import memory_message
from servers.memory.encoding.upkeep import consolidation_message, sweep_message
from servers.memory.upkeep.consolidating import Consolidating, ConsolidationOrder
from servers.memory.upkeep.proposers import Wish
from servers.memory.upkeep.replaying import Replaying
from servers.memory.upkeep.sweeping import Sweeper, SweepOrder
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import upkeep_pb2
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import current_call

USUAL_SWEPT: Final = 1000
USUAL_SOURCES: Final = 200
LEAST_SOURCES: Final = 2
USUAL_REPLAYED: Final = 256


@dataclass(frozen=True, kw_only=True)
class UpkeepServicing(service_grpc.MemoryServiceServicer):
    """What keeps memories in order, of `soma.memory.v1.MemoryService`."""

    sweeper: Sweeper
    consolidating: Consolidating
    replaying: Replaying
    min_retention: float = MIN_RETENTION

    async def SweepMemories(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.SweepMemoriesRequest, _: Any
    ) -> upkeep_pb2.SweepMemoriesResponse:
        """Take what has expired or faded out of recall."""
        caller = current_call().caller
        order = SweepOrder(
            sweep_id=_own_id(request.request_id, caller),
            namespaces=tuple(dict.fromkeys(request.namespaces)),
            min_retention=request.min_retention if request.HasField("min_retention") else self.min_retention,
            most=request.max_memories or USUAL_SWEPT,
            dry_run=request.dry_run,
            decay_factor=request.decay_factor if request.HasField("decay_factor") else 1.0,
        )
        return await self.sweeper.sweep(caller, order, sweep_message)

    async def RestoreSweep(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.RestoreSweepRequest, _: Any
    ) -> upkeep_pb2.RestoreSweepResponse:
        """Bring back what a sweep took."""
        return await self.sweeper.restore(current_call().caller, UUID(request.sweep_id), _restored)

    async def Consolidate(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.ConsolidateRequest, _: Any
    ) -> upkeep_pb2.ConsolidateResponse:
        """Make fewer facts of many memories."""
        caller = current_call().caller
        order = ConsolidationOrder(
            consolidation_id=_own_id(request.request_id, caller),
            namespace=request.namespace or own_namespace(caller),
            before=_before(request),
            most=max(LEAST_SOURCES, request.max_sources or USUAL_SOURCES),
            wish=Wish(request.use_model, request.model_id, request.token_budget),
            memory_ids=tuple(dict.fromkeys(UUID(each) for each in request.memory_ids)),
        )
        if not request.dry_run:
            return await self.consolidating.consolidate(
                caller, order, lambda it: upkeep_pb2.ConsolidateResponse(consolidation=consolidation_message(it))
            )
        would, texts = await self.consolidating.rehearse(caller, order)
        message = consolidation_message(would)
        message.ClearField("consolidation_id")
        message.fact_count = len(texts)
        return upkeep_pb2.ConsolidateResponse(consolidation=message, proposals=texts)

    async def GetConsolidation(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.GetConsolidationRequest, _: Any
    ) -> upkeep_pb2.GetConsolidationResponse:
        """One consolidation."""
        found = await self.consolidating.read(current_call().caller, UUID(request.consolidation_id))
        return upkeep_pb2.GetConsolidationResponse(consolidation=consolidation_message(found))

    async def ListConsolidations(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.ListConsolidationsRequest, _: Any
    ) -> upkeep_pb2.ListConsolidationsResponse:
        """Consolidations, the newest first."""
        filters = {"consolidations of": request.namespace}
        page = page_of(request.page_size, request.page_token, filters)
        found = await self.consolidating.list_some(
            current_call().caller, request.namespace, page.size + 1, _place(page)
        )
        shown = found[: page.size]
        answer = upkeep_pb2.ListConsolidationsResponse(consolidations=[consolidation_message(it) for it in shown])
        if len(found) > len(shown):
            last = shown[-1]
            answer.next_page_token = next_page_token((last.start_time.isoformat(), str(last.consolidation_id)), filters)
        return answer

    async def RollbackConsolidation(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.RollbackConsolidationRequest, _: Any
    ) -> upkeep_pb2.RollbackConsolidationResponse:
        """Undo a consolidation."""
        return await self.consolidating.roll_back(
            current_call().caller,
            UUID(request.consolidation_id),
            lambda it, woken: upkeep_pb2.RollbackConsolidationResponse(
                consolidation=consolidation_message(it), restored_count=woken
            ),
            stops=request.stop_running,
        )

    async def ReplayMemories(  # noqa: N802 - the contract's name
        self, request: upkeep_pb2.ReplayMemoriesRequest, _: Any
    ) -> upkeep_pb2.ReplayMemoriesResponse:
        """What a sleep cycle replays."""
        caller = current_call().caller
        if request.count_only:
            waiting = await self.replaying.count(caller, list(request.namespaces))
            return upkeep_pb2.ReplayMemoriesResponse(waiting_count=waiting)
        if request.memory_ids:
            found = await self.replaying.again(caller, [UUID(each) for each in request.memory_ids])
        else:
            most = request.max_memories or USUAL_REPLAYED
            found = await self.replaying.first(caller, list(request.namespaces), most)
        return upkeep_pb2.ReplayMemoriesResponse(memories=[memory_message(memory) for memory in found])


def _restored(count: int) -> upkeep_pb2.RestoreSweepResponse:
    return upkeep_pb2.RestoreSweepResponse(restored_count=count)


def _own_id(request_id: str, caller: Caller) -> UUID:
    """What a request makes has the same id in each of its repeats, and another one for each caller."""
    return uuid5(UUID(request_id), caller.sub)


def _before(request: upkeep_pb2.ConsolidateRequest) -> datetime | None:
    if not request.HasField("learned_before_time"):
        return None
    try:
        return request.learned_before_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field("learned_before_time", "it must lie in the years 1 to 9999") from None


def _place(page: Page) -> tuple[datetime, UUID] | None:
    """Where a page goes on. Raises INVALID_FIELD for a token that is none of this list."""
    if page.after is None:
        return None
    try:
        moment, consolidation_id = page.after
        return datetime.fromisoformat(str(moment)), UUID(str(consolidation_id))
    except ValueError:
        raise unreadable_token() from None
