"""Servicer of models: messages in, values out.

Nothing is decided here; a key is never part of an answer.
"""

from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask

from servers.chat.answering.planning import price_message
from servers.chat.domain.catalogue import Catalogue, KnownModel, OwnProfile
from servers.chat.domain.model import ModelProfile
from servers.chat.models.drafts import Changes, Draft, check_key
from servers.chat.models.editing import ModelEditing
from servers.chat.models.generating import Generating, Wish
from servers.chat.models.probing import probe
from servers.chat.models.single_call import Reply, SingleCalls
from servers.chat.turns.stream import usage_message
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.common.v1 import usage_pb2
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.kernel.money import Price
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.rpc.call import current_call
from soma_common.tokens import tokenizer_for
from soma_common.tokens.models import encoding_of

_CHANGEABLE: Final = (
    "model",
    "window_tokens",
    "max_output_tokens",
    "price",
    "tools",
    "tokenizer",
    "base_url",
)
_FALLBACKS: Final = "fallback_profile_ids"


class ModelServicer(model_grpc.ModelServiceServicer):
    """`soma.chat.v1.ModelService`."""

    def __init__(self, editing: ModelEditing, calls: SingleCalls, generating: Generating) -> None:
        self._editing = editing
        self._calls = calls
        self._generating = generating

    async def ListModels(  # noqa: N802 - the contract's name
        self, request: model_pb.ListModelsRequest, _: Any
    ) -> model_pb.ListModelsResponse:
        """The model profiles, by id."""
        page = page_of(request.page_size, request.page_token, {})
        after = str(page.after[0]) if page.after else ""
        catalogue = await self._catalogue()
        ids = [profile_id for profile_id in sorted(catalogue.models) if profile_id > after]
        answer = model_pb.ListModelsResponse(
            models=[model_message(catalogue.models[profile_id], catalogue) for profile_id in ids[: page.size]]
        )
        if len(ids) > page.size:
            answer.next_page_token = next_page_token((ids[page.size - 1],), {})
        return answer

    async def GetModel(  # noqa: N802 - the contract's name
        self, request: model_pb.GetModelRequest, _: Any
    ) -> model_pb.GetModelResponse:
        """One model profile."""
        known, catalogue = await self._found(request.model_profile_id)
        return model_pb.GetModelResponse(model=model_message(known, catalogue))

    async def CreateModel(  # noqa: N802 - the contract's name
        self, request: model_pb.CreateModelRequest, _: Any
    ) -> model_pb.CreateModelResponse:
        """Add a profile."""
        return await self._editing.create(
            current_call().caller,
            _draft(request.model, request.api_key.strip()),
            request.make_default if request.HasField("make_default") else None,
            lambda known, catalogue: model_pb.CreateModelResponse(model=model_message(known, catalogue)),
        )

    async def UpdateModel(  # noqa: N802 - the contract's name
        self, request: model_pb.UpdateModelRequest, _: Any
    ) -> model_pb.UpdateModelResponse:
        """Change a profile."""
        wanted, api_key = request.model, request.api_key.strip()
        if not wanted.model_profile_id:
            raise invalid_field("model.model_profile_id", "it must say which model to change")
        if api_key:
            check_key(api_key)
        paths = list(request.update_mask.paths) or ([] if api_key else [*_CHANGEABLE, _FALLBACKS])
        return await self._editing.change(
            current_call().caller,
            wanted.model_profile_id,
            wanted.etag,
            _changes(wanted, paths, api_key),
            lambda known, catalogue: model_pb.UpdateModelResponse(model=model_message(known, catalogue)),
        )

    async def DeleteModel(  # noqa: N802 - the contract's name
        self, request: model_pb.DeleteModelRequest, _: Any
    ) -> model_pb.DeleteModelResponse:
        """Delete a profile and its key."""
        return await self._editing.delete(
            current_call().caller,
            request.model_profile_id,
            request.etag,
            lambda left: model_pb.DeleteModelResponse(default_model_profile_id=left),
        )

    async def SetDefaultModel(  # noqa: N802 - the contract's name
        self, request: model_pb.SetDefaultModelRequest, _: Any
    ) -> model_pb.SetDefaultModelResponse:
        """Choose the default model."""
        return await self._editing.set_default(
            current_call().caller,
            request.model_profile_id,
            lambda known, catalogue: model_pb.SetDefaultModelResponse(model=model_message(known, catalogue)),
        )

    async def ProbeModel(  # noqa: N802 - the contract's name
        self, request: model_pb.ProbeModelRequest, _: Any
    ) -> model_pb.ProbeModelResponse:
        """One real, tiny call."""
        known, _catalogue = await self._found(request.model_profile_id)
        reply = await probe(self._calls, known.profile)
        answer = model_pb.ProbeModelResponse(
            reachable=reply.error is None,
            error_reason=reply.error.reason.value if reply.error else "",
            error_sentence=reply.error.sentence if reply.error else "",
            usage=usage_message(reply.usage),
        )
        answer.total_latency.FromMicroseconds(int(reply.total_seconds * 1_000_000))
        if reply.first_token_seconds is not None:
            answer.first_token_latency.FromMicroseconds(int(reply.first_token_seconds * 1_000_000))
        return answer

    async def GenerateText(  # noqa: N802 - the contract's name
        self, request: model_pb.GenerateTextRequest, _: Any
    ) -> model_pb.GenerateTextResponse:
        """Write one text for another service."""
        wish = Wish(
            profile_id=request.model_profile_id,
            system_prompt=request.system_prompt,
            prompt=request.prompt,
            max_output_tokens=request.max_output_tokens,
            temperature=request.temperature if request.HasField("temperature") else None,
            timeout_seconds=request.timeout_seconds,
        )
        return await self._generating.write(current_call().caller, wish, _generated)

    async def _catalogue(self) -> Catalogue:
        return await self._editing.read(current_call().caller.tenant_id)

    async def _found(self, profile_id: str) -> tuple[KnownModel, Catalogue]:
        catalogue = await self._catalogue()
        known = catalogue.models.get(profile_id)
        if known is None:
            raise not_found("model", profile_id)
        return known, catalogue


def model_message(known: KnownModel, catalogue: Catalogue) -> model_pb.ModelProfile:
    """A model as the contract has it."""
    profile, own = known.profile, known.own
    tokenizer = tokenizer_for(profile.tokenizer)
    message = model_pb.ModelProfile(
        model_profile_id=profile.profile_id,
        provider=profile.provider,
        model=profile.model,
        window_tokens=profile.window_tokens,
        max_output_tokens=profile.max_output_tokens,
        price=price_message(profile.price),
        tools=profile.tools,
        tenant_default=profile.profile_id == catalogue.default_id,
        tokenizer=tokenizer.name,
        tokenizer_exact=encoding_of(profile.model) == tokenizer.name,
        base_url=(own.base_url if own is not None else profile.base_url) or "",
        read_only=own is None,
        fallback_profile_ids=known.fallback_ids,
    )
    if own is not None:
        message.own_key = own.key_id is not None
        message.etag = own.etag
    if known.create_time is not None and known.update_time is not None:
        message.create_time.FromDatetime(known.create_time)
        message.update_time.FromDatetime(known.update_time)
    return message


def _draft(message: model_pb.ModelProfile, api_key: str) -> Draft:
    return Draft(
        provider=message.provider,
        profile_id=message.model_profile_id,
        model=message.model,
        base_url=message.base_url,
        window_tokens=message.window_tokens,
        max_output_tokens=message.max_output_tokens,
        price=_price(message.price) if message.HasField("price") else None,
        tools=message.tools if message.HasField("tools") else None,
        tokenizer=message.tokenizer,
        fallback_ids=tuple(message.fallback_profile_ids),
        api_key=api_key,
    )


def _changes(wanted: model_pb.ModelProfile, paths: list[str], api_key: str) -> Changes:
    fallback_ids = tuple(wanted.fallback_profile_ids) if _FALLBACKS in paths else None
    fields = [path for path in paths if path != _FALLBACKS]
    return Changes((lambda before: _changed(before, wanted, fields)) if fields else None, fallback_ids, api_key)


def _changed(before: OwnProfile, wanted: model_pb.ModelProfile, paths: list[str]) -> OwnProfile:
    """The profile after the named fields were taken over from the message."""
    for path in paths:
        if path.split(".")[0] not in _CHANGEABLE:
            raise invalid_field("update_mask", f"{path} cannot be changed")
    merged = model_pb.ModelProfile(
        model=before.model,
        window_tokens=before.window_tokens,
        max_output_tokens=before.max_output_tokens,
        price=price_message(before.price),
        tools=before.tools,
        tokenizer=before.tokenizer,
        base_url=before.base_url or "",
    )
    try:
        FieldMask(paths=paths).MergeMessage(wanted, merged, replace_message_field=True)
    except (ValueError, KeyError):
        raise invalid_field("update_mask", "it names a field that does not exist") from None
    return _replaced(before, merged)


def _replaced(before: OwnProfile, merged: model_pb.ModelProfile) -> OwnProfile:
    if not merged.window_tokens or not merged.max_output_tokens:
        raise invalid_field("model.window_tokens", "it and model.max_output_tokens must be set where they change")
    return OwnProfile(
        profile_id=before.profile_id,
        provider=before.provider,
        model=merged.model,
        base_url=merged.base_url or None,
        window_tokens=merged.window_tokens,
        max_output_tokens=merged.max_output_tokens,
        price=_price(merged.price),
        tools=merged.tools,
        tokenizer=merged.tokenizer,
        key_id=before.key_id,
        version=before.version,
    )


def _price(message: usage_pb2.Price) -> Price:
    return Price(
        message.input_micros_per_million,
        message.cached_input_micros_per_million,
        message.output_micros_per_million,
        message.reasoning_micros_per_million,
    )


def _generated(profile: ModelProfile, reply: Reply) -> model_pb.GenerateTextResponse:
    return model_pb.GenerateTextResponse(
        text=reply.text,
        finish_reason=reply.finish_reason,
        model_profile_id=profile.profile_id,
        usage=usage_message(reply.usage),
        cost_micros=reply.cost_micros,
        job_id=str(reply.job_id),
    )
