"""The use case of trying a model: one real, tiny call under a hold of its own, timed.

How a model is called stands in `adapters/`.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.chat.domain.model import ModelProfile, ModelRequest, PromptMessage, StreamEnd
from servers.chat.models import Models
from servers.chat.planning import price_message
from servers.chat.stream import usage_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Usage, cost
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import acting_as, current_call
from soma_common.tokens import tokenizer_for

_QUESTION: Final = "Answer with the single word: ready"
_MOST_OUTPUT_TOKENS: Final = 16
_FRAMING_TOKENS: Final = 8
_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Probe:
    """How a try went; latencies in seconds, None where it did not come so far."""

    usage: Usage
    finish_reason: str
    first_token_seconds: float | None
    total_seconds: float
    error: SomaError | None = None


class Probing:
    """Tries models."""

    def __init__(self, models: Models, governor: GovernorServiceStub, clock: Clock, ids: Ids) -> None:
        self._models = models
        self._governor = governor
        self._clock = clock
        self._ids = ids
        self._running: set[asyncio.Task[Probe]] = set()

    async def probe(self, profile_id: str) -> Probe:
        """Make one call; a model's failure is part of the answer. Raises RESOURCE_NOT_FOUND and as `HoldLeg`."""
        profile = self._models.profile(profile_id)
        job_id = self._ids.uuid7()
        input_tokens = tokenizer_for(profile.tokenizer).count(_QUESTION) + _FRAMING_TOKENS
        await self._governor.HoldLeg(
            governor_pb.HoldLegRequest(
                job_id=str(job_id),
                leg=1,
                input_tokens=input_tokens,
                max_output_tokens=_MOST_OUTPUT_TOKENS,
                price=price_message(profile.price),
                request_id=str(uuid5(job_id, "hold")),
                timeout_seconds=_TIMEOUT_SECONDS,
            )
        )
        # Nobody who goes away meanwhile leaves a hold behind or a use that was not counted.
        work = asyncio.create_task(self._try(current_call().caller, profile, job_id))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return await asyncio.shield(work)

    async def _try(self, caller: Caller, profile: ModelProfile, job_id: UUID) -> Probe:
        with acting_as(caller, str(job_id)):
            probe = await self._call(profile)
            await self._settle(profile, job_id, probe)
            return probe

    async def _call(self, profile: ModelProfile) -> Probe:
        request = ModelRequest(profile, (PromptMessage("user", _QUESTION),), _MOST_OUTPUT_TOKENS, temperature=0.0)
        start = self._clock.monotonic()
        first: float | None = None
        usage, finish_reason = Usage(estimated=True), "stop"
        try:
            async for item in self._models.client(profile).stream(request):
                if first is None and not isinstance(item, StreamEnd):
                    first = self._clock.monotonic() - start
                if isinstance(item, StreamEnd):
                    usage, finish_reason = item.usage or usage, item.finish_reason
        except SomaError as error:
            return Probe(usage, "error", first, self._clock.monotonic() - start, error)
        return Probe(usage, finish_reason, first, self._clock.monotonic() - start)

    async def _settle(self, profile: ModelProfile, job_id: UUID, probe: Probe) -> None:
        leg = receipt_pb2.ModelLeg(
            leg=1,
            model=profile.profile_id,
            usage=usage_message(probe.usage),
            cost_micros=cost(profile.price, probe.usage),
            finish_reason=probe.finish_reason,
        )
        reason = probe.error.reason.value if probe.error else ""
        outcome = receipt_pb2.TurnOutcome(finish_reason=probe.finish_reason, error_reason=reason)
        await self._governor.SettleTurn(
            governor_pb.SettleTurnRequest(
                job_id=str(job_id), request_id=str(uuid5(job_id, "settle")), legs=[leg], outcome=outcome
            )
        )
