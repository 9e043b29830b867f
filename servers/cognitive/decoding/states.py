"""Messages about states as values. Nothing is decided here."""

from dataclasses import astuple
from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.adaptation import RETRIEVERS, shares_of
from servers.cognitive.domain.effects import Bases
from servers.cognitive.domain.neuromodulators import NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts
from servers.cognitive.keeping.mind_store import Used
from servers.cognitive.keeping.minds import Turn
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.common.v1 import modulation_pb2 as common_pb

# As many memories as a column can count.
_MOST_COUNTED: Final = 2**31 - 1


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


def wanted_of(request: Any) -> tuple[Bases, frozenset[str]]:
    """The knobs before modulation, the usual ones where a request brings none, and the effects that are off."""
    bases = bases_of(request.bases) if request.HasField("bases") else Bases()
    return bases, frozenset(request.effects_off)


def turn_of(request: modulation_pb.ObserveTurnRequest) -> Turn:
    """A turn that ended."""
    facts = request.facts
    used = Used(
        conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
        shares=astuple(shares_of(getattr(facts.retriever_shares, name) for name in RETRIEVERS))
        if facts.HasField("retriever_shares")
        else None,
        memories=min(facts.memories_used, _MOST_COUNTED),
        namespace=request.memory_namespace,
    )
    return Turn(UUID(request.turn_id), facts_of(facts), used, facts.open_turns, facts.context_fill)


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
