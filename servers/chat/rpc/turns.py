"""Serves turns: messages in, values out, nothing else.

Its streams are serialised events: what the journal keeps is what is sent.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.model import ToolCallPart
from servers.chat.followers import Followers
from servers.chat.order import read_order
from servers.chat.requests import TurnRequests
from servers.chat.store import TurnRow
from servers.chat.stream import usage_message
from servers.chat.turns import Turns
from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

_STATUS: Final = {
    "running": turn_pb.TURN_STATUS_RUNNING,
    "completed": turn_pb.TURN_STATUS_COMPLETED,
    "failed": turn_pb.TURN_STATUS_FAILED,
    "cancelled": turn_pb.TURN_STATUS_CANCELLED,
    "refused": turn_pb.TURN_STATUS_REFUSED,
    "waiting": turn_pb.TURN_STATUS_WAITING,
    "queued": turn_pb.TURN_STATUS_QUEUED,
}


class TurnServicer(turn_grpc.TurnServiceServicer):
    """soma.chat.v1.TurnService."""

    def __init__(self, turns: Turns, followers: Followers, requests: TurnRequests) -> None:
        self._turns = turns
        self._followers = followers
        self._requests = requests

    async def SendMessage(  # noqa: N802 - the contract's name
        self, request: turn_pb.SendMessageRequest, context: Any
    ) -> AsyncIterator[Any]:
        """Starts a turn and follows it."""
        order = read_order(request, current_call().caller)
        async with aclosing(self._turns.send(order)) as events:
            async for data in events:
                yield data

    async def ResumeTurn(  # noqa: N802
        self, request: turn_pb.ResumeTurnRequest, context: Any
    ) -> AsyncIterator[Any]:
        """Follows a turn from any point."""
        caller = current_call().caller
        async with aclosing(self._followers.follow(caller, UUID(request.turn_id), request.after_sequence)) as events:
            async for data in events:
                yield data

    async def CancelTurn(  # noqa: N802
        self, request: turn_pb.CancelTurnRequest, context: Any
    ) -> turn_pb.CancelTurnResponse:
        """Stops a turn."""
        row = await self._requests.cancel(current_call().caller, UUID(request.turn_id))
        response = turn_pb.CancelTurnResponse(status=_STATUS[row.status])
        await self._requests.record(row, Once.current(), response)
        return response

    async def GetTurn(self, request: turn_pb.GetTurnRequest, context: Any) -> turn_pb.GetTurnResponse:  # noqa: N802
        """One turn."""
        row = await self._requests.find(current_call().caller, UUID(request.turn_id))
        text, calls = await self._requests.answer(row)
        return turn_pb.GetTurnResponse(turn=_turn(row, text, calls))


def _turn(row: TurnRow, text: str, calls: tuple[ToolCallPart, ...]) -> turn_pb.Turn:
    error = row.error
    turn = turn_pb.Turn(
        turn_id=str(row.turn_id),
        conversation_id=str(row.conversation_id or ""),
        agent_id=str(row.agent_id),
        status=_STATUS[row.status],
        last_sequence=row.last_sequence,
        user_message_id=str(row.user_message_id or ""),
        assistant_message_id=str(row.assistant_message_id),
        text=text,
        finish_reason=row.finish_reason,
        error_reason="" if error is None else error.reason.value,
        error_sentence="" if error is None else error.sentence,
        usage=usage_message(row.usage),
        cost_micros=row.cost_micros,
        receipt_id=str(row.receipt_id or ""),
        model=row.model,
        request_id=str(row.request_id or ""),
        tool_calls=[
            message_pb2.ToolCall(call_id=it.call_id, name=it.name, arguments_json=it.arguments_json) for it in calls
        ],
    )
    turn.create_time.FromDatetime(row.create_time)
    if row.end_time is not None:
        turn.end_time.FromDatetime(row.end_time)
    return turn
