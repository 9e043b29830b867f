"""The life of a turn in this process: taken in, answered in a task of the server, followed, stopped, ended.

A turn outlives the call that asked for it. What each step does stands in its own file.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Final
from uuid import UUID

from servers.chat.answering.generation import Answering, Refusal
from servers.chat.answering.rounds import Waits
from servers.chat.domain.turn import Step
from servers.chat.means import Means
from servers.chat.turns.acceptance import PATIENCE_SECONDS, Acceptances, Accepted, Known, Queued, Refused
from servers.chat.turns.claiming import Stored
from servers.chat.turns.ending import Ending, Outcome
from servers.chat.turns.followers import Followers
from servers.chat.turns.order import Order
from servers.chat.turns.progress import Progress
from servers.chat.turns.restoring import restored_progress, restored_turn
from servers.chat.turns.running import RunningTurn, RunningTurns, Stop
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as

_LOG: Final = get_logger("soma.chat.turns")
_PING_SECONDS: Final = 1.0
_DRAINED_SECONDS: Final = 0.05
_PASSES: Final = frozenset((Reason.DEPENDENCY_DOWN, Reason.DATABASE_UNAVAILABLE, Reason.CONFLICT))


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
        self._queue = ending.handover.queue
        self._database = means.database
        self._metrics = means.metrics
        self._watchers = means.watchers
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
        turn = self._started(order)
        followed = False
        try:
            async with aclosing(self._follow(turn)) as events:
                async for data in events:
                    yield data
            followed = True
        finally:
            if not followed and order.cancel_on_disconnect:
                self._stop(turn)

    async def begin(self, order: Order) -> UUID:
        """The id of the turn that a request started or starts, without following it. Raises what refuses it at once."""
        turn = self._started(order)
        known = await self._taken_in(turn)
        if turn.refusal is not None:
            raise turn.refusal
        return known or turn.turn_id

    async def _taken_in(self, turn: RunningTurn) -> UUID | None:
        """The turn that this request started before, if it did.

        Raises DATABASE_UNAVAILABLE while the database hangs: whoever asks hears of it, and the turn goes on by itself
        when the database does, as it would without them.
        """
        while not turn.taken_in.done():
            done, _ = await asyncio.wait((turn.taken_in,), timeout=PATIENCE_SECONDS)
            if not done:
                await self._database.ping(_PING_SECONDS)
        return turn.taken_in.result()

    def _started(self, order: Order) -> RunningTurn:
        if self._draining:
            raise SomaError(Reason.SHUTTING_DOWN)
        turn = RunningTurn(self._ids.uuid7(), order, self._clock.monotonic())
        self._keep(self._run(turn), f"turn {turn.turn_id}")
        return turn

    def _stop(self, turn: RunningTurn) -> None:
        """Its person went away; one that is queued may have been started meanwhile, here or elsewhere."""
        if turn.waits:
            self._keep(self._queue.stop_waiting(turn.order.caller.tenant_id, turn.turn_id), f"stop {turn.turn_id}")
            return
        if turn.queued is None:
            turn.ask_to_stop(Stop.CANCELLED)
            return
        self._keep(self._queue.give_up(turn.queued), f"give up {turn.turn_id}")

    def _keep(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def go_on(self, stored: Stored) -> None:
        """Goes on with a claimed turn in a task of its own; one that cannot be answered any more is ended."""
        self._keep(self._run_on(stored), f"turn {stored.row.turn_id}")

    async def _run_on(self, stored: Stored) -> None:
        accepted = stored.accepted
        if accepted is None:
            await self._ending.handover.give_up(stored.row)
            return
        turn = restored_turn(stored, accepted, self._clock.monotonic())
        if stored.row.cancel_requested:
            turn.ask_to_stop(Stop.CANCELLED)
        with acting_as(accepted.order.caller, stored.row.correlation_id):
            try:
                await self._continue(turn, stored, accepted)
            except SomaError as error:
                _LOG.warning("a turn cannot be gone on with now", turn_id=str(turn.turn_id), reason=error.reason.value)
                await self._ending.handover.release(turn)
            except Exception as error:  # noqa: BLE001 - the net: nobody else would hear of it
                self._defect(turn, error)
                await self._ending.handover.give_up(stored.row)
            finally:
                self._drop(turn)

    async def _continue(self, turn: RunningTurn, stored: Stored, accepted: Accepted) -> None:
        self._running.add(turn)
        self._metrics.running(len(self._running))
        self._ending.handover.tell_follower(turn)
        ran = self._clock.now() - (stored.row.running_since or stored.row.create_time)
        progress = restored_progress(stored, accepted, self._clock)
        settled = await self._answering.settled(turn, progress)
        if settled is not None:
            await self._ending.end(turn, progress, settled)
            return
        await self._answer(turn, progress, self._turn_seconds - ran.total_seconds())

    async def _follow(self, turn: RunningTurn) -> AsyncGenerator[bytes, None]:
        caller = turn.order.caller
        known = await self._taken_in(turn)
        if known is not None:
            if turn.queued is not None:
                await self._queue.wait(turn.queued)
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

    @property
    def draining(self) -> bool:
        """Whether no more turns are taken."""
        return self._draining

    def works_on(self, turn_id: UUID) -> bool:
        """Whether a task here runs the turn."""
        return self._running.find(turn_id) is not None

    async def drain(self, patience_seconds: float) -> None:
        """Takes no more turns, lets the running ones end, and lets go of those that take longer."""
        self._draining = True
        await self._queue.close()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_seconds)
        for turn in self._running.all():
            turn.ask_to_stop(Stop.RELEASED)
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        self._followers.leave()
        # The last events are on their way up the stairs.
        await asyncio.sleep(_DRAINED_SECONDS)

    async def _run(self, turn: RunningTurn) -> None:
        """One turn from its arrival to its end; the outermost net of its task."""
        order = turn.order
        with acting_as(order.caller, str(order.request_id)):
            try:
                await self._take_in(turn)
            except SomaError as error:
                turn.refuse(error)
            except Exception as error:  # noqa: BLE001 - the net: nobody else would hear of it
                turn.refuse(self._defect(turn, error))
            finally:
                self._drop(turn)

    def _drop(self, turn: RunningTurn) -> None:
        self._running.drop(turn)
        self._metrics.running(len(self._running))
        turn.end()

    async def _take_in(self, turn: RunningTurn) -> None:
        acceptance = await self._acceptances.accept(turn.turn_id, turn.order)
        if isinstance(acceptance, Known):
            turn.taken_in.set_result(acceptance.turn_id)
            return
        if isinstance(acceptance, Queued):
            turn.queued = acceptance
            turn.taken_in.set_result(acceptance.turn_id)
            await self._queue.joined(acceptance)
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
        conversation_id = progress.accepted.conversation_id
        self._watchers.changed(conversation_id)
        try:
            await self._answer_unwatched(turn, progress, seconds)
        finally:
            self._watchers.changed(conversation_id)

    async def _answer_unwatched(self, turn: RunningTurn, progress: Progress, seconds: float) -> None:
        calls = len(progress.legs)
        work = turn.work = asyncio.create_task(self._answering.answer(turn, progress), name=f"answer {turn.turn_id}")
        if turn.stop is not None:
            work.cancel()
        done, _ = await asyncio.wait((work,), timeout=max(0.0, seconds))
        if not done:
            work.cancel()
            await asyncio.wait((work,))
        problem = None if work.cancelled() else work.exception()
        if _may_be_tried_again(turn, progress, problem, calls):
            await self._ending.handover.release(turn)
            return
        if isinstance(problem, Refusal) and turn.stop is None:
            await self._ending.refuse(turn, progress.accepted, problem.error)
            return
        if isinstance(problem, Waits) and turn.stop in (None, Stop.RELEASED):
            await self._ending.handover.waiting.begin(turn, progress, problem.asked)
            return
        if turn.stop is Stop.RELEASED and work.cancelled():
            await self._ending.handover.release(turn)
            return
        outcome = self._outcome(turn, progress, work, in_time=bool(done))
        await self._ending.end(turn, progress, outcome)

    def _outcome(self, turn: RunningTurn, progress: Progress, work: "asyncio.Task[None]", *, in_time: bool) -> Outcome:
        if work.cancelled() or isinstance(work.exception(), Refusal | Waits):
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


def _may_be_tried_again(
    turn: RunningTurn, progress: Progress, problem: BaseException | None, calls_before: int
) -> bool:
    """Whether a turn that another process began could only not be gone on with now: it is no worse off than before."""
    passes = isinstance(problem, SomaError) and problem.reason in _PASSES
    return passes and turn.begun and progress.before is not None and len(progress.legs) == calls_before


def _failed(error: SomaError) -> Outcome:
    return Outcome(Step.FAILED, "error", error)
