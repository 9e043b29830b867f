"""Servicer of models: messages in, values out.

Nothing is decided here; a key is never part of an answer.
"""

from typing import Any

from servers.chat.domain.model import ModelProfile
from servers.chat.models import Models
from servers.chat.planning import price_message
from servers.chat.probing import Probing
from servers.chat.stream import usage_message
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.tokens import tokenizer_for


class ModelServicer(model_grpc.ModelServiceServicer):
    """`soma.chat.v1.ModelService`."""

    def __init__(self, models: Models, probing: Probing) -> None:
        self._models = models
        self._probing = probing

    async def ListModels(  # noqa: N802 - the contract's name
        self, request: model_pb.ListModelsRequest, _: Any
    ) -> model_pb.ListModelsResponse:
        """The model profiles, by id."""
        page = page_of(request.page_size, request.page_token, {})
        after = str(page.after[0]) if page.after else ""
        ids = [profile_id for profile_id in sorted(self._models.profiles) if profile_id > after]
        answer = model_pb.ListModelsResponse(
            models=[self._message(self._models.profiles[profile_id]) for profile_id in ids[: page.size]]
        )
        if len(ids) > page.size:
            answer.next_page_token = next_page_token((ids[page.size - 1],), {})
        return answer

    async def GetModel(  # noqa: N802 - the contract's name
        self, request: model_pb.GetModelRequest, _: Any
    ) -> model_pb.GetModelResponse:
        """One model profile."""
        return model_pb.GetModelResponse(model=self._message(self._models.profile(request.model_profile_id)))

    async def ProbeModel(  # noqa: N802 - the contract's name
        self, request: model_pb.ProbeModelRequest, _: Any
    ) -> model_pb.ProbeModelResponse:
        """One real, tiny call."""
        probe = await self._probing.probe(request.model_profile_id)
        answer = model_pb.ProbeModelResponse(
            reachable=probe.error is None,
            error_reason=probe.error.reason.value if probe.error else "",
            error_sentence=probe.error.sentence if probe.error else "",
            usage=usage_message(probe.usage),
        )
        answer.total_latency.FromMicroseconds(int(probe.total_seconds * 1_000_000))
        if probe.first_token_seconds is not None:
            answer.first_token_latency.FromMicroseconds(int(probe.first_token_seconds * 1_000_000))
        return answer

    def _message(self, profile: ModelProfile) -> model_pb.ModelProfile:
        tokenizer = tokenizer_for(profile.tokenizer)
        return model_pb.ModelProfile(
            model_profile_id=profile.profile_id,
            provider=profile.provider,
            model=profile.model,
            window_tokens=profile.window_tokens,
            max_output_tokens=profile.max_output_tokens,
            price=price_message(profile.price),
            tools=profile.tools,
            tenant_default=profile.profile_id == self._models.default_id,
            tokenizer=tokenizer.name,
            tokenizer_exact=tokenizer.exact,
        )
