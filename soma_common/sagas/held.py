"""A saga in the hands of one process, and what is written of it.

Values, and how they are made of rows; nothing here decides or stores.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.sagas.models import Direction, SagaDefinition, Status, Values
from soma_common.sagas.plan import Position


@dataclass(slots=True)
class Held:
    """A saga that this process holds, and all that its next step needs. Times are of the monotonic clock."""

    saga_id: UUID
    tenant_id: TenantId
    definition: SagaDefinition
    fence: int
    position: Position
    caller: Caller
    correlation_id: str
    traceparent: str
    input: Values
    results: dict[str, Values]
    arrived: dict[str, Values]
    waited: bool
    began: float
    late_at: float
    leased_until: float
    stuck_times: int = 0
    error_reason: str = ""
    error_id: str = ""

    @property
    def key(self) -> tuple[UUID, UUID]:
        """What tells it from others."""
        return self.tenant_id, self.saga_id


@dataclass(frozen=True, slots=True)
class Tried:
    """One try of a step, as it goes into the history."""

    position: Position
    step: str
    took_seconds: float
    result: Values = field(default_factory=dict)
    error_reason: str = ""
    error_id: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a saga becomes: its status, its position, and when it is due; held on by its holder or given free."""

    status: Status
    position: Position
    step: str
    hold: bool
    due_seconds: float | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a saga starts with; with `lease_seconds` this process holds it from the start."""

    saga_id: UUID
    tenant_id: TenantId
    definition: SagaDefinition
    caller: Caller
    correlation_id: str
    traceparent: str
    input: Values
    lease_seconds: float | None


def held_of(row: Any, definition: SagaDefinition, now: float, lease_seconds: float) -> Held:
    """A saga out of a row that was claimed at `now`."""
    return Held(
        saga_id=row["saga_id"],
        tenant_id=TenantId(row["tenant_id"]),
        definition=definition,
        fence=row["fence"],
        position=Position(row["step_index"], Direction(row["direction"]), row["attempts"], row["doubt"]),
        caller=Caller(
            TenantId(row["tenant_id"]), row["sub"], frozenset(row["roles"]), frozenset(row["scopes"]), row["service"]
        ),
        correlation_id=row["correlation_id"],
        traceparent=row["traceparent"],
        input=json.loads(row["input"]),
        results=json.loads(row["results"]) if row["results"] else {},
        arrived=json.loads(row["arrived"]),
        waited=row["waited"],
        began=now,
        late_at=now + row["left_seconds"],
        leased_until=now + lease_seconds,
        stuck_times=row["stuck_times"],
        error_reason=row["error_reason"],
        error_id=row["error_id"],
    )


def held_from(it: Beginning, now: float, lease_seconds: float) -> Held:
    """A saga that this process has just started and holds."""
    return Held(
        saga_id=it.saga_id,
        tenant_id=it.tenant_id,
        definition=it.definition,
        fence=1,
        position=Position(),
        caller=it.caller,
        correlation_id=it.correlation_id,
        traceparent=it.traceparent,
        input=it.input,
        results={},
        arrived={},
        waited=False,
        began=now,
        late_at=now + it.definition.timeout_seconds,
        leased_until=now + lease_seconds,
    )
