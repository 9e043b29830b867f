"""One model call outside a turn, under a hold of its own: held, called, settled, whoever goes away meanwhile.

What is asked and what the answer means is not known here; how a model is called stands in `adapters/`.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from servers.chat.answering.planning import price_message
from servers.chat.aside import aside
from servers.chat.domain.model import (
    ModelProfile,
    ModelRequest,
    PromptMessage,
    ReasoningChunk,
    StreamBegin,
    StreamEnd,
    TextChunk,
)
from servers.chat.domain.sizes import MESSAGE_TOKENS, REPLY_TOKENS, counted_usage
from servers.chat.models.port import Models
from servers.chat.turns.stream import usage_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Micros, Usage, cost
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import acting_as, current_call
from soma_common.tokens import tokenizer_for


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked, and how long the answer may be and take."""

    profile: ModelProfile
    messages: tuple[PromptMessage, ...]
    max_output_tokens: int
    timeout_seconds: int
    temperature: float | None = None
    # Under which the call is held and settled; None makes one.
    job_id: UUID | None = None
    # Whether whoever asks sees to a settlement that cannot be told now.
    settles_later: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it; latencies in seconds, None where it did not come so far. `error` is the model's failure.

    `unsettled` is the settlement that could not be told, where the question said that this is seen to.
    """

    job_id: UUID
    text: str
    usage: Usage
    cost_micros: Micros
    finish_reason: str
    first_token_seconds: float | None
    total_seconds: float
    error: SomaError | None = None
    unsettled: governor_pb.SettleTurnRequest | None = None


class SingleCalls:
    """Makes such calls."""

    def __init__(self, models: Models, governor: GovernorServiceStub, clock: Clock, ids: Ids) -> None:
        self._models = models
        self._governor = governor
        self._clock = clock
        self._ids = ids
        self._running: set[asyncio.Task[Reply]] = set()

    async def ask(self, question: Question) -> Reply:
        """Make one call; a model's failure is part of the reply. Raises CONTEXT_OVERFLOW, and as `HoldLeg`."""
        job_id = question.job_id or self._ids.uuid7()
        input_tokens = await _size(question)
        available = question.profile.window_tokens - question.max_output_tokens
        if input_tokens > available:
            metadata = {"needed": str(input_tokens), "available": str(max(0, available))}
            raise SomaError(Reason.CONTEXT_OVERFLOW, metadata)
        await self._governor.HoldLeg(
            governor_pb.HoldLegRequest(
                job_id=str(job_id),
                leg=1,
                input_tokens=input_tokens,
                max_output_tokens=question.max_output_tokens,
                price=price_message(question.profile.price),
                request_id=str(uuid5(job_id, "hold")),
                timeout_seconds=question.timeout_seconds,
            )
        )
        # Nobody who goes away meanwhile leaves a hold behind or a use that was not counted.
        work = asyncio.create_task(self._finish(current_call().caller, question, job_id, input_tokens))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return await asyncio.shield(work)

    async def _finish(self, caller: Caller, question: Question, job_id: UUID, input_tokens: int) -> Reply:
        with acting_as(caller, str(job_id)):
            reply = await self._call(question, job_id, input_tokens)
            request = _settlement(question.profile, reply)
            try:
                await self._governor.SettleTurn(request)
            except SomaError:
                if not question.settles_later:
                    raise
                return replace(reply, unsettled=request)
            return reply

    async def _call(self, question: Question, job_id: UUID, input_tokens: int) -> Reply:
        profile, start = question.profile, self._clock.monotonic()
        request = ModelRequest(profile, question.messages, question.max_output_tokens, temperature=question.temperature)
        first: float | None = None
        end, error = StreamEnd("error"), None
        began = False
        said: list[str] = []
        thought: list[str] = []
        try:
            async with asyncio.timeout(question.timeout_seconds):
                async for item in self._models.client(profile).stream(request):
                    began = True
                    if isinstance(item, StreamBegin):
                        continue
                    if isinstance(item, StreamEnd):
                        end = item
                        continue
                    first = self._clock.monotonic() - start if first is None else first
                    said += [item.text] if isinstance(item, TextChunk) else []
                    thought += [item.text] if isinstance(item, ReasoningChunk) else []
        except SomaError as failure:
            error = failure
        except TimeoutError:
            metadata = {"model": profile.profile_id, "timeout_seconds": str(question.timeout_seconds)}
            error = SomaError(Reason.MODEL_TIMEOUT, metadata)
        text = "".join(said)
        usage = end.usage or Usage()
        if end.usage is None and began:
            tokenizer = tokenizer_for(profile.tokenizer)
            usage = counted_usage(input_tokens, text, "".join(thought), (), tokenizer)
        total = self._clock.monotonic() - start
        return Reply(job_id, text, usage, cost(profile.price, usage), end.finish_reason, first, total, error)


def _settlement(profile: ModelProfile, reply: Reply) -> governor_pb.SettleTurnRequest:
    leg = receipt_pb2.ModelLeg(
        leg=1,
        model=profile.profile_id,
        usage=usage_message(reply.usage),
        cost_micros=reply.cost_micros,
        finish_reason=reply.finish_reason,
    )
    reason = reply.error.reason.value if reply.error else ""
    return governor_pb.SettleTurnRequest(
        job_id=str(reply.job_id),
        request_id=str(uuid5(reply.job_id, "settle")),
        legs=[leg],
        outcome=receipt_pb2.TurnOutcome(finish_reason=reply.finish_reason, error_reason=reason),
    )


async def _size(question: Question) -> int:
    """The input in tokens; a long one is counted beside the loop."""
    count = tokenizer_for(question.profile.tokenizer).count
    texts = [message.content for message in question.messages]
    counted = await aside(sum(map(len, texts)), lambda: sum(map(count, texts)))
    return counted + MESSAGE_TOKENS * len(texts) + REPLY_TOKENS
