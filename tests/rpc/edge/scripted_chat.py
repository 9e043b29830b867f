"""A chat service that speaks the contract from a script: real gRPC, real interceptors, no model and no database."""

# ruff: noqa: N802 - the contract names the methods

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import message_pb2
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.common.v1 import level_pb2, usage_pb2
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import RpcCall, current_call
from soma_common.testing.rpc import Added

AGENT_ID = "0198c0de-0000-7000-8000-0000000000a1"
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


@dataclass(slots=True)
class StoredTurn:
    """A turn that runs or ran."""

    turn_id: str
    request: turn_pb.SendMessageRequest
    script: Script
    events: list[event_pb.TurnEvent] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
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
    turn_grpc.TurnServiceServicer,
    agent_grpc.AgentServiceServicer,
    model_grpc.ModelServiceServicer,
    conversation_grpc.ConversationServiceServicer,
):
    """Every service of chat that the edge speaks to; keeps what it was asked."""

    def __init__(self) -> None:
        self.script = Script()
        self.turns: dict[str, StoredTurn] = {}
        self.calls: list[tuple[RpcCall, Any]] = []
        self.cuts = 0
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

    def asked(self, kind: type) -> list[Any]:
        """The requests of one kind, in order."""
        return [request for _, request in self.calls if isinstance(request, kind)]

    def _note(self, request: Any) -> None:
        self.calls.append((current_call(), request))

    async def SendMessage(self, request: turn_pb.SendMessageRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        self._note(request)
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

    async def ResumeTurn(self, request: turn_pb.ResumeTurnRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        self._note(request)
        async for event in self._follow(self._turn(request.turn_id), request.after_sequence):
            yield event

    async def CancelTurn(self, request: turn_pb.CancelTurnRequest, context: Any) -> turn_pb.CancelTurnResponse:
        self._note(request)
        self._turn(request.turn_id).stopped.set()
        return turn_pb.CancelTurnResponse(status=turn_pb.TURN_STATUS_RUNNING)

    async def GetTurn(self, request: turn_pb.GetTurnRequest, context: Any) -> turn_pb.GetTurnResponse:
        self._note(request)
        turn = self._turn(request.turn_id)
        return turn_pb.GetTurnResponse(turn=turn_pb.Turn(turn_id=turn.turn_id, text=turn.text))

    async def ListAgents(self, request: agent_pb.ListAgentsRequest, context: Any) -> agent_pb.ListAgentsResponse:
        agent = agent_pb.Agent(agent_id=AGENT_ID, name="soma", tenant_default=True)
        return agent_pb.ListAgentsResponse(agents=[agent])

    async def GetAgent(self, request: agent_pb.GetAgentRequest, context: Any) -> agent_pb.GetAgentResponse:
        return agent_pb.GetAgentResponse(agent=agent_pb.Agent(agent_id=request.agent_id))

    async def CreateAgent(self, request: agent_pb.CreateAgentRequest, context: Any) -> agent_pb.CreateAgentResponse:
        self._note(request)
        return agent_pb.CreateAgentResponse(agent=request.agent)

    async def ArchiveAgent(self, request: agent_pb.ArchiveAgentRequest, context: Any) -> agent_pb.ArchiveAgentResponse:
        self._note(request)
        return agent_pb.ArchiveAgentResponse(agent=agent_pb.Agent(agent_id=request.agent_id, archived=True))

    async def UpdateAgent(self, request: agent_pb.UpdateAgentRequest, context: Any) -> agent_pb.UpdateAgentResponse:
        self._note(request)
        return agent_pb.UpdateAgentResponse(agent=request.agent)

    async def ListModels(self, request: model_pb.ListModelsRequest, context: Any) -> model_pb.ListModelsResponse:
        return model_pb.ListModelsResponse(
            models=[model_pb.ModelProfile(model_profile_id="vendor/tiny:1", provider="scripted", model="tiny")]
        )

    async def GetModel(self, request: model_pb.GetModelRequest, context: Any) -> model_pb.GetModelResponse:
        return model_pb.GetModelResponse(model=model_pb.ModelProfile(model_profile_id=request.model_profile_id))

    async def CreateModel(self, request: model_pb.CreateModelRequest, context: Any) -> model_pb.CreateModelResponse:
        self._note(request)
        return model_pb.CreateModelResponse(model=request.model)

    async def UpdateModel(self, request: model_pb.UpdateModelRequest, context: Any) -> model_pb.UpdateModelResponse:
        self._note(request)
        return model_pb.UpdateModelResponse(model=request.model)

    async def DeleteModel(self, request: model_pb.DeleteModelRequest, context: Any) -> model_pb.DeleteModelResponse:
        self._note(request)
        return model_pb.DeleteModelResponse(default_model_profile_id="offline")

    async def SetDefaultModel(
        self, request: model_pb.SetDefaultModelRequest, context: Any
    ) -> model_pb.SetDefaultModelResponse:
        self._note(request)
        return model_pb.SetDefaultModelResponse()

    async def GenerateText(self, request: model_pb.GenerateTextRequest, context: Any) -> model_pb.GenerateTextResponse:
        self._note(request)
        return model_pb.GenerateTextResponse()

    async def ProbeModel(self, request: model_pb.ProbeModelRequest, context: Any) -> model_pb.ProbeModelResponse:
        self._note(request)
        return model_pb.ProbeModelResponse(reachable=True)

    async def ListConversations(
        self, request: conversation_pb.ListConversationsRequest, context: Any
    ) -> conversation_pb.ListConversationsResponse:
        self._note(request)
        return conversation_pb.ListConversationsResponse()

    async def CreateConversation(
        self, request: conversation_pb.CreateConversationRequest, context: Any
    ) -> conversation_pb.CreateConversationResponse:
        self._note(request)
        made = conversation_pb.Conversation(conversation_id=str(uuid4()), title=request.title)
        return conversation_pb.CreateConversationResponse(conversation=made)

    async def GetConversation(
        self, request: conversation_pb.GetConversationRequest, context: Any
    ) -> conversation_pb.GetConversationResponse:
        raise not_found("conversation", request.conversation_id)

    async def DeleteConversation(
        self, request: conversation_pb.DeleteConversationRequest, context: Any
    ) -> conversation_pb.DeleteConversationResponse:
        raise RuntimeError("password=hunter2 in a stack")

    async def UpdateConversation(
        self, request: conversation_pb.UpdateConversationRequest, context: Any
    ) -> conversation_pb.UpdateConversationResponse:
        self._note(request)
        return conversation_pb.UpdateConversationResponse(conversation=request.conversation)

    async def ListMessages(
        self, request: conversation_pb.ListMessagesRequest, context: Any
    ) -> conversation_pb.ListMessagesResponse:
        self._note(request)
        return conversation_pb.ListMessagesResponse(next_page_token="more")

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
            )
        )
        await asyncio.sleep(script.first_gap_seconds)
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

    async def _follow(self, turn: StoredTurn, after: int) -> AsyncIterator[event_pb.TurnEvent]:
        sent = 0
        while True:
            changed = turn.changed
            for event in turn.events[after:]:
                after = event.sequence
                yield event
                sent += 1
                if turn.script.cut_after and sent == turn.script.cut_after:
                    self.cuts += 1
                    raise SomaError(Reason.SHUTTING_DOWN)
            if turn.ended and after == len(turn.events):
                return
            await changed.wait()
