"""The calls of the commands that deal with models: one function each, by the owner's session.

Nothing here prints or asks a person.
"""

from typing import Final

from google.protobuf.field_mask_pb2 import FieldMask

from cli.doors import Doors
from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc

_PROBE_SECONDS: Final = 90.0
_PAGE: Final = 200


async def every(doors: Doors) -> list[model_pb.ModelProfile]:
    """All models. Raises SomaError."""
    found: list[model_pb.ModelProfile] = []
    token = ""
    while True:
        page = await _models(doors).ListModels(model_pb.ListModelsRequest(page_size=_PAGE, page_token=token))
        found += page.models
        token = page.next_page_token
        if not token:
            return found


async def default_model(doors: Doors) -> model_pb.ModelProfile:
    """The model that answers where none is named. Raises SomaError."""
    return next(model for model in await every(doors) if model.tenant_default)


async def probe(doors: Doors, model_id: str) -> model_pb.ProbeModelResponse:
    """Try a model. Raises SomaError."""
    request = model_pb.ProbeModelRequest(model_profile_id=model_id, request_id=doors.request_id())
    return await _models(doors).ProbeModel(request, timeout=_PROBE_SECONDS)


async def create(
    doors: Doors, wanted: model_pb.ModelProfile, key: str, make_default: bool | None
) -> model_pb.ModelProfile:
    """Add a model. Raises SomaError."""
    request = model_pb.CreateModelRequest(model=wanted, api_key=key, request_id=doors.request_id())
    if make_default is not None:
        request.make_default = make_default
    return (await _models(doors).CreateModel(request)).model


async def set_default(doors: Doors, model_id: str) -> model_pb.ModelProfile:
    """Choose the default model. Raises SomaError."""
    request = model_pb.SetDefaultModelRequest(model_profile_id=model_id, request_id=doors.request_id())
    return (await _models(doors).SetDefaultModel(request)).model


async def find(doors: Doors, model_id: str) -> model_pb.ModelProfile:
    """One model. Raises SomaError."""
    return (await _models(doors).GetModel(model_pb.GetModelRequest(model_profile_id=model_id))).model


async def set_fallbacks(doors: Doors, model_id: str, fallback_ids: list[str]) -> model_pb.ModelProfile:
    """Choose who answers in a model's place. Raises SomaError."""
    wanted = model_pb.ModelProfile(model_profile_id=model_id, fallback_profile_ids=fallback_ids)
    mask = FieldMask(paths=["fallback_profile_ids"])
    request = model_pb.UpdateModelRequest(model=wanted, update_mask=mask, request_id=doors.request_id())
    return (await _models(doors).UpdateModel(request)).model


async def look(doors: Doors, model_id: str) -> tuple[model_pb.ModelProfile, list[str]]:
    """A model, and the names of the agents that name it. Raises SomaError."""
    found = await find(doors, model_id)
    agents, token = doors.stub("chat", agent_grpc.AgentServiceStub), ""
    names: list[str] = []
    while True:
        page = await agents.ListAgents(agent_pb.ListAgentsRequest(page_size=_PAGE, page_token=token))
        names += [agent.name for agent in page.agents if agent.model_profile_id == model_id]
        token = page.next_page_token
        if not token:
            return found, names


async def delete(doors: Doors, found: model_pb.ModelProfile) -> model_pb.DeleteModelResponse:
    """Delete a model as it was seen. Raises SomaError."""
    request = model_pb.DeleteModelRequest(
        model_profile_id=found.model_profile_id, etag=found.etag, request_id=doors.request_id()
    )
    return await _models(doors).DeleteModel(request)


def _models(doors: Doors) -> model_grpc.ModelServiceStub:
    return doors.stub("chat", model_grpc.ModelServiceStub)
