"""The calls of what deals with consents: one function each, by the owner's session.

Nothing here prints or asks a person.
"""

from typing import Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc

_PAGE: Final = 200
APPROVE: Final = event_pb.APPROVAL_DECISION_APPROVE
DENY: Final = event_pb.APPROVAL_DECISION_DENY


async def pending(doors: Doors, conversation_id: str = "") -> list[turn_pb.PendingApproval]:
    """What waits for consent, oldest first: in one conversation or all of the owner's. Raises SomaError."""
    turns = doors.stub("chat", turn_grpc.TurnServiceStub)
    found: list[turn_pb.PendingApproval] = []
    token = ""
    while True:
        request = turn_pb.ListApprovalsRequest(page_size=_PAGE, page_token=token, conversation_id=conversation_id)
        page = await turns.ListApprovals(request)
        found += page.approvals
        token = page.next_page_token
        if not token:
            return found


async def one(doors: Doors, turn_id: str, call_id: str) -> turn_pb.PendingApproval:
    """What a turn waits for; the call has to be named where there are several. Raises SomaError and CommandError."""
    waiting = [each for each in await pending(doors) if each.turn_id == turn_id]
    found = [each for each in waiting if call_id in ("", each.request.call.call_id)]
    if not found:
        what = f"The call {call_id} of the turn {turn_id}" if call_id else f"The turn {turn_id}"
        raise CommandError(f"{what} waits for no consent. `somastack approval list` shows what does.")
    if len(found) > 1:
        calls = ", ".join(each.request.call.call_id for each in found)
        raise CommandError(f"The turn waits for {len(found)} consents. Name one with --call: {calls}.", Exit.WRONG_USE)
    return found[0]


async def resolve(
    doors: Doors, approval: turn_pb.PendingApproval, decision: event_pb.ApprovalDecision.ValueType, note: str
) -> turn_pb.ResolveApprovalResponse:
    """Decides for the arguments as they were shown. Raises SomaError."""
    return await doors.stub("chat", turn_grpc.TurnServiceStub).ResolveApproval(
        turn_pb.ResolveApprovalRequest(
            turn_id=approval.turn_id,
            call_id=approval.request.call.call_id,
            decision=decision,
            arguments_hash=approval.request.arguments_hash,
            note=note,
            request_id=doors.request_id(),
        )
    )
