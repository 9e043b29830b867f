"""Servicer of acting: protos in, values to the use cases, protos out.

Nothing is decided here but whose namespace and session a request may mean.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from servers.cognitive.acting.acting import Acting
from servers.cognitive.acting.order import TOP_K, Order
from servers.cognitive.acting.store import Asked, Session
from servers.cognitive.rpc.whose import agent_of, own_tenant
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import body_hash


class ActServicer(act_grpc.ActServiceServicer):
    """`soma.cognitive.v1.ActService`."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    async def Act(  # noqa: N802 - the contract's name
        self, request: act_pb.ActRequest, _: Any
    ) -> act_pb.ActResponse:
        """The steps of one action."""
        answer = act_pb.ActResponse()
        async with aclosing(self._acting.act(_order(request))) as events:
            async for event in events:
                if isinstance(event, act_pb.ActResponse):
                    answer = event
        return answer

    async def StreamAct(  # noqa: N802 - the contract's name
        self, request: act_pb.StreamActRequest, _: Any
    ) -> AsyncIterator[act_pb.StreamActResponse]:
        """The same, step by step."""
        async with aclosing(self._acting.act(_order(request.act))) as events:
            async for event in events:
                if isinstance(event, act_pb.ActResponse):
                    yield act_pb.StreamActResponse(done=event)
                else:
                    yield act_pb.StreamActResponse(step=event)

    async def GetWorkingMemory(  # noqa: N802 - the contract's name
        self, request: act_pb.GetWorkingMemoryRequest, _: Any
    ) -> act_pb.GetWorkingMemoryResponse:
        """What is in mind in a session of the caller."""
        items = await self._acting.in_mind(_session(request.agent_id, request.session_id))
        return act_pb.GetWorkingMemoryResponse(
            items=[
                act_pb.WorkingItem(
                    text=item.text,
                    salience=item.salience,
                    salient_count=item.salient_count,
                    memory_id=str(item.memory_id or ""),
                )
                for item in items
            ]
        )


def _order(request: act_pb.ActRequest) -> Order:
    """What is asked for. Raises INVALID_FIELD, and RESOURCE_NOT_FOUND for another person's namespace."""
    own_tenant(request.tenant_id)
    if "\0" in request.task:
        raise invalid_field("task", "it must not contain the character U+0000")
    caller = current_call().caller
    if request.universe.startswith("user:") and request.universe != f"user:{caller.sub}" and not caller.sees_all:
        raise not_found("namespace", request.universe)
    return Order(
        session=_session(request.agent_id, request.session_id or request.request_id),
        asked=Asked(UUID(request.request_id), body_hash(request)),
        task=request.task,
        universe=request.universe,
        top_k=request.top_k or TOP_K,
        dry_run=request.dry_run,
    )


def _session(agent_id: str, session_id: str) -> Session:
    """A session of the caller. Raises INVALID_FIELD."""
    if "\0" in session_id:
        raise invalid_field("session_id", "it must not contain the character U+0000")
    caller = current_call().caller
    return Session(caller.tenant_id, agent_of(agent_id), caller.sub, session_id)
