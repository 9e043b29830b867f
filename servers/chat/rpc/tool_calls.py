"""Serves what people and clients say about calls of tools: results, decisions, and what waits for one.

Nothing is decided here.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.model import ToolCallPart
from servers.chat.tools.approvals import APPROVE, DENY, Approvals, Decision, PendingCall, Place
from servers.chat.tools.messages import call_message
from servers.chat.tools.results import Given, ToolResults
from soma.chat.v1 import turn_event_pb2
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call

_DECISIONS: Final = {
    turn_event_pb2.APPROVAL_DECISION_APPROVE: APPROVE,
    turn_event_pb2.APPROVAL_DECISION_DENY: DENY,
}
_STATUS: Final = {"running": turn_pb.TURN_STATUS_RUNNING, "waiting": turn_pb.TURN_STATUS_WAITING}


class ToolCallServicing(turn_grpc.TurnServiceServicer):
    """The methods about calls of tools of `soma.chat.v1.TurnService`."""

    def __init__(self, approvals: Approvals, results: ToolResults) -> None:
        self._approvals = approvals
        self._results = results

    async def SubmitToolResult(  # noqa: N802 - the contract's name
        self, request: turn_pb.SubmitToolResultRequest, context: Any
    ) -> turn_pb.SubmitToolResultResponse:
        """The result of a tool of the client."""

        def reply(missing: Sequence[str], continuing: UUID | None) -> turn_pb.SubmitToolResultResponse:
            return turn_pb.SubmitToolResultResponse(
                missing_call_ids=missing, continuing_turn_id="" if continuing is None else str(continuing)
            )

        given = Given(UUID(request.turn_id), request.call_id, request.content, request.failed)
        return await self._results.submit(current_call().caller, given, reply)

    async def ResolveApproval(  # noqa: N802
        self, request: turn_pb.ResolveApprovalRequest, context: Any
    ) -> turn_pb.ResolveApprovalResponse:
        """Decides about a call."""
        caller = current_call().caller
        if "\x00" in request.note:
            raise invalid_field("note", "it must not contain the character U+0000")
        decision = Decision(
            UUID(request.turn_id),
            request.call_id,
            _DECISIONS[request.decision],
            request.arguments_hash,
            request.note,
            caller.sub,
        )
        return await self._approvals.resolve(
            caller, decision, lambda status: turn_pb.ResolveApprovalResponse(status=_STATUS[status])
        )

    async def ListApprovals(  # noqa: N802
        self, request: turn_pb.ListApprovalsRequest, context: Any
    ) -> turn_pb.ListApprovalsResponse:
        """What waits for consent."""
        filters = {"conversation": request.conversation_id}
        page = page_of(request.page_size, request.page_token, filters)
        conversation_id = UUID(request.conversation_id) if request.conversation_id else None
        found = await self._approvals.pending(current_call().caller, conversation_id, _place(page), page.size + 1)
        answer = turn_pb.ListApprovalsResponse(approvals=[_pending(call) for call in found[: page.size]])
        if len(found) > page.size:
            last = found[page.size - 1]
            answer.next_page_token = next_page_token(
                (last.create_time.isoformat(), str(last.turn_id), last.call_id), filters
            )
        return answer


def _place(page: Page) -> Place | None:
    match page.after:
        case None:
            return None
        case (str(moment), str(turn_id), str(call_id)):
            with suppress(ValueError):
                time = datetime.fromisoformat(moment)
                if time.tzinfo is not None:
                    return time, UUID(turn_id), call_id
    raise unreadable_token()


def _pending(call: PendingCall) -> turn_pb.PendingApproval:
    part = ToolCallPart(call.call_id, call.name, call.arguments_json)
    message = turn_pb.PendingApproval(
        turn_id=str(call.turn_id),
        conversation_id=str(call.conversation_id),
        conversation_title=call.title,
        agent_id=str(call.agent_id),
        request=turn_event_pb2.ApprovalRequested(
            call=call_message(part), arguments_hash=call.arguments_hash, sentence=call.sentence
        ),
    )
    message.request.expire_time.FromDatetime(call.expire_time)
    message.create_time.FromDatetime(call.create_time)
    return message
