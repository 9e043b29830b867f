"""Serves plans: messages in, values out.

Nothing is decided here.
"""

from dataclasses import dataclass
from functools import partial

from servers.governor.decoding.plans import plan_order
from servers.governor.encoding.plans import plan_messages
from servers.governor.planning.turns import Planning
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class PlanServicing(governor_grpc.GovernorServiceServicer):
    """The plan of a turn of `soma.governor.v1.GovernorService`."""

    planning: Planning

    async def PlanTurn(  # noqa: N802 - the contract's name
        self, request: governor_pb.PlanTurnRequest, _: object
    ) -> governor_pb.PlanTurnResponse:
        """Plan a turn."""
        order = plan_order(request)
        answer = await self.planning.plan_turn(current_call(), order, partial(plan_messages, request))
        return governor_pb.PlanTurnResponse.FromString(answer)
