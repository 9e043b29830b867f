"""What a saga is: its definition, what a step is called with, and how a running one is seen.

Plain values: nothing here knows a store, a clock or a message.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID, uuid5

from soma_common.kernel.tenancy import Caller, TenantId

if TYPE_CHECKING:
    from soma_common.postgres.pool import Connection

# What JSON can hold, by name: ids, names and numbers; never a person's text or a secret.
Values: TypeAlias = Mapping[str, Any]
STEP_SECONDS: Final = 30.0
STEP_RETRIES: Final = 3
SAGA_SECONDS: Final = 300.0
LONGEST_NAME: Final = 56


class Status(StrEnum):
    """How a saga stands."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    COMPENSATING = "COMPENSATING"
    COMPENSATED = "COMPENSATED"  # failed, and everything it had done is undone
    COMPENSATION_STUCK = "COMPENSATION_STUCK"  # a compensation keeps failing: a person has to look
    STUCK = "STUCK"  # a step that cannot be undone cannot be done either: a person has to look

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow."""
        return self in (Status.COMPLETED, Status.COMPENSATED)

    @property
    def is_stuck(self) -> bool:
        """Whether it waits for `resume`."""
        return self in (Status.COMPENSATION_STUCK, Status.STUCK)

    @property
    def is_at_rest(self) -> bool:
        """Whether it goes on only when somebody says so."""
        return self.is_over or self.is_stuck


class Direction(StrEnum):
    """Which way a saga goes through its steps."""

    FORWARD = "forward"
    BACK = "back"


class StepStatus(StrEnum):
    """What became of a step, or of its compensation."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepCall:
    """What an action or a compensation is called with.

    `effect_key` is the same for every try of this step in this direction: give it as the `request_id` of the one
    mutation that the step makes, so that a repeat is answered and not done again. `results` are those of the steps that
    are done, by name; a compensation finds the one of its own step there too, unless the outcome of that was never
    known. `attempt` counts from 1.
    """

    saga_id: UUID
    tenant_id: TenantId
    caller: Caller
    correlation_id: str
    step: str
    input: Values
    results: Mapping[str, Values]
    effect_key: UUID
    attempt: int
    direction: Direction = Direction.FORWARD
    own_connection: "Connection | None" = None

    @property
    def action_key(self) -> UUID:
        """The effect key of the step's action, in its compensation too: what a fence goes by."""
        return effect_key(self.saga_id, self.step, Direction.FORWARD)

    @property
    def connection(self) -> "Connection":
        """The transaction of a local step: its effect, its result and what comes next are committed together.

        Raises LookupError in a step that is not local.
        """
        if self.own_connection is None:
            raise LookupError(f"the step {self.step} is not local: it has no transaction")
        return self.own_connection


# It may run several times: its effect belongs under the effect key, or into the transaction of a local step.
Action: TypeAlias = Callable[[StepCall], Awaitable[Values | None]]


@dataclass(frozen=True, slots=True)
class SagaStep:
    """One step.

    A SomaError that may pass (UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED, RESOURCE_EXHAUSTED, CANCELLED, INTERNAL), any
    other exception, and a step that takes longer than `timeout_seconds` are tried `retries` more times; any other
    SomaError says that the step was not done and will not be. A step without `compensation` cannot be undone: once it
    is done there is no way back, and those behind it are tried until they are done. A `local` step runs in the
    transaction of its own record. A step that `awaits` an event type has no action: it is done by an event of this type
    with the correlation id of the saga, which `SagaOrchestrator.take_event` is given.
    """

    name: str
    action: Action | None = None
    compensation: Action | None = None
    timeout_seconds: float = STEP_SECONDS
    retries: int = STEP_RETRIES
    local: bool = False
    awaits: str | None = None

    def __post_init__(self) -> None:
        if not self.name or (self.action is None) == (self.awaits is None):
            raise ValueError(f"the step {self.name!r} needs a name and either an action or an event that it awaits")
        if self.timeout_seconds <= 0 or self.retries < 0:
            raise ValueError(f"the step {self.name} needs a positive timeout and no fewer than 0 retries")

    @property
    def is_final(self) -> bool:
        """Whether there is no way back from it; an event that was awaited needs none."""
        return self.compensation is None and self.action is not None


@dataclass(frozen=True, slots=True)
class SagaDefinition:
    """A kind of saga: its steps in order.

    When its steps change it gets the next `version`; keep the old one while some of it run. `timeout_seconds` is for
    the whole way forward; when it is over, what was done is undone. Raises ValueError for steps that cannot be.
    """

    name: str
    steps: tuple[SagaStep, ...]
    version: int = 1
    timeout_seconds: float = SAGA_SECONDS

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise ValueError(f"a saga needs a name of at most {LONGEST_NAME} characters, not {self.name!r}")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"the saga {self.name} needs steps, each by a name of its own")
        first_final = next((place for place, step in enumerate(self.steps) if step.is_final), len(names))
        vain = [step.name for step in self.steps[first_final:] if step.compensation is not None]
        if vain:
            raise ValueError(f"the saga {self.name} cannot undo {vain[0]}: a step before it has no compensation")
        if self.version < 1 or self.timeout_seconds <= 0:
            raise ValueError(f"the saga {self.name} needs a version from 1 and a positive timeout")

    @property
    def awaited(self) -> tuple[str, ...]:
        """The types of the events that its steps wait for."""
        return tuple(step.awaits for step in self.steps if step.awaits is not None)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What is known of a step in one direction: how often it was tried, and what came of it."""

    step: str
    direction: Direction
    status: StepStatus
    attempts: int
    first_time: datetime
    last_time: datetime
    error_reason: str
    error_id: str


@dataclass(frozen=True, slots=True)
class Saga:
    """A saga as it stands.

    `step` is the one at which it is (the last one when it is over), `attempts` how often that was tried in vain,
    `due_time` when it goes on by itself at the latest. `error_reason` is why it turned back or is stuck; the log has
    the details under `error_id`. `steps` is its history, in order; a list leaves it empty.
    """

    saga_id: UUID
    tenant_id: TenantId
    name: str
    version: int
    status: Status
    step: str
    attempts: int
    started_by: str
    correlation_id: str
    input: Values
    error_reason: str
    error_id: str
    start_time: datetime
    update_time: datetime
    deadline_time: datetime
    due_time: datetime | None
    end_time: datetime | None
    steps: tuple[StepRecord, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SagaFilter:
    """Which sagas are meant; None means any."""

    name: str | None = None
    status: Status | None = None


def effect_key(saga_id: UUID, step: str, direction: Direction) -> UUID:
    """The key under which a step has its effect in this direction; the same for every try."""
    return uuid5(saga_id, f"soma.saga/{step}/{direction.value}")


def consumer_of(name: str) -> str:
    """Under which consumer the dead letters of sagas of this name are kept."""
    return f"sagas.{name}"


def stream_of(saga_id: UUID) -> str:
    """The stream of a saga's events."""
    return f"saga/{saga_id}"
