"""Messages about states as values. Nothing is decided here."""

from typing import Any

from servers.cognitive.domain.effects import Bases
from servers.cognitive.domain.neuromodulators import NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.common.v1 import modulation_pb2 as common_pb


def values_of(message: common_pb.Neuromodulators) -> Values:
    """The four values, clamped to their ranges."""
    return clamp(Values(*(getattr(message, name) for name in NAMES)))


def baseline_of(request: Any) -> Values | None:
    """The agent's own baseline, where a request brings one."""
    return values_of(request.baseline) if request.HasField("baseline") else None


def bases_of(message: common_pb.KnobBases) -> Bases:
    """The knobs of a turn before modulation."""
    return Bases(
        temperature=message.temperature,
        top_p=message.top_p,
        max_tool_rounds=message.max_tool_rounds,
        max_retries=message.max_retries,
        recall_limit=message.recall_limit,
    )


def facts_of(facts: modulation_pb.TurnFacts) -> Facts:
    """What happened in a turn."""
    return Facts(
        finish_reason=facts.finish_reason,
        error_reason=facts.error_reason,
        interrupted=facts.interrupted,
        tool_attempts=facts.tool_attempts,
        tool_successes=facts.tool_successes,
        memories_used=facts.memories_used,
        novelty=facts.novelty,
        urgency=facts.urgency,
        correction=facts.correction,
        failed_dependencies=tuple(facts.failed_dependencies),
        aiq_observed=facts.aiq_observed,
        aiq_predicted=facts.aiq_predicted,
    )
