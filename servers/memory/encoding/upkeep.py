"""Sweeps and consolidations as the contract has them."""

from typing import Final

from servers.memory.domain.consolidation import State
from servers.memory.encoding.memories import stamp
from servers.memory.upkeep.consolidation_rows import Consolidation
from servers.memory.upkeep.sweeping import Swept, SweptMemory
from soma.memory.v1 import upkeep_pb2

EXCERPT_CHARACTERS: Final = 120


def sweep_message(swept: Swept) -> upkeep_pb2.SweepMemoriesResponse:
    """What was swept, or would be."""
    return upkeep_pb2.SweepMemoriesResponse(
        sweep_id=str(swept.sweep_id or ""),
        memories=[_swept(one) for one in swept.memories],
        swept_count=swept.count,
        examined_count=swept.examined,
        undo_until_time=stamp(swept.undo_until),
    )


def _swept(one: SweptMemory) -> upkeep_pb2.SweptMemory:
    return upkeep_pb2.SweptMemory(
        memory_id=str(one.memory.memory_id),
        reason=upkeep_pb2.SweepReason.ValueType(one.reason),
        retention=one.retention,
        sentence=one.sentence,
        excerpt=one.memory.text[:EXCERPT_CHARACTERS],
    )


def consolidation_message(one: Consolidation) -> upkeep_pb2.Consolidation:
    """A consolidation."""
    message = upkeep_pb2.Consolidation(
        consolidation_id=str(one.consolidation_id),
        namespace=one.namespace,
        state=upkeep_pb2.ConsolidationState.ValueType(one.state),
        source_count=one.source_count,
        rested_count=one.rested_count,
        fact_count=len(one.fact_ids),
        coverage=one.coverage,
        method=one.method,
        sentence=one.sentence,
        fact_ids=[str(fact_id) for fact_id in one.fact_ids],
        start_time=stamp(one.start_time),
        used_tokens=one.used_tokens,
    )
    if one.end_time is not None:
        message.end_time.CopyFrom(stamp(one.end_time))
    if one.undo_until is not None and one.state is State.COMMITTED:
        message.undo_until_time.CopyFrom(stamp(one.undo_until))
    return message
