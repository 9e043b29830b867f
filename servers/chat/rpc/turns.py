"""Serves turns: messages in, values out, nothing else.

Its streams are serialised events: what the journal keeps is what is sent.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.answering.rebuilding import Rebuilding
from servers.chat.domain.model import ToolCallPart
from servers.chat.rpc.tool_calls import ToolCallServicing
from servers.chat.tools.approvals import Approvals
from servers.chat.tools.messages import call_message
from servers.chat.tools.results import ToolResults
from servers.chat.turns.asking_anew import read_edit, read_regeneration
from servers.chat.turns.engine import Turns
from servers.chat.turns.followers import Followers
from servers.chat.turns.order import read_order
from servers.chat.turns.rating import RATINGS, Ratings, Verdict
from servers.chat.turns.requests import TurnRequests
from servers.chat.turns.store import TurnRow
from servers.chat.turns.stream import usage_message
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
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
_STATUS_NAMES: Final = {number: name for name, number in _STATUS.items()}


class TurnServicer(ToolCallServicing):
    """soma.chat.v1.TurnService."""

    def __init__(
        self,
        turns: Turns,
        followers: Followers,
        requests: TurnRequests,
        ratings: Ratings,
        approvals: Approvals,
        results: ToolResults,
        rebuilding: Rebuilding,
    ) -> None:
        super().__init__(approvals, results)
        self._ratings = ratings
        self._rebuilding = rebuilding
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

    async def RegenerateMessage(  # noqa: N802
        self, request: turn_pb.RegenerateMessageRequest, context: Any
    ) -> AsyncIterator[Any]:
        """Answers a question anew and follows the answer."""
        async with aclosing(self._turns.send(read_regeneration(request, current_call().caller))) as events:
            async for data in events:
                yield data

    async def EditMessage(  # noqa: N802
        self, request: turn_pb.EditMessageRequest, context: Any
    ) -> AsyncIterator[Any]:
        """Says something else and follows the answer."""
        async with aclosing(self._turns.send(read_edit(request, current_call().caller))) as events:
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

    async def ListTurns(  # noqa: N802
        self, request: turn_pb.ListTurnsRequest, context: Any
    ) -> turn_pb.ListTurnsResponse:
        """Turns, newest first."""
        filters = {"conversation": request.conversation_id, "status": request.status}
        page = page_of(request.page_size, request.page_token, filters)
        conversation_id = UUID(request.conversation_id) if request.conversation_id else None
        found = await self._requests.page(
            current_call().caller, conversation_id, _STATUS_NAMES.get(request.status), _place(page), page.size + 1
        )
        answer = turn_pb.ListTurnsResponse(turns=[_turn(row, "", ()) for row in found[: page.size]])
        if len(found) > page.size:
            answer.next_page_token = next_page_token((str(found[page.size - 1].turn_id),), filters)
        return answer

    async def RebuildPrompt(  # noqa: N802
        self, request: turn_pb.RebuildPromptRequest, context: Any
    ) -> turn_pb.RebuildPromptResponse:
        """A call's body, made again."""
        made = await self._rebuilding.rebuild(current_call().caller, UUID(request.turn_id), request.leg or 1)
        return turn_pb.RebuildPromptResponse(body=made.body, exact=made.exact, missing=made.missing, model=made.model)

    async def RateTurn(self, request: turn_pb.RateTurnRequest, context: Any) -> turn_pb.RateTurnResponse:  # noqa: N802
        """Keeps how an answer was."""

        def reply(moment: datetime) -> turn_pb.RateTurnResponse:
            answer = turn_pb.RateTurnResponse()
            answer.rate_time.FromDatetime(moment)
            return answer

        verdict = Verdict(request.rating, request.text)
        return await self._ratings.rate(current_call().caller, UUID(request.turn_id), verdict, reply)


def _place(page: Page) -> UUID | None:
    match page.after:
        case None:
            return None
        case (str(turn_id),):
            with suppress(ValueError):
                return UUID(turn_id)
    raise unreadable_token()


def _turn(row: TurnRow, text: str, calls: tuple[ToolCallPart, ...]) -> turn_pb.Turn:
    error = row.error
    turn = turn_pb.Turn(
        turn_id=str(row.turn_id),
        conversation_id=str(row.conversation_id or ""),
        agent_id=str(row.agent_id),
        status=_STATUS[row.status],
        last_sequence=row.last_sequence,
        user_message_id="" if row.continues else str(row.user_message_id or ""),
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
        tool_calls=map(call_message, calls),
        rating=RATINGS[row.rating],
    )
    turn.create_time.FromDatetime(row.create_time)
    if row.end_time is not None:
        turn.end_time.FromDatetime(row.end_time)
    return turn
