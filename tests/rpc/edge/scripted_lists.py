"""The parts of the scripted chat beside turns: agents, models and conversations, as short as they can be.

Keeps what it was asked.
"""

# ruff: noqa: N802 - the contract names the methods

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import message_pb2
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma_common.kernel.errors import not_found
from soma_common.rpc.call import RpcCall, current_call

AGENT_ID = "0198c0de-0000-7000-8000-0000000000a1"


class ScriptedLists(
    agent_grpc.AgentServiceServicer, model_grpc.ModelServiceServicer, conversation_grpc.ConversationServiceServicer
):
    """Three services; `title` is what every watched conversation gets."""

    def __init__(self) -> None:
        self.calls: list[tuple[RpcCall, Any]] = []
        self.title = ""
        self.watched = 0

    def asked(self, kind: type) -> list[Any]:
        """The requests of one kind, in order."""
        return [request for _, request in self.calls if isinstance(request, kind)]

    def note(self, request: Any) -> None:
        """Keeps a request."""
        self.calls.append((current_call(), request))

    async def ListAgents(self, request: agent_pb.ListAgentsRequest, context: Any) -> agent_pb.ListAgentsResponse:
        agent = agent_pb.Agent(agent_id=AGENT_ID, name="soma", tenant_default=True)
        return agent_pb.ListAgentsResponse(agents=[agent])

    async def GetAgent(self, request: agent_pb.GetAgentRequest, context: Any) -> agent_pb.GetAgentResponse:
        return agent_pb.GetAgentResponse(agent=agent_pb.Agent(agent_id=request.agent_id))

    async def CreateAgent(self, request: agent_pb.CreateAgentRequest, context: Any) -> agent_pb.CreateAgentResponse:
        self.note(request)
        return agent_pb.CreateAgentResponse(agent=request.agent)

    async def ArchiveAgent(self, request: agent_pb.ArchiveAgentRequest, context: Any) -> agent_pb.ArchiveAgentResponse:
        self.note(request)
        return agent_pb.ArchiveAgentResponse(agent=agent_pb.Agent(agent_id=request.agent_id, archived=True))

    async def UpdateAgent(self, request: agent_pb.UpdateAgentRequest, context: Any) -> agent_pb.UpdateAgentResponse:
        self.note(request)
        return agent_pb.UpdateAgentResponse(agent=request.agent)

    async def ListModels(self, request: model_pb.ListModelsRequest, context: Any) -> model_pb.ListModelsResponse:
        return model_pb.ListModelsResponse(
            models=[model_pb.ModelProfile(model_profile_id="vendor/tiny:1", provider="scripted", model="tiny")]
        )

    async def GetModel(self, request: model_pb.GetModelRequest, context: Any) -> model_pb.GetModelResponse:
        return model_pb.GetModelResponse(model=model_pb.ModelProfile(model_profile_id=request.model_profile_id))

    async def CreateModel(self, request: model_pb.CreateModelRequest, context: Any) -> model_pb.CreateModelResponse:
        self.note(request)
        return model_pb.CreateModelResponse(model=request.model)

    async def UpdateModel(self, request: model_pb.UpdateModelRequest, context: Any) -> model_pb.UpdateModelResponse:
        self.note(request)
        return model_pb.UpdateModelResponse(model=request.model)

    async def DeleteModel(self, request: model_pb.DeleteModelRequest, context: Any) -> model_pb.DeleteModelResponse:
        self.note(request)
        return model_pb.DeleteModelResponse(default_model_profile_id="offline")

    async def SetDefaultModel(
        self, request: model_pb.SetDefaultModelRequest, context: Any
    ) -> model_pb.SetDefaultModelResponse:
        self.note(request)
        return model_pb.SetDefaultModelResponse()

    async def GenerateText(self, request: model_pb.GenerateTextRequest, context: Any) -> model_pb.GenerateTextResponse:
        self.note(request)
        return model_pb.GenerateTextResponse()

    async def ProbeModel(self, request: model_pb.ProbeModelRequest, context: Any) -> model_pb.ProbeModelResponse:
        self.note(request)
        return model_pb.ProbeModelResponse(reachable=True)

    async def ListConversations(
        self, request: conversation_pb.ListConversationsRequest, context: Any
    ) -> conversation_pb.ListConversationsResponse:
        self.note(request)
        return conversation_pb.ListConversationsResponse()

    async def CreateConversation(
        self, request: conversation_pb.CreateConversationRequest, context: Any
    ) -> conversation_pb.CreateConversationResponse:
        self.note(request)
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
        self.note(request)
        return conversation_pb.UpdateConversationResponse(conversation=request.conversation)

    async def ListMessages(
        self, request: conversation_pb.ListMessagesRequest, context: Any
    ) -> conversation_pb.ListMessagesResponse:
        self.note(request)
        return conversation_pb.ListMessagesResponse(next_page_token="more")

    async def WatchConversation(
        self, request: conversation_pb.WatchConversationRequest, context: Any
    ) -> AsyncIterator[conversation_pb.WatchConversationResponse]:
        self.note(request)
        self.watched += 1
        try:
            for title in ("", self.title):
                state = conversation_pb.Conversation(conversation_id=request.conversation_id, title=title)
                yield conversation_pb.WatchConversationResponse(conversation=state)
            await asyncio.Event().wait()
        finally:
            self.watched -= 1

    async def ExportConversation(
        self, request: conversation_pb.ExportConversationRequest, context: Any
    ) -> AsyncIterator[conversation_pb.ExportConversationResponse]:
        self.note(request)
        header = conversation_pb.ConversationHeader(format=1, title="Three rivers", message_count=1)
        yield conversation_pb.ExportConversationResponse(header=header)
        yield conversation_pb.ExportConversationResponse(message=message_pb2.Message(message_id=str(uuid4())))

    async def ImportConversation(
        self, request: conversation_pb.ImportConversationRequest, context: Any
    ) -> conversation_pb.ImportConversationResponse:
        self.note(request)
        return conversation_pb.ImportConversationResponse()

    async def SearchMessages(
        self, request: conversation_pb.SearchMessagesRequest, context: Any
    ) -> conversation_pb.SearchMessagesResponse:
        self.note(request)
        return conversation_pb.SearchMessagesResponse()
