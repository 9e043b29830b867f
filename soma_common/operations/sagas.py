"""Sagas as the contract has them, without the secrets of what they were started with.

Nothing here reads or writes a table.
"""

from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import saga_pb2 as saga_pb
from soma_common.logging.redaction import redact
from soma_common.sagas.models import Direction, Saga, SagaFilter, Status, StepRecord, StepStatus

_STATUS: Final = {
    Status.RUNNING: saga_pb.SAGA_STATUS_RUNNING,
    Status.COMPLETED: saga_pb.SAGA_STATUS_COMPLETED,
    Status.COMPENSATING: saga_pb.SAGA_STATUS_COMPENSATING,
    Status.COMPENSATED: saga_pb.SAGA_STATUS_COMPENSATED,
    Status.COMPENSATION_STUCK: saga_pb.SAGA_STATUS_COMPENSATION_STUCK,
    Status.STUCK: saga_pb.SAGA_STATUS_STUCK,
}
_DIRECTION: Final = {
    Direction.FORWARD: saga_pb.SAGA_DIRECTION_FORWARD,
    Direction.BACK: saga_pb.SAGA_DIRECTION_BACK,
}
_STEP_STATUS: Final = {
    StepStatus.DONE: saga_pb.SAGA_STEP_STATUS_DONE,
    StepStatus.FAILED: saga_pb.SAGA_STEP_STATUS_FAILED,
}


def filter_of(request: operations_pb.ListSagasRequest) -> SagaFilter:
    """Which sagas are meant."""
    status = next((ours for ours, theirs in _STATUS.items() if theirs == request.status), None)
    return SagaFilter(name=request.name or None, status=status)


def place_of(request: operations_pb.ListSagasRequest) -> tuple[datetime, UUID] | None:
    """Where the list goes on."""
    if not request.HasField("after"):
        return None
    return request.after.start_time.ToDatetime(UTC), UUID(request.after.saga_id)


def saga_message(house: str, saga: Saga, *, whole: bool) -> saga_pb.Saga:
    """A saga; with its history and input when it is wanted whole."""
    message = saga_pb.Saga(
        house=house,
        saga_id=str(saga.saga_id),
        name=saga.name,
        version=saga.version,
        status=_STATUS[saga.status],
        step=saga.step,
        attempts=saga.attempts,
        tenant_id=str(saga.tenant_id),
        started_by=saga.started_by,
        correlation_id=saga.correlation_id,
        error_reason=saga.error_reason,
        error_id=saga.error_id,
    )
    message.start_time.FromDatetime(saga.start_time)
    message.update_time.FromDatetime(saga.update_time)
    message.deadline_time.FromDatetime(saga.deadline_time)
    if saga.due_time is not None:
        message.due_time.FromDatetime(saga.due_time)
    if saga.end_time is not None:
        message.end_time.FromDatetime(saga.end_time)
    if whole:
        message.input.update(cast(dict[str, Any], redact(saga.input)))
        message.steps.extend(_step_message(record) for record in saga.steps)
    return message


def _step_message(record: StepRecord) -> saga_pb.SagaStep:
    message = saga_pb.SagaStep(
        name=record.step,
        direction=_DIRECTION[record.direction],
        status=_STEP_STATUS[record.status],
        attempts=record.attempts,
        error_reason=record.error_reason,
        error_id=record.error_id,
    )
    message.first_time.FromDatetime(record.first_time)
    message.last_time.FromDatetime(record.last_time)
    return message
