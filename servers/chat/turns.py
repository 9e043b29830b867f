"""The life of a turn in this process: taken in, answered in a task of the server, followed, stopped, ended.

A turn outlives the call that asked for it. What each step does stands in its own file.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Final

from servers.chat.acceptance import Acceptances, Accepted, Known, Queued, Refused
from servers.chat.domain.turn import Step
from servers.chat.ending import Ending, Outcome
from servers.chat.followers import Followers
from servers.chat.generation import Answering, Refusal
from servers.chat.means import Means
from servers.chat.order import Order
from servers.chat.progress import Progress
from servers.chat.restoring import restored_progress, restored_turn
from servers.chat.running import RunningTurn, RunningTurns, Stop
from servers.chat.stored_turns import Stored
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as

_LOG: Final = get_logger("soma.chat.turns")
_DRAINED_SECONDS: Final = 0.05


class Turns:
    """Starts turns and owns their tasks."""

    def __init__(
        self,
        means: Means,
        acceptances: Acceptances,
        answering: Answering,
        ending: Ending,
        followers: Followers,
        running: RunningTurns,
        turn_seconds: float,
    ) -> None:
        self._metrics = means.metrics
        self._clock = means.clock
        self._ids = means.ids
        self._acceptances = acceptances
        self._answering = answering
        self._ending = ending
        self._followers = followers
        self._running = running
        self._turn_seconds = turn_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    async def send(self, order: Order) -> AsyncGenerator[bytes, None]:
        """Starts a turn, or finds the one that this request started, and follows it from its first event.

        Raises what refuses it before the first event. Going away stops the turn only where the order says so.
        """
        if self._draining:
            raise SomaError(Reason.SHUTTING_DOWN)
        turn = RunningTurn(self._ids.uuid7(), order, self._clock.monotonic())
        task = asyncio.create_task(self._run(turn), name=f"turn {turn.turn_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        followed = False
        try:
            async with aclosing(self._follow(turn)) as events:
                async for data in events:
                    yield data
            followed = True
        finally:
            if not followed and order.cancel_on_disconnect:
                turn.ask_to_stop(Stop.CANCELLED)

    def go_on(self, stored: Stored) -> None:
        """Goes on with a claimed turn in a task of its own; one that cannot be answered any more is ended."""
        task = asyncio.create_task(self._run_on(stored), name=f"turn {stored.row.turn_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_on(self, stored: Stored) -> None:
        accepted = stored.accepted
        if accepted is None:
            await self._ending.give_up(stored.row)
            return
        turn = restored_turn(stored, accepted, self._clock.monotonic())
        if stored.row.cancel_requested:
            turn.ask_to_stop(Stop.CANCELLED)
        with acting_as(accepted.order.caller, stored.row.correlation_id):
            await self._netted(turn, self._continue(turn, stored, accepted))

    async def _continue(self, turn: RunningTurn, stored: Stored, accepted: Accepted) -> None:
        self._running.add(turn)
        self._metrics.running(len(self._running))
        ran = self._clock.now() - (stored.row.running_since or stored.row.create_time)
        progress = restored_progress(stored, accepted, self._clock)
        await self._answer(turn, progress, self._turn_seconds - ran.total_seconds())

    async def _follow(self, turn: RunningTurn) -> AsyncGenerator[bytes, None]:
        caller = turn.order.caller
        known = await asyncio.shield(turn.taken_in)
        if known is not None:
            async with aclosing(self._followers.follow(caller, known, 0)) as events:
                async for data in events:
                    yield data
            return
        position = 0
        async with aclosing(turn.follow(0)) as own:
            async for event in own:
                yield event.data
                position = event.sequence
                if event.ends:
                    return
        async with aclosing(self._followers.follow(caller, turn.turn_id, position)) as rest:
            async for data in rest:
                yield data

    async def drain(self, patience_seconds: float) -> None:
        """Takes no more turns, lets the running ones end, and ends those that take longer as interrupted."""
        self._draining = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_seconds)
        for turn in self._running.all():
            turn.ask_to_stop(Stop.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        # The last events are on their way up the stairs.
        await asyncio.sleep(_DRAINED_SECONDS)

    async def _run(self, turn: RunningTurn) -> None:
        """One turn from its arrival to its end; the outermost net of its task."""
        order = turn.order
        with acting_as(order.caller, str(order.request_id)):
            await self._netted(turn, self._take_in(turn))

    async def _netted(self, turn: RunningTurn, work: Awaitable[None]) -> None:
        try:
            await work
        except SomaError as error:
            turn.refuse(error)
        except Exception as error:  # noqa: BLE001 - the net: nobody else would hear of it
            turn.refuse(self._defect(turn, error))
        finally:
            self._running.drop(turn)
            self._metrics.running(len(self._running))
            turn.end()

    async def _take_in(self, turn: RunningTurn) -> None:
        acceptance = await self._acceptances.accept(turn.turn_id, turn.order)
        if isinstance(acceptance, Known | Queued):
            turn.taken_in.set_result(acceptance.turn_id)
            return
        if isinstance(acceptance, Refused):
            turn.refuse(acceptance.error)
            return
        turn.lease_epoch = acceptance.lease_epoch
        self._running.add(turn)
        self._metrics.running(len(self._running))
        turn.taken_in.set_result(None)
        await self._answer(turn, Progress(acceptance, self._clock, turn.started_at), self._turn_seconds)

    async def _answer(self, turn: RunningTurn, progress: Progress, seconds: float) -> None:
        work = turn.work = asyncio.create_task(self._answering.answer(turn, progress), name=f"answer {turn.turn_id}")
        if turn.stop is not None:
            work.cancel()
        done, _ = await asyncio.wait((work,), timeout=max(0.0, seconds))
        if not done:
            work.cancel()
            await asyncio.wait((work,))
        problem = None if work.cancelled() else work.exception()
        if isinstance(problem, Refusal) and turn.stop is None:
            await self._ending.refuse(turn, progress.accepted, problem.error)
            return
        outcome = self._outcome(turn, progress, work, in_time=bool(done))
        await self._ending.end(turn, progress, outcome)

    def _outcome(self, turn: RunningTurn, progress: Progress, work: "asyncio.Task[None]", *, in_time: bool) -> Outcome:
        if work.cancelled() or isinstance(work.exception(), Refusal):
            if turn.stop is Stop.INTERRUPTED:
                return _failed(SomaError(Reason.TURN_INTERRUPTED, {"turn_id": str(turn.turn_id)}))
            if turn.stop is None and not in_time:
                return _failed(SomaError(Reason.DEADLINE_EXCEEDED))
            return Outcome(Step.CANCELLED, "cancelled")
        problem = work.exception()
        if problem is None:
            return Outcome(Step.COMPLETED, progress.finish_reason or "stop")
        if isinstance(problem, SomaError):
            return _failed(problem)
        return _failed(self._defect(turn, problem))

    def _defect(self, turn: RunningTurn, problem: BaseException) -> SomaError:
        error_id = str(self._ids.uuid4())
        _LOG.error("a turn failed by a defect", turn_id=str(turn.turn_id), error_id=error_id, exc_info=problem)
        return SomaError(Reason.INTERNAL, {"error_id": error_id})


def _failed(error: SomaError) -> Outcome:
    return Outcome(Step.FAILED, "error", error)
