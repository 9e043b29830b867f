"""Servicer of sleep: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from servers.cognitive.decoding.sleeping import order_of
from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.encoding.sleeping import state_message, status_message
from servers.cognitive.rpc.whose import agent_of, own_tenant, tenant
from servers.cognitive.sleeping.cycles import Cycles
from servers.cognitive.sleeping.store import Rest
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.watching import SleepWatch
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc


@dataclass(frozen=True, kw_only=True)
class SleepServicing(sleep_grpc.SleepServiceServicer):
    """The states of `soma.cognitive.v1.SleepService`."""

    sleeps: Sleeps
    sleep_watch: SleepWatch
    cycles: Cycles

    async def TransitionSleep(  # noqa: N802 - the contract's name
        self, request: sleep_pb.TransitionSleepRequest, _: object
    ) -> sleep_pb.TransitionSleepResponse:
        """Bring an agent to a state."""
        own_tenant(request.tenant_id)
        agent_id = agent_of(request.agent_id)
        current = await self.cycles.current(tenant(), agent_id)

        def reply(rest: Rest, before: SleepState) -> sleep_pb.TransitionSleepResponse:
            return sleep_pb.TransitionSleepResponse(
                status=status_message(rest, current), previous_state=state_message(before), trace_id=request.trace_id
            )

        return await self.sleeps.transition(tenant(), agent_id, order_of(request), reply)

    async def GetSleepStatus(  # noqa: N802 - the contract's name
        self, request: sleep_pb.GetSleepStatusRequest, _: object
    ) -> sleep_pb.GetSleepStatusResponse:
        """How an agent sleeps."""
        own_tenant(request.tenant_id)
        agent_id = agent_of(request.agent_id)
        rest = await self.sleeps.read(tenant(), agent_id)
        current = await self.cycles.current(tenant(), agent_id)
        return sleep_pb.GetSleepStatusResponse(status=status_message(rest, current))

    async def WatchSleep(  # noqa: N802 - the contract's name
        self, request: sleep_pb.WatchSleepRequest, _: object
    ) -> AsyncGenerator[sleep_pb.WatchSleepResponse, None]:
        """How an agent sleeps, and each change."""
        async with aclosing(self.sleep_watch.watch((tenant(), agent_of(request.agent_id)))) as rests:
            async for rest in rests:
                current = await self.cycles.current(tenant(), rest.agent_id)
                yield sleep_pb.WatchSleepResponse(status=status_message(rest, current))
