"""Serves sleep cycles: messages in, values out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from servers.cognitive.domain.cycles import USUAL_SECONDS, USUAL_TOKENS, Cycle, Wishes
from servers.cognitive.encoding.cycles import cycle_message
from servers.cognitive.rpc.whose import agent_of, own_tenant, tenant
from servers.cognitive.sleeping.cycles import Cycles
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token


@dataclass(frozen=True, kw_only=True)
class CycleServicing(sleep_grpc.SleepServiceServicer):
    """The cycles of `soma.cognitive.v1.SleepService`."""

    cycles: Cycles

    async def RunSleepCycle(  # noqa: N802 - the contract's name
        self, request: sleep_pb.RunSleepCycleRequest, _: object
    ) -> sleep_pb.RunSleepCycleResponse:
        """Run a cycle now."""
        own_tenant(request.tenant_id)
        return await self.cycles.run_now(
            tenant(),
            agent_of(request.agent_id),
            _wishes(request),
            UUID(request.request_id),
            lambda cycle: sleep_pb.RunSleepCycleResponse(cycle=cycle_message(cycle)),
            waits=not request.async_mode,
        )

    async def ListSleepCycles(  # noqa: N802 - the contract's name
        self, request: sleep_pb.ListSleepCyclesRequest, _: object
    ) -> sleep_pb.ListSleepCyclesResponse:
        """The cycles of an agent, the newest first."""
        agent_id = agent_of(request.agent_id)
        filters = {"cycles of": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filters)
        found = await self.cycles.list_some(tenant(), agent_id, _place(page), page.size + 1)
        shown = found[: page.size]
        answer = sleep_pb.ListSleepCyclesResponse(cycles=[cycle_message(cycle) for cycle in shown])
        if len(found) > len(shown):
            answer.next_page_token = next_page_token(_key(shown[-1]), filters)
        return answer

    async def CancelSleepCycle(  # noqa: N802 - the contract's name
        self, request: sleep_pb.CancelSleepCycleRequest, _: object
    ) -> sleep_pb.CancelSleepCycleResponse:
        """Stop a cycle."""
        return await self.cycles.cancel(
            tenant(),
            UUID(request.cycle_id),
            lambda cycle: sleep_pb.CancelSleepCycleResponse(cycle=cycle_message(cycle)),
        )


def _wishes(request: sleep_pb.RunSleepCycleRequest) -> Wishes:
    return Wishes(
        nrem=request.nrem if request.HasField("nrem") else True,
        rem=request.rem if request.HasField("rem") else True,
        token_budget=request.token_budget if request.HasField("token_budget") else USUAL_TOKENS,
        max_seconds=request.max_seconds or USUAL_SECONDS,
    )


def _key(cycle: Cycle) -> tuple[str, str]:
    return cycle.start_time.isoformat(), str(cycle.cycle_id)


def _place(page: Page) -> tuple[datetime, UUID] | None:
    """Where a page goes on. Raises INVALID_FIELD for a token that is none of this list."""
    if page.after is None:
        return None
    try:
        moment, cycle_id = page.after
        return datetime.fromisoformat(str(moment)), UUID(str(cycle_id))
    except ValueError:
        raise unreadable_token() from None
