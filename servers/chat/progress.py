"""How far a turn has come: what was planned, what was written, which calls were made and how long each phase took.

One object a turn, filled while it is answered and read when it ends. Nothing here calls anybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from servers.chat.acceptance import Accepted
from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.sources import Context
from servers.chat.gathering import Gathered
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Usage


@dataclass(slots=True)
class Leg:
    """One model call. `sent` says that the provider may have begun to work; `usage` is what it reported."""

    number: int
    model: str
    sent: bool = False
    spoke: bool = False
    usage: Usage | None = None
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, in milliseconds from the start of the turn."""

    name: str
    start_milliseconds: float
    duration_milliseconds: float


@dataclass(frozen=True, slots=True)
class Before:
    """What a turn that this process did not begin had come to: who ran it, what it had used, its receipt."""

    from_status: str
    from_instance: str
    draft: governor_pb.SettleTurnRequest | None = None
    receipt_id: UUID | None = None


@dataclass(eq=False)
class Progress:
    """A turn's progress."""

    accepted: Accepted
    clock: Clock
    started_at: float
    gathered: Gathered | None = None
    plan: governor_pb.PlanTurnResponse | None = None
    context: Context | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCallPart] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    finish_reason: str = ""
    confidence: float | None = None
    error: SomaError | None = None
    before: Before | None = None

    @property
    def receipt_id(self) -> UUID | None:
        """The receipt, once there is a plan."""
        if self.plan is not None and self.plan.receipt_id:
            return UUID(self.plan.receipt_id)
        return None if self.before is None else self.before.receipt_id

    @property
    def answer(self) -> str:
        """The text so far."""
        if len(self.text) > 1:
            self.text[:] = ["".join(self.text)]
        return self.text[0] if self.text else ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures the block."""
        begin = self.clock.monotonic()
        try:
            yield
        finally:
            self.measured(name, begin)

    def measured(self, name: str, begin: float) -> None:
        """Notes a phase that began at a monotonic time and ends now."""
        now = self.clock.monotonic()
        self.phases.append(Phase(name, max(0.0, begin - self.started_at) * 1000, (now - begin) * 1000))
