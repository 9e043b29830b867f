"""A chat service that speaks the contract from a script: real gRPC, real interceptors, no model and no database."""

# ruff: noqa: N802 - the contract names the methods

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import message_pb2
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.common.v1 import level_pb2, usage_pb2
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.testing.rpc import Added
from tests.rpc.edge.scripted_lists import AGENT_ID as AGENT_ID
from tests.rpc.edge.scripted_lists import ScriptedLists

RECEIPT_ID = "0198c0de-0000-7000-8000-0000000000f1"
ANSWER = ("I ", "can ", "count ", "to ", "drei ", "– ", "and ", "beyond.")


@dataclass(slots=True)
class Script:
    """How turns go: the pieces, the pause between them, and what goes wrong."""

    pieces: tuple[str, ...] = ANSWER
    gap_seconds: float = 0.0
    first_gap_seconds: float = 0.0
    refusal: SomaError | None = None
    failure: event_pb.TurnFailed | None = None
    tool_calls: tuple[message_pb2.ToolCall, ...] = ()
    own_tool: str = ""
    reasoning: str = ""
    cut_after: int = 0
    untitled: bool = False
    approval: event_pb.ApprovalRequested | None = None


@dataclass(slots=True)
class StoredTurn:
    """A turn that runs or ran."""

    turn_id: str
    request: turn_pb.SendMessageRequest
    script: Script
    events: list[event_pb.TurnEvent] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    decided: "asyncio.Future[turn_pb.ResolveApprovalRequest]" = field(default_factory=asyncio.Future)
    ended: bool = False

    def add(self, **case: Any) -> None:
        event = event_pb.TurnEvent(turn_id=self.turn_id, sequence=len(self.events) + 1, **case)
        event.time.GetCurrentTime()
        self.events.append(event)
        self.ended = event.WhichOneof("event") in ("completed", "failed", "cancelled")
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def text(self) -> str:
        return "".join(event.text.text for event in self.events)


class ScriptedChat(
    ScriptedLists,
    turn_grpc.TurnServiceServicer,
):
    """Every service of chat that the edge speaks to; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.turns: dict[str, StoredTurn] = {}
        self.cuts = 0
        self.breaks_after: tuple[int, SomaError] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def added(self) -> list[Added]:
        """All services, ready for the harness."""
        return [
            Added(turn_grpc.add_TurnServiceServicer_to_server, self, "soma.chat.v1.TurnService"),
            Added(agent_grpc.add_AgentServiceServicer_to_server, self, "soma.chat.v1.AgentService"),
            Added(model_grpc.add_ModelServiceServicer_to_server, self, "soma.chat.v1.ModelService"),
            Added(
                conversation_grpc.add_ConversationServiceServicer_to_server,
                self,
                "soma.chat.v1.ConversationService",
            ),
        ]

    async def SendMessage(self, request: turn_pb.SendMessageRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        self.note(request)
        if self.script.refusal is not None:
            raise self.script.refusal
        known = next((it for it in self.turns.values() if it.request.request_id == request.request_id), None)
        turn = known or self._start(request)
        try:
            async for event in self._follow(turn, 0):
                yield event
        except (asyncio.CancelledError, GeneratorExit):  # the caller went away; our own failures stop nothing
            if request.on_disconnect == turn_pb.ON_DISCONNECT_CANCEL:
                turn.stopped.set()
            raise

    async def EditMessage(self, request: turn_pb.EditMessageRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        self.note(request)
        said = turn_pb.SendMessageRequest(content=request.content, request_id=request.request_id)
        async for event in self._follow(self._start(said), 0):
            yield event

    async def RegenerateMessage(
        self, request: turn_pb.RegenerateMessageRequest, context: Any
    ) -> AsyncIterator[event_pb.TurnEvent]:
        self.note(request)
        async for event in self._follow(self._start(turn_pb.SendMessageRequest(request_id=request.request_id)), 0):
            yield event

    async def SubmitToolResult(
        self, request: turn_pb.SubmitToolResultRequest, context: Any
    ) -> turn_pb.SubmitToolResultResponse:
        self.note(request)
        calls = [call.call_id for call in self._turn(request.turn_id).script.tool_calls]
        given = {each.call_id for each in self.asked(turn_pb.SubmitToolResultRequest)}
        missing = [call_id for call_id in calls if call_id not in given]
        if missing:
            return turn_pb.SubmitToolResultResponse(missing_call_ids=missing)
        self.script = Script(pieces=("It ", "is ", "noon."))
        going_on = self._start(turn_pb.SendMessageRequest(request_id=str(uuid4())))
        return turn_pb.SubmitToolResultResponse(continuing_turn_id=going_on.turn_id)

    async def ResolveApproval(
        self, request: turn_pb.ResolveApprovalRequest, context: Any
    ) -> turn_pb.ResolveApprovalResponse:
        self.note(request)
        turn = self._turn(request.turn_id)
        turn.decided.set_result(request)
        return turn_pb.ResolveApprovalResponse(status=turn_pb.TURN_STATUS_RUNNING)

    async def RateTurn(self, request: turn_pb.RateTurnRequest, context: Any) -> turn_pb.RateTurnResponse:
        self.note(request)
        self._turn(request.turn_id)
        answer = turn_pb.RateTurnResponse()
        answer.rate_time.FromSeconds(1_700_000_000)
        return answer

    async def ResumeTurn(self, request: turn_pb.ResumeTurnRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        self.note(request)
        async for event in self._follow(self._turn(request.turn_id), request.after_sequence):
            yield event

    async def CancelTurn(self, request: turn_pb.CancelTurnRequest, context: Any) -> turn_pb.CancelTurnResponse:
        self.note(request)
        self._turn(request.turn_id).stopped.set()
        return turn_pb.CancelTurnResponse(status=turn_pb.TURN_STATUS_RUNNING)

    async def GetTurn(self, request: turn_pb.GetTurnRequest, context: Any) -> turn_pb.GetTurnResponse:
        self.note(request)
        turn = self._turn(request.turn_id)
        return turn_pb.GetTurnResponse(turn=turn_pb.Turn(turn_id=turn.turn_id, text=turn.text))

    async def ListTurns(self, request: turn_pb.ListTurnsRequest, context: Any) -> turn_pb.ListTurnsResponse:
        self.note(request)
        return turn_pb.ListTurnsResponse()

    async def RebuildPrompt(self, request: turn_pb.RebuildPromptRequest, context: Any) -> turn_pb.RebuildPromptResponse:
        self.note(request)
        return turn_pb.RebuildPromptResponse()

    async def ListApprovals(self, request: turn_pb.ListApprovalsRequest, context: Any) -> turn_pb.ListApprovalsResponse:
        self.note(request)
        return turn_pb.ListApprovalsResponse()

    def _turn(self, turn_id: str) -> StoredTurn:
        if turn_id not in self.turns:
            raise not_found("turn", turn_id)
        return self.turns[turn_id]

    def _start(self, request: turn_pb.SendMessageRequest) -> StoredTurn:
        kept = turn_pb.SendMessageRequest()
        kept.CopyFrom(request)
        turn = StoredTurn(str(uuid4()), kept, self.script)
        self.turns[turn.turn_id] = turn
        task = asyncio.create_task(self._run(turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return turn

    async def _run(self, turn: StoredTurn) -> None:
        script, conversation = turn.script, turn.request.conversation_id or str(uuid4())
        usage = usage_pb2.TokenUsage(input_tokens=12, output_tokens=len(script.pieces))
        turn.add(
            started=event_pb.TurnStarted(
                conversation_id="" if turn.request.HasField("transcript") else conversation,
                receipt_id=RECEIPT_ID,
                model="tiny",
                level=level_pb2.DEGRADATION_LEVEL_L0,
                agent_id=turn.request.agent_id or AGENT_ID,
                parent_message_id=turn.request.parent_message_id,
                untitled=script.untitled,
            )
        )
        await asyncio.sleep(script.first_gap_seconds)
        if script.approval is not None:
            await self._consent(turn, script.approval)
        if script.reasoning:
            turn.add(reasoning=event_pb.ReasoningDelta(text=script.reasoning))
        if script.own_tool:
            call = message_pb2.ToolCall(call_id="own", name=script.own_tool, arguments_json="{}")
            turn.add(tool_call=event_pb.ToolCallStarted(call=call, round=1))
            turn.add(tool_result=event_pb.ToolCallFinished(call_id="own", name=script.own_tool, content="seen"))
        for piece in script.pieces:
            if turn.stopped.is_set():
                turn.add(cancelled=event_pb.TurnCancelled(message_id=str(uuid4()), partial_text_kept=True, usage=usage))
                return
            turn.add(text=event_pb.TextDelta(text=piece))
            await asyncio.sleep(script.gap_seconds)
        if script.failure is not None:
            turn.add(failed=script.failure)
            return
        for call in script.tool_calls:
            turn.add(tool_call=event_pb.ToolCallStarted(call=call, by_client=True, round=1))
        finish = event_pb.FINISH_REASON_TOOL_CALLS if script.tool_calls else event_pb.FINISH_REASON_STOP
        turn.add(
            completed=event_pb.TurnCompleted(
                message_id=str(uuid4()), finish_reason=finish, usage=usage, cost_micros=42, receipt_id=RECEIPT_ID
            )
        )

    async def _consent(self, turn: StoredTurn, asked: event_pb.ApprovalRequested) -> None:
        """A tool that runs here, once a person has decided."""
        turn.add(approval=asked)
        decision = await turn.decided
        turn.add(
            approval_resolved=event_pb.ApprovalResolved(
                call_id=decision.call_id, decision=decision.decision, decided_by="ada", note=decision.note
            )
        )
        turn.add(tool_call=event_pb.ToolCallStarted(call=asked.call, round=1))
        turn.add(
            tool_result=event_pb.ToolCallFinished(
                call_id=asked.call.call_id,
                name=asked.call.name,
                status=message_pb2.TOOL_CALL_STATUS_DONE,
                content="42",
                duration_milliseconds=7,
                round=1,
            )
        )
        turn.add(
            notice=event_pb.Notice(code="tools_ended", sentence="The rounds are used up.", metadata={"rounds": "1"})
        )

    async def _follow(self, turn: StoredTurn, after: int) -> AsyncIterator[event_pb.TurnEvent]:
        sent = 0
        while True:
            changed = turn.changed
            for event in turn.events[after:]:
                after = event.sequence
                yield event
                sent += 1
                if self.breaks_after is not None and sent == self.breaks_after[0]:
                    raise self.breaks_after[1]
                if turn.script.cut_after and sent == turn.script.cut_after:
                    self.cuts += 1
                    raise SomaError(Reason.SHUTTING_DOWN)
            if turn.ended and after == len(turn.events):
                return
            await changed.wait()
