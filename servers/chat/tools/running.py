"""Running calls of tools: arguments judged, time bounded, failures counted, each effect once.

Which calls are made and what the model reads of them is decided elsewhere.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from servers.chat.domain.arguments import ArgumentsProblem, check, read_arguments
from servers.chat.domain.effects import Step, step_for
from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.means import Means
from servers.chat.tools.effects import Before, Effects, LedgerCall
from servers.chat.tools.registry import Invocation, Tool, ToolFailure, effect_key
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from soma_common.kernel.breaker import Breaker, BreakerRule
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.chat.tools")
TOOL_SECONDS: Final = 30.0
BREAKER: Final = BreakerRule(failures=5, rest_seconds=30.0)
MOST_RESULT_BYTES: Final = 65_536
_NOBODY_KNOWS: Final = (
    "Nobody knows whether it had its effect: it was begun, and no answer came. It is not begun again by itself. "
    "Say so, and find out whether it happened before you ask for it again."
)
# What leaves open whether the other side did it.
_OPEN: Final = frozenset((Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.CANCELLED, Kind.INTERNAL))


@dataclass(frozen=True, slots=True)
class _Said:
    """What one try came to; `open` where it may have had its effect all the same."""

    status: CallStatus
    content: str
    open: bool = False


class ToolRunning:
    """Runs calls under the ledger."""

    def __init__(self, effects: Effects, means: Means, seconds: float = TOOL_SECONDS) -> None:
        self._effects = effects
        self._clock = means.clock
        self._ids = means.ids
        self._seconds = seconds
        self._breakers: dict[str, Breaker] = {}

    async def run(
        self, turn: RunningTurn, progress: Progress, calls: Sequence[LedgerCall], tell: Callable[[CallResult], None]
    ) -> None:
        """Runs calls side by side; each result is durable before it is told, in the order of the calls.

        Raises LostTurnError.
        """
        problems = {call.call.call_id: refusal(progress, call.call) for call in calls}
        sound = [call for call in calls if problems[call.call.call_id] is None]
        before = await self._effects.send(turn, sound) if sound else {}
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[CallResult]] = []
            for call in calls:
                problem, was = problems[call.call.call_id], before.get(call.call.call_id)
                work = self._run(turn, progress, call, was) if problem is None else self._refuse(turn, call, problem)
                tasks.append(group.create_task(work))
            for task in tasks:
                tell(await task)

    async def _refuse(self, turn: RunningTurn, call: LedgerCall, problem: str) -> CallResult:
        return await self._ended(turn, call, _Said(CallStatus.FAILED, problem), 0)

    async def _run(self, turn: RunningTurn, progress: Progress, call: LedgerCall, before: Before | None) -> CallResult:
        tool = progress.offered[call.call.name]
        step = step_for("" if before is None else before.state, repeatable=tool.repeatable)
        if step is Step.TELL and before is not None and before.result is not None:
            return before.result
        begin = self._clock.monotonic()
        if step is Step.GIVE_UP:
            said = _Said(CallStatus.UNKNOWN, _NOBODY_KNOWS)
        else:
            said = await self._said(tool, _invocation(progress, call.call), resolving=step is Step.RESOLVE)
        return await self._ended(turn, call, said, round((self._clock.monotonic() - begin) * 1000))

    async def _said(self, tool: Tool, invocation: Invocation, *, resolving: bool) -> _Said:
        """What the tool says; where it left open what became of it, it is asked once more if that changes nothing."""
        if not resolving and not self._allows(tool.name):
            content = f"{tool.name} failed too often just now and rests for a moment. Go on without it."
            return _Said(CallStatus.FAILED, content)
        said = await self._try(tool, invocation)
        if said.open and tool.lasting and tool.repeatable:
            said = await self._try(tool, invocation)
        if not tool.lasting or not (said.open or (resolving and said.status is CallStatus.FAILED)):
            return said
        return _Said(CallStatus.UNKNOWN, f"{said.content} {_NOBODY_KNOWS}")

    async def _try(self, tool: Tool, invocation: Invocation) -> _Said:
        try:
            async with asyncio.timeout(self._seconds):
                content = await tool.run(invocation)
        except ToolFailure as problem:
            said = _Said(CallStatus.FAILED, str(problem))
        except TimeoutError:
            said = _Said(CallStatus.FAILED, f"{tool.name} did not answer within {self._seconds:g} seconds.", open=True)
        except SomaError as error:
            said = _Said(CallStatus.FAILED, f"{tool.name} failed. {error.sentence}", open=error.kind in _OPEN)
        except Exception as problem:  # noqa: BLE001 - the net: a defect of a tool is not the turn's
            error_id = str(self._ids.uuid4())
            _LOG.error("a tool failed by a defect", tool=tool.name, error_id=error_id, exc_info=problem)
            said = _Said(CallStatus.FAILED, f"{tool.name} failed by the error {error_id}.", open=True)
        else:
            said = _Said(CallStatus.DONE, content)
        self._count(tool.name, failed=said.open)
        return said

    def _allows(self, name: str) -> bool:
        breaker, allowed = self._breakers.get(name, Breaker(BREAKER)).allows(self._clock.monotonic())
        self._breakers[name] = breaker
        return allowed

    def _count(self, name: str, *, failed: bool) -> None:
        """Notes a try; what was refused in good order is no failure."""
        breaker, now = self._breakers.get(name, Breaker(BREAKER)), self._clock.monotonic()
        self._breakers[name] = breaker.failed(now) if failed else breaker.succeeded(now)

    async def _ended(self, turn: RunningTurn, call: LedgerCall, said: _Said, took: int) -> CallResult:
        kept = said.content.replace("\x00", "").encode(errors="replace")[:MOST_RESULT_BYTES].decode(errors="ignore")
        result = CallResult(call.call.call_id, call.call.name, said.status, kept, took)
        await self._effects.end(turn, call, result)
        return result


def refusal(progress: Progress, call: ToolCallPart) -> str | None:
    """Why a call cannot be made as the model wrote it, for the model to correct."""
    tool = progress.offered.get(call.name)
    if tool is None:
        known = sorted((*progress.offered, *(each.name for each in progress.accepted.order.tools)))
        return f"There is no tool {call.name[:64]} here." + (f" There are: {', '.join(known)}." if known else "")
    try:
        check(read_arguments(call.arguments_json), tool.parameters)
    except ArgumentsProblem as problem:
        return f"{problem} Correct them and try again."
    return None


def _invocation(progress: Progress, call: ToolCallPart) -> Invocation:
    recalled = () if progress.context is None else progress.context.kept_memories()
    key = effect_key(progress.accepted.turn_id, call.call_id)
    return Invocation(progress.accepted, read_arguments(call.arguments_json), key, recalled)
