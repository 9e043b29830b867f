"""Drives one saga that this process holds: calls its step, records what came of it, and goes on while it may.

What follows what is decided in `plan.py`.
"""

import random
from asyncio import timeout
from dataclasses import replace
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.step_mark import Purpose, StepMark, marking
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.failpoints import Reached, SagaFailpoint
from soma_common.sagas.held import Held, Tried, Written
from soma_common.sagas.models import Direction, SagaStep, Status, StepCall, Values, effect_key
from soma_common.sagas.plan import (
    Move,
    Outcome,
    Position,
    Stage,
    Then,
    leaves_doubt,
    move_after,
    outcome_of,
    stage_of,
)
from soma_common.sagas.store import SagaStore
from soma_common.sagas.stuck import StuckSagas
from soma_common.sagas.telling import moved
from soma_common.tracing import TraceContext, tracer

_LOG: Final = get_logger("soma.sagas")


class LostSagaError(Exception):
    """Another process has taken the saga: nothing of this one counts any more."""


class UnstorableResultError(Exception):
    """A step was done and gave something that cannot be kept as JSON."""


class Driver:
    """Drives sagas, each in a task of its own."""

    def __init__(
        self,
        database: Database,
        store: SagaStore,
        stuck: StuckSagas,
        clock: Clock,
        ids: Ids,
        conduct: Conduct,
        reached: Reached,
    ) -> None:
        self._database = database
        self._store = store
        self._stuck = stuck
        self._clock = clock
        self._ids = ids
        self._conduct = conduct
        self._reached = reached
        self._chance = random.SystemRandom()

    async def drive(self, held: Held) -> float | None:
        """Until it rests or has to wait; returns how long it waits, None when it rests.

        Raises LostSagaError when another process has it, SomaError(DATABASE_UNAVAILABLE) when nothing can be recorded:
        its lease runs out then, and whoever takes it repeats the step under the same key.
        """
        self._reached(SagaFailpoint.CLAIMED)
        with tracer.span(f"saga {held.definition.name}", parent=TraceContext.parse(held.traceparent)):
            while True:
                to = await self._go(held)
                self._reached(SagaFailpoint.MOVED)
                if to.status.is_at_rest:
                    seconds = self._clock.monotonic() - held.began
                    self._conduct.metrics.ended(held.definition.name, to.status.value, seconds)
                    return None
                if not to.hold:
                    return to.due_seconds

    async def _go(self, held: Held) -> Written:
        """One try, recorded."""
        step = held.definition.steps[held.position.index]
        began = self._clock.monotonic()
        if step.local:
            # It is done exactly if it is recorded.
            held.position = replace(held.position, doubt=False)
        if self._is_too_late(held, step):
            return await self._after(
                held, step, SomaError(Reason.DEADLINE_EXCEEDED), began, (held.position, Outcome.LATE)
            )
        if step.awaits is not None and held.position.direction is Direction.FORWARD:
            return await self._await_event(held, step, step.awaits)
        try:
            if step.local:
                return await self._act_in_one_transaction(held, step, began)
            result = await self._call(held, step, None)
        except LostSagaError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a step raises decides what follows
            return await self._failed(held, step, problem, began)
        self._reached(SagaFailpoint.ACTED)
        try:
            return await self._done(held, step, result, began)
        except (TypeError, ValueError) as problem:
            return await self._failed(held, step, UnstorableResultError(str(problem)), began)
        except SomaError as problem:
            if problem.reason is not Reason.INVALID_FIELD:
                raise
            return await self._failed(held, step, UnstorableResultError(problem.sentence), began)

    async def _act_in_one_transaction(self, held: Held, step: SagaStep, began: float) -> Written:
        async def work(connection: Connection) -> tuple[Tried, Move, Written]:
            result = await self._call(held, step, connection)
            self._reached(SagaFailpoint.ACTED)
            tried = Tried(held.position, step.name, self._clock.monotonic() - began, result)
            move = move_after(held.definition, held.position, Outcome.DONE, self._conduct.pace, 0.0)
            to = await self._record(held, tried, move, connection)
            self._reached(SagaFailpoint.RECORDED)
            return tried, move, to

        tried, move, to = await self._database.run(held.tenant_id, work)
        return self._follow(held, tried, move, to)

    async def _call(self, held: Held, step: SagaStep, connection: "Connection | None") -> Values:
        position = held.position
        is_back = position.direction is Direction.BACK
        action = step.compensation if is_back else step.action
        if action is None:
            return {}
        action_key = effect_key(held.saga_id, step.name, Direction.FORWARD)
        call = StepCall(
            saga_id=held.saga_id,
            tenant_id=held.tenant_id,
            caller=held.caller,
            correlation_id=held.correlation_id,
            step=step.name,
            input=held.input,
            results=held.results,
            effect_key=effect_key(held.saga_id, step.name, Direction.BACK) if is_back else action_key,
            attempt=position.attempts + 1,
            direction=position.direction,
            own_connection=connection,
        )
        seconds = self._seconds_for(held, step)
        with (
            acting_as(held.caller, held.correlation_id, seconds),
            marking(StepMark(action_key, _purpose(position))),
            tracer.span(f"saga step {step.name}"),
        ):
            try:
                async with timeout(seconds):
                    return await action(call) or {}
            except TimeoutError as late:
                raise SomaError(Reason.DEADLINE_EXCEEDED) from late

    async def _await_event(self, held: Held, step: SagaStep, event_type: str) -> Written:
        """Done when the event is there; otherwise laid down until it comes, or until that lasted too long."""
        began = self._clock.monotonic()
        is_over = held.waited or (began >= held.late_at and stage_of(held.definition, held.position) is Stage.UNDOABLE)
        if event_type not in held.arrived and not is_over:
            seconds = self._seconds_for(held, step)
            arrived = await self._store.wait(held, event_type, seconds)
            if arrived is None:
                raise LostSagaError
            held.arrived = dict(arrived)
            if event_type not in arrived:
                return Written(Status.RUNNING, held.position, step.name, hold=False, due_seconds=seconds)
        if event_type in held.arrived:
            return await self._done(held, step, held.arrived[event_type], began)
        # What was to bring the event about may still be under way.
        position = replace(held.position, doubt=True)
        outcome = Outcome.LATE if self._clock.monotonic() >= held.late_at else Outcome.WORN
        return await self._after(held, step, SomaError(Reason.DEADLINE_EXCEEDED), began, (position, outcome))

    async def _done(self, held: Held, step: SagaStep, result: Values, began: float) -> Written:
        move = move_after(held.definition, held.position, Outcome.DONE, self._conduct.pace, 0.0)
        tried = Tried(held.position, step.name, self._clock.monotonic() - began, result)
        return self._follow(held, tried, move, await self._record(held, tried, move, None))

    async def _failed(self, held: Held, step: SagaStep, problem: Exception, began: float) -> Written:
        position = held.position
        if position.direction is Direction.FORWARD and not step.local and leaves_doubt(problem):
            position = replace(position, doubt=True)
        late = self._clock.monotonic() >= held.late_at
        outcome = outcome_of(held.definition, position, problem, self._conduct.pace, late=late)
        return await self._after(held, step, problem, began, (position, outcome))

    async def _after(
        self, held: Held, step: SagaStep, problem: Exception, began: float, what: tuple[Position, Outcome]
    ) -> Written:
        """What follows a failure at this position, recorded."""
        move = move_after(held.definition, *what, self._conduct.pace, self._chance.random())
        tried = self._tried(held, step, problem, began)
        if move.then is not Then.STUCK:
            return self._follow(held, tried, move, await self._record(held, tried, move, None))
        to = Written(move.status, move.position, step.name, hold=False, due_seconds=None)
        if not await self._stuck.park(held, tried, to, problem):
            raise LostSagaError
        return self._follow(held, tried, move, to)

    def _tried(self, held: Held, step: SagaStep, problem: Exception, began: float) -> Tried:
        """A try that failed; the log has the details under the id that the history carries."""
        error_id = str(self._ids.uuid7())
        known = isinstance(problem, SomaError)
        reason = problem.reason if isinstance(problem, SomaError) else Reason.INTERNAL
        words = {"saga": held.definition.name, "saga_id": str(held.saga_id), "step": step.name, "error_id": error_id}
        say = _LOG.info if known else _LOG.error
        say("a step of a saga has failed", reason=reason.value, exc_info=None if known else problem, **words)
        return Tried(held.position, step.name, self._clock.monotonic() - began, {}, reason.value, error_id)

    async def _record(self, held: Held, tried: Tried, move: Move, connection: "Connection | None") -> Written:
        to = self._written(held, move)
        if not await self._store.move(held, tried, to, list(moved(held, tried, to, move.then)), connection):
            raise LostSagaError
        return to

    def _written(self, held: Held, move: Move) -> Written:
        """When a saga that has made this move is due; the lease is prolonged only when half of it is over."""
        name = held.definition.steps[move.position.index].name
        if move.status.is_at_rest:
            return Written(move.status, move.position, name, hold=False, due_seconds=None)
        if move.wait_seconds is None:
            left = held.leased_until - self._clock.monotonic()
            due_seconds = None if left > self._conduct.lease_seconds / 2 else self._conduct.lease_seconds
            return Written(move.status, move.position, name, hold=True, due_seconds=due_seconds)
        wait_seconds, late_in = move.wait_seconds, held.late_at - self._clock.monotonic()
        if move.position.direction is Direction.FORWARD and 0 < late_in < wait_seconds:
            wait_seconds = late_in
        return Written(move.status, move.position, name, hold=False, due_seconds=wait_seconds)

    def _follow(self, held: Held, tried: Tried, move: Move, to: Written) -> Written:
        """Go on from what was recorded."""
        self._conduct.metrics.tried(held.definition.name, tried.position.direction.value, move.then.name.lower())
        if not tried.error_reason and tried.position.direction is Direction.FORWARD:
            held.results = {**held.results, tried.step: tried.result}
        held.position, held.waited = to.position, False
        if to.hold and to.due_seconds is not None:
            held.leased_until = self._clock.monotonic() + to.due_seconds
        return to

    def _is_too_late(self, held: Held, step: SagaStep) -> bool:
        """Whether the whole time is over at a step that nobody has to ask about any more."""
        if self._clock.monotonic() < held.late_at or step.awaits is not None:
            return False
        stage = stage_of(held.definition, held.position)
        return stage is Stage.UNDOABLE or (stage is Stage.PIVOT and not held.position.doubt)

    def _seconds_for(self, held: Held, step: SagaStep) -> float:
        """How long one try may take: no longer than the saga, where that may still turn back."""
        left = held.late_at - self._clock.monotonic()
        if left <= 0 or stage_of(held.definition, held.position) in (Stage.BEHIND, Stage.UNDOING):
            return step.timeout_seconds
        return min(step.timeout_seconds, left)


def _purpose(position: Position) -> Purpose:
    if position.direction is Direction.FORWARD:
        return Purpose.ACT
    return Purpose.UNDO_IF_DONE if position.doubt else Purpose.UNDO
