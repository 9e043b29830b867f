"""The events of a saga: ids, names and numbers.

Making drafts only; they are written with the change they tell of.
"""

from collections.abc import Iterator
from typing import Final

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.sagas.held import Beginning, Held, Tried, Written
from soma_common.sagas.models import Direction, Saga, Status
from soma_common.sagas.plan import Then

_AT_REST: Final = {
    Status.COMPLETED: "saga.completed",
    Status.COMPENSATED: "saga.failed",
    Status.COMPENSATION_STUCK: "saga.failed",
    Status.STUCK: "saga.failed",
}


def started(it: Beginning) -> EventDraft:
    """saga.started."""
    changed = payloads_pb.SagaChanged(
        saga_id=str(it.saga_id),
        name=it.definition.name,
        version=it.definition.version,
        status=Status.RUNNING.value,
        step=it.definition.steps[0].name,
    )
    return EventDraft("saga.started", f"saga/{it.saga_id}", changed, it.correlation_id)


def moved(held: Held, tried: Tried, to: Written, then: Then) -> Iterator[EventDraft]:
    """What one move tells: how the step ended, if it did, and what became of the saga."""
    if not tried.error_reason:
        yield _step_ended(held, tried, "saga.step.completed")
    elif then not in (Then.AGAIN, Then.SLOWLY):
        yield _step_ended(held, tried, "saga.step.failed")
    turned = tried.position.direction is Direction.FORWARD and to.position.direction is Direction.BACK
    if turned:
        yield changed(held, tried, to, "saga.compensating", Status.COMPENSATING)
    if to.status in _AT_REST:
        yield changed(held, tried, to, _AT_REST[to.status], to.status)


def changed(held: Held, tried: Tried, to: Written, event_type: str, status: Status) -> EventDraft:
    """What became of a saga, and why it failed if it did."""
    payload = payloads_pb.SagaChanged(
        saga_id=str(held.saga_id),
        name=held.definition.name,
        version=held.definition.version,
        status=status.value,
        step=to.step,
        error_reason=tried.error_reason or held.error_reason,
        error_id=tried.error_id or held.error_id,
    )
    return EventDraft(event_type, f"saga/{held.saga_id}", payload, held.correlation_id)


def told(saga: Saga, event_type: str, by: str) -> EventDraft:
    """What became of a saga by a person's word."""
    payload = payloads_pb.SagaChanged(
        saga_id=str(saga.saga_id),
        name=saga.name,
        version=saga.version,
        status=saga.status.value,
        step=saga.step,
        error_reason=saga.error_reason,
        error_id=saga.error_id,
        changed_by=by,
    )
    return EventDraft(event_type, f"saga/{saga.saga_id}", payload, saga.correlation_id)


def _step_ended(held: Held, tried: Tried, event_type: str) -> EventDraft:
    ended = payloads_pb.SagaStepEnded(
        saga_id=str(held.saga_id),
        name=held.definition.name,
        step=tried.step,
        compensation=tried.position.direction is Direction.BACK,
        attempts=tried.position.attempts + 1,
        error_reason=tried.error_reason,
        error_id=tried.error_id,
    )
    return EventDraft(event_type, f"saga/{held.saga_id}", ended, held.correlation_id)
