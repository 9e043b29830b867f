"""Leading an answer through rounds of tools: the model speaks, its calls are run, it speaks on with their results.

How a model is called stands in `legs.py`, how a tool is run in `tools/running.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from servers.chat.answering.legs import Legs
from servers.chat.aside import aside
from servers.chat.domain.composing import Bounds, after_rounds
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.permission import Permission
from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.domain.turn import Step
from servers.chat.tools.effects import LedgerCall, LostTurnError
from servers.chat.tools.messages import finished_message
from servers.chat.tools.running import ToolRunning, refusal
from servers.chat.turns.journal import Journal
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from soma.chat.v1 import turn_event_pb2
from soma_common.tokens import tokenizer_for

MOST_ROUNDS: Final = 8
_USED_UP: Final = "The rounds of tools are used up, so the rest is answered without them."
_TOO_LATE: Final = "No tool is run any more in this turn: its rounds are used up."


class Waits(Exception):  # noqa: N818 - it is no error: the turn goes on once a person has decided
    """The turn waits for a person's consent to these calls."""

    def __init__(self, asked: Sequence[LedgerCall]) -> None:
        super().__init__(len(asked))
        self.asked = tuple(asked)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Leads answers."""

    legs: Legs
    running: ToolRunning
    journal: Journal

    async def lead(self, turn: RunningTurn, progress: Progress, request: ModelRequest) -> None:
        """From the request, or from where the progress stands, to the end of the answer.

        Raises the model's failure, and Waits where a person must consent first.
        """
        begun, following = bool(progress.calls), request
        if progress.rounds and not begun:
            following = await self._following(turn, progress, request)
        while True:
            if not begun:
                await self.legs.speak(turn, progress, following)
            begun = False
            if not progress.calls:
                return
            await self._act(turn, progress)
            if progress.tools_ended or any(call.call_id not in progress.results for call in progress.calls):
                # What is left is the client's.
                progress.finish_reason = "stop" if progress.tools_ended else "tool_calls"
                return
            progress.end_round()
            following = await self._following(turn, progress, request)

    async def _act(self, turn: RunningTurn, progress: Progress) -> None:
        """Runs the calls that run here and may. Raises Waits where others need consent."""
        number = len(progress.rounds) + 1
        clients = {told.call.call_id for told in progress.told if told.by_client}
        open_calls = [
            LedgerCall.of(call, number, position)
            for position, call in enumerate(progress.calls)
            if call.call_id not in clients and call.call_id not in progress.results
        ]
        asked = [call for call in open_calls if self._must_ask(progress, call)]
        ready = [call for call in open_calls if call not in asked]
        # Nothing is run that was not told.
        await self.journal.flush(turn)
        if progress.tools_ended:
            for call in open_calls:
                late = CallResult(call.call.call_id, call.call.name, CallStatus.FAILED, _TOO_LATE)
                self._tell(turn, progress, late, number)
        elif ready:
            await self._run(turn, progress, ready, number)
        if asked and not progress.tools_ended:
            await self.journal.flush(turn)
            raise Waits(asked)

    async def _run(self, turn: RunningTurn, progress: Progress, ready: Sequence[LedgerCall], number: int) -> None:
        with progress.phase("tools"):
            try:
                await self.running.run(turn, progress, ready, lambda result: self._tell(turn, progress, result, number))
            except* LostTurnError:
                turn.lose()
        # The cancellation of a turn that is another process' comes here, before anything more is done for it.
        await asyncio.sleep(0)

    def _tell(self, turn: RunningTurn, progress: Progress, result: CallResult, number: int) -> None:
        progress.results[result.call_id] = result
        turn.add(Step.TOOL_RESULT, finished_message(result, number))
        self.journal.wants(turn)

    def _must_ask(self, progress: Progress, call: LedgerCall) -> bool:
        """Whether a person must consent first; nobody is asked about a call that cannot be made."""
        part = call.call
        if part.call_id in progress.decided or refusal(progress, part) is not None:
            return False
        return progress.offered[part.name].permission_for(progress.accepted.agent) is Permission.APPROVAL

    async def _following(self, turn: RunningTurn, progress: Progress, first: ModelRequest) -> ModelRequest:
        """The request of the next round; once the rounds are used up, one without tools."""
        tokenizer = tokenizer_for(first.profile.tokenizer)
        size = sum(len(result.content) for each in progress.rounds for result in each.results)
        rounds, bounds = tuple(progress.rounds), bounds_of(progress)
        request, progress.fitted = await aside(size, after_rounds, first, rounds, bounds, tokenizer)
        if len(rounds) >= bounds.most_rounds and not progress.tools_ended:
            progress.tools_ended = True
            turn.add(Step.NOTICE, turn_event_pb2.Notice(code="tools_ended", sentence=_USED_UP))
        self.journal.wants(turn)
        return request


def bounds_of(progress: Progress) -> Bounds:
    """How much of the window this turn may take, and how many rounds of tools it may have."""
    window, gathered = progress.accepted.profile.window_tokens, progress.gathered
    if gathered is None:
        return Bounds(window, 0)
    limit = gathered.knobs.turn_token_limit
    rounds = max(1, min(MOST_ROUNDS, gathered.modulation.max_tool_rounds or gathered.knobs.max_tool_rounds))
    return Bounds(min(window, limit) if limit else window, rounds)
