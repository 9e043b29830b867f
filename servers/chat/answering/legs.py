"""The model calls of one round: each under a hold of its own, made again, or by another model, where one failed.

What is asked and what becomes of the answer is not known here; what follows a failure stands in `domain/fallback.py`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

from servers.chat.answering.call_fitting import call_for
from servers.chat.answering.legbook import Legbook
from servers.chat.answering.planning import Planner
from servers.chat.answering.voice import Voice
from servers.chat.dependencies import Dependencies
from servers.chat.domain.fallback import (
    OPEN_BREAKER,
    Move,
    Standing,
    most_useful,
    move_after,
    pause_seconds,
    switch_sentence,
    why_of,
)
from servers.chat.domain.model import ModelProfile, ModelRequest, StreamBegin, StreamItem
from servers.chat.domain.turn import Step
from servers.chat.metrics import TurnMetrics
from servers.chat.models.port import Models
from servers.chat.turns.journal import Journal
from servers.chat.turns.manifests import call_record
from servers.chat.turns.progress import Leg, Progress
from servers.chat.turns.running import RunningTurn
from soma.chat.v1 import turn_event_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

# A settlement takes 64.
MOST_CALLS: Final = 60


@dataclass(slots=True)
class _Round:
    """One round of a turn: what was asked for, and how often the present model failed before its first token."""

    turn: RunningTurn
    progress: Progress
    request: ModelRequest
    most_tries: int
    tries: int = 0


class Legs:
    """Makes the calls."""

    def __init__(
        self,
        planner: Planner,
        models: Models,
        dependencies: Dependencies,
        journal: Journal,
        book: Legbook,
        metrics: TurnMetrics,
    ) -> None:
        self._book = book
        self._planner = planner
        self._models = models
        self._dependencies = dependencies
        self._journal = journal
        self._metrics = metrics

    async def speak(self, turn: RunningTurn, progress: Progress, request: ModelRequest) -> None:
        """Streams the answer of one round, going on from the text that `progress` has of it, whoever has to write it.

        Whoever goes on with a turn has put the calls that were made before into `progress.legs`: the plan holds the
        first one only. Raises the failure about which a person can do most, or what refuses the hold of a first call.
        """
        assert progress.gathered is not None
        this = _Round(turn, progress, request, 1 + progress.gathered.modulation.max_retries)
        call = await self._opening(this)
        while call.max_output_tokens:
            leg = Leg(progress.next_leg, call.profile, call.input_tokens, call_record(progress, call))
            progress.legs.append(leg)
            try:
                await self._stream(this, call, leg)
                return
            except SomaError as error:
                leg.finish_reason = "error"
                self._dependencies.model_failed(call.profile, error)
                progress.trouble.failures.append(error)
                this.tries = 0 if leg.spoke else this.tries + 1
                call = await self._following(this, call, leg)
        # Nothing is left of what the answer may be long: it broke off where it had to end.
        progress.finish_reason = "length"

    async def _opening(self, this: _Round) -> ModelRequest:
        """The first call of the round: by its model, or by one that stands in for it from the start."""
        progress, wanted = this.progress, this.request.profile
        gone = wanted.profile_id in progress.trouble.given_up
        if wanted.fallbacks and (gone or not self._dependencies.model_allows(wanted)):
            others = await self._others(this)
            if not progress.legs and others:
                # The plan holds the first call, which is not made.
                progress.legs.append(Leg(1, wanted, 0, finish_reason="error"))
            call = await self._held(this, others)
            if call is not None:
                progress.trouble.given_up.add(wanted.profile_id)
                if not gone:
                    self._tell_switch(this, wanted, call.profile, Reason.MODEL_UNAVAILABLE, OPEN_BREAKER)
                return call
        call = await call_for(this.request, wanted, progress.so_far)
        if call is None:
            raise SomaError(Reason.MODEL_CONTEXT_OVERFLOW, {"model": wanted.profile_id})
        if progress.next_leg > 1:
            await self._hold(this, call)
        return call

    async def _following(self, this: _Round, failed: ModelRequest, leg: Leg) -> ModelRequest:
        """The call that is made after one that failed, held and told of. Raises where there is none."""
        progress, trouble = this.progress, this.progress.trouble
        error, profile = trouble.failures[-1], failed.profile
        others = await self._others(this, profile, error)
        standing = Standing(this.tries, this.most_tries, leg.spoke, bool(others), trouble.resumed)
        move = move_after(error, standing) if len(progress.legs) < MOST_CALLS else Move.END
        if move is Move.AGAIN:
            trouble.resumed = trouble.resumed or leg.spoke
            await asyncio.sleep(pause_seconds(error))
            again = await call_for(this.request, profile, progress.so_far)
            others = [] if again is None else [again]
        elif move is Move.NEXT:
            trouble.given_up.add(profile.profile_id)
        call = None if move is Move.END else await self._held(this, others)
        if call is None:
            raise most_useful(trouble.failures) from error
        if move is Move.NEXT or leg.spoke:
            this.tries = 0
            self._tell_switch(this, profile, call.profile, error.reason, why_of(error))
        return call

    async def _others(
        self, this: _Round, failed: ModelProfile | None = None, error: SomaError | None = None
    ) -> list[ModelRequest]:
        """The calls by models that could be asked instead: not given up, not failing, able to take the request."""
        refused = {*this.progress.trouble.given_up} | ({failed.profile_id} if failed else set())
        too_long = failed is not None and error is not None and error.reason is Reason.MODEL_CONTEXT_OVERFLOW
        smallest = failed.window_tokens + 1 if failed is not None and too_long else 0
        fitted = [
            await call_for(this.request, profile, this.progress.so_far)
            for profile in this.request.profile.fallbacks
            if profile.profile_id not in refused
            and profile.window_tokens >= smallest
            and self._dependencies.model_allows(profile)
        ]
        return [call for call in fitted if call is not None]

    async def _held(self, this: _Round, calls: list[ModelRequest]) -> ModelRequest | None:
        """The first call that the budget has room for, held; whoever is too dear is not asked any more."""
        for call in calls:
            try:
                await self._hold(this, call)
            except SomaError as refusal:
                if refusal.reason is not Reason.BUDGET_EXHAUSTED:
                    return None
                this.progress.trouble.given_up.add(call.profile.profile_id)
            else:
                return call
        return None

    async def _hold(self, this: _Round, call: ModelRequest) -> None:
        """Holds what a call may cost, and leaves a note of it for whoever may have to end the turn."""
        if call.max_output_tokens:
            progress = this.progress
            await self._planner.hold(progress.accepted, progress.next_leg, call, progress.patience_seconds)
            await self._book.note(this.turn, progress, call)

    def _tell_switch(self, this: _Round, before: ModelProfile, after: ModelProfile, reason: Reason, why: str) -> None:
        amid = bool(this.progress.so_far)
        sentence = switch_sentence(before.profile_id, after.profile_id, why, amid=amid)
        metadata = {"from_model": before.profile_id, "to_model": after.profile_id, "reason": reason.value}
        notice = turn_event_pb2.Notice(code="provider_switched", sentence=sentence, metadata=metadata)
        this.turn.add(Step.NOTICE, notice)
        self._journal.wants(this.turn)
        self._metrics.switched(amid=amid)

    async def _stream(self, this: _Round, call: ModelRequest, leg: Leg) -> None:
        progress, turn = this.progress, this.turn
        voice = Voice(turn, progress, self._journal, leg, call)
        # Whoever ends this turn in our place must know of the call before its provider does; else nobody pays for it.
        await self._journal.flush(turn)
        begin = progress.clock.monotonic()
        stream = cast("AsyncGenerator[StreamItem, None]", self._models.client(call.profile).stream(call))
        leg.sent = True
        async with aclosing(stream) as items:
            async for item in items:
                if not leg.spoke and not isinstance(item, StreamBegin):
                    leg.spoke = True
                    self._dependencies.model_answered(call.profile)
                    progress.measured("first_token", begin)
                    self._metrics.first_token(progress.clock.monotonic() - turn.started_at)
                voice.take(item)
        progress.measured("stream", begin)
