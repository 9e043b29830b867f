"""The model calls of a turn: each under a hold of its own, made again where it failed before it said anything.

What is asked and what becomes of the answer is not known here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Final, cast

from servers.chat.dependencies import Dependencies
from servers.chat.domain.model import (
    ModelRequest,
    PromptMessage,
    ReasoningChunk,
    StreamEnd,
    StreamItem,
    TextChunk,
    ToolCallPart,
)
from servers.chat.domain.turn import Step
from servers.chat.journal import Journal
from servers.chat.metrics import TurnMetrics
from servers.chat.models import Models
from servers.chat.planning import Planner
from servers.chat.progress import Leg, Progress
from servers.chat.running import RunningTurn
from soma.chat.v1 import message_pb2, turn_event_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

# A call that failed like this before its first token may be made again.
_WORTH_RETRYING: Final = frozenset((Reason.MODEL_UNAVAILABLE, Reason.MODEL_TIMEOUT))
_RETRY_PAUSE_SECONDS: Final = 0.2
_GO_ON: Final = "Your answer broke off. Go on exactly where it ends, without repeating anything."


class Legs:
    """Makes the calls."""

    def __init__(
        self, planner: Planner, models: Models, dependencies: Dependencies, journal: Journal, metrics: TurnMetrics
    ) -> None:
        self._planner = planner
        self._models = models
        self._dependencies = dependencies
        self._journal = journal
        self._metrics = metrics

    async def speak(self, turn: RunningTurn, progress: Progress, request: ModelRequest) -> None:
        """Streams the model; a call that failed before its first token is repeated under a hold of its own.

        Raises the model's failure.
        """
        gathered, context = progress.gathered, progress.context
        assert gathered is not None
        assert context is not None
        profile = request.profile
        first = 1 + max((leg.number for leg in progress.legs), default=0)
        if first > 1:
            request = _continuing(request, progress.answer)
            await self._planner.hold(progress.accepted, first, context.input_tokens, request.max_output_tokens)
        last = first + gathered.modulation.max_retries
        for number in range(first, last + 1):
            leg = Leg(number, profile.profile_id)
            progress.legs.append(leg)
            try:
                await self._stream(turn, progress, request, leg)
                return
            except SomaError as error:
                leg.finish_reason = "error"
                self._dependencies.model_failed(profile.profile_id, error)
                if leg.spoke or number == last or error.reason not in _WORTH_RETRYING:
                    raise
                await self._hold_again(progress, number + 1, request, error)

    async def _hold_again(self, progress: Progress, leg: int, request: ModelRequest, error: SomaError) -> None:
        assert progress.context is not None
        await asyncio.sleep(_RETRY_PAUSE_SECONDS)
        try:
            await self._planner.hold(progress.accepted, leg, progress.context.input_tokens, request.max_output_tokens)
        except SomaError:
            # No hold, no call: what the person should know is why the first one failed.
            raise error from None

    async def _stream(self, turn: RunningTurn, progress: Progress, request: ModelRequest, leg: Leg) -> None:
        begin = progress.clock.monotonic()
        stream = cast("AsyncGenerator[StreamItem, None]", self._models.client(request.profile).stream(request))
        leg.sent = True
        async with aclosing(stream) as items:
            async for item in items:
                if not leg.spoke:
                    leg.spoke = True
                    self._dependencies.model_answered(request.profile.profile_id)
                    progress.measured("first_token", begin)
                    self._metrics.first_token(progress.clock.monotonic() - turn.started_at)
                self._take(turn, progress, leg, item)
        progress.measured("stream", begin)

    def _take(self, turn: RunningTurn, progress: Progress, leg: Leg, item: StreamItem) -> None:
        if isinstance(item, TextChunk):
            progress.text.append(item.text)
            turn.add(Step.TEXT, turn_event_pb2.TextDelta(text=item.text))
        elif isinstance(item, ReasoningChunk):
            progress.reasoning.append(item.text)
            turn.add(Step.REASONING, turn_event_pb2.ReasoningDelta(text=item.text))
        elif isinstance(item, ToolCallPart):
            progress.calls.append(item)
            call = message_pb2.ToolCall(call_id=item.call_id, name=item.name, arguments_json=item.arguments_json)
            turn.add(Step.TOOL_CALL, turn_event_pb2.ToolCallStarted(call=call, by_client=True))
        else:
            _finish(progress, leg, item)
            return
        self._journal.wants(turn)


def _continuing(request: ModelRequest, answer: str) -> ModelRequest:
    """The same call for the rest of an answer that began elsewhere."""
    if not answer:
        return request
    messages = (*request.messages, PromptMessage("assistant", answer), PromptMessage("user", _GO_ON))
    return replace(request, messages=messages)


def _finish(progress: Progress, leg: Leg, end: StreamEnd) -> None:
    leg.usage = end.usage
    leg.finish_reason = progress.finish_reason = "tool_calls" if progress.calls else end.finish_reason
    progress.confidence = end.confidence
