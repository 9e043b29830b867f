"""How far a turn has come: what was planned, what was written, which calls were made and how long each phase took.

One object a turn, filled while it is answered and read when it ends. Nothing here calls anybody.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from servers.chat.answering.gathering import Gathered
from servers.chat.domain.model import ModelProfile, ModelRequest, ToolCallPart
from servers.chat.domain.rounds import SEAM, CallResult, ToldCall, ToolRound, unique_id, wire_name
from servers.chat.domain.sources import Context
from servers.chat.tools.registry import Tool
from servers.chat.turns.acceptance import Accepted
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Usage

PATIENCE_SECONDS: Final = 2.5
# Where chat was restarted, its neighbours may be starting too.
RESTART_PATIENCE_SECONDS: Final = 20.0


@dataclass(slots=True)
class Leg:
    """One model call: what went in, what the model wrote, and `usage` where its provider reported it.

    `sent` says that the provider may have begun to work, `began` that it has, `spoke` that something was
    written. What was written is all of it, whether a person saw it or not.
    """

    number: int
    profile: ModelProfile
    input_tokens: int
    # what the receipt says of it beside its use
    record: receipt_pb.ModelLeg | None = None
    sent: bool = False
    began: bool = False
    spoke: bool = False
    usage: Usage | None = None
    finish_reason: str = ""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCallPart] = field(default_factory=list)


@dataclass(slots=True)
class Trouble:
    """What went wrong with a turn's models: the failures, whom nobody asks any more, whether one went on by itself."""

    failures: list[SomaError] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    resumed: bool = False


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
    trouble: Trouble = field(default_factory=Trouble)
    # where the running round of model calls begins: in the characters of the answer, and in the pieces of reasoning
    round_start: int = 0
    reasoned_before: int = 0
    # the tools of this house that are on offer, by name
    offered: Mapping[str, Tool] = field(default_factory=dict)
    # every call, as it was told
    told: list[ToldCall] = field(default_factory=list)
    # the rounds that are over; of the running one what came of its calls so far, and about which a person decided
    rounds: list[ToolRound] = field(default_factory=list)
    results: dict[str, CallResult] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    tools_ended: bool = False
    # the finished rounds as they fit the calls that are made now, the digest of what these are made from beside words,
    # and the last call with what the receipt says of it
    fitted: tuple[ToolRound, ...] = ()
    basis: bytes = b""
    recorded: tuple[ModelRequest, receipt_pb.ModelLeg] | None = None

    @property
    def rested(self) -> bool:
        """Whether it was planned to answer no more than that the agent rests."""
        return self.plan is not None and any(reason.source == "sleep" for reason in self.plan.level_reasons)

    def take_call(self, part: ToolCallPart) -> ToldCall:
        """A call as the model asked for it, under an id of its own and the name that people know."""
        number, order = len(self.rounds) + 1, self.accepted.order
        call_id = unique_id(part.call_id, (each.call.call_id for each in self.told), number)
        own = next((name for name in self.offered if wire_name(name) == part.name), None)
        by_client = own is None and (order.transcript is not None or part.name in {tool.name for tool in order.tools})
        told = ToldCall(
            ToolCallPart(call_id, own or part.name, part.arguments_json), number, by_client, len(self.answer)
        )
        self.told.append(told)
        self.calls.append(told.call)
        return told

    def end_round(self) -> None:
        """All calls of the running round have their results; what comes from now on belongs to the next."""
        found = tuple(self.results[call.call_id] for call in self.calls if call.call_id in self.results)
        self.rounds.append(ToolRound(len(self.rounds) + 1, self.so_far.strip(), tuple(self.calls), found))
        self.calls.clear()
        self.results.clear()
        self.begin_round()

    def begin_round(self) -> None:
        """What comes from now on belongs to another round of model calls than what is there."""
        self.round_start, self.reasoned_before = len(self.answer), len(self.reasoning)

    def parted(self, text: str) -> str:
        """A piece of the answer as it is told: the texts of two rounds do not run into one another."""
        runs_on = self.rounds and self.answer and not self.so_far and not self.answer[-1].isspace()
        return f"{SEAM}{text}" if runs_on else text

    @property
    def so_far(self) -> str:
        """The text of this round: what a further call of it has to go on from."""
        return self.answer[self.round_start :]

    @property
    def next_leg(self) -> int:
        """The number of the next model call; only the first one is held by the plan."""
        return max((leg.number for leg in self.legs), default=0) + 1

    @property
    def speaker(self) -> ModelProfile:
        """Who wrote last, or would have."""
        return next((leg.profile for leg in reversed(self.legs) if leg.spoke), self.accepted.profile)

    @property
    def patience_seconds(self) -> float:
        """How long the governor is waited for: whoever is owed the rest of an answer waits longer."""
        return PATIENCE_SECONDS if self.before is None else RESTART_PATIENCE_SECONDS

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
