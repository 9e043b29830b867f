"""Sleep cycles as messages. Nothing is decided here."""

from collections.abc import Mapping
from typing import Final

from servers.cognitive.domain.cycles import Cycle, CycleState
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

_STATES: Final[Mapping[CycleState, sleep_pb.SleepCycleState.ValueType]] = {
    CycleState.RUNNING: sleep_pb.SLEEP_CYCLE_STATE_RUNNING,
    CycleState.COMPLETED: sleep_pb.SLEEP_CYCLE_STATE_COMPLETED,
    CycleState.CANCELLED: sleep_pb.SLEEP_CYCLE_STATE_CANCELLED,
    CycleState.FAILED: sleep_pb.SLEEP_CYCLE_STATE_FAILED,
}


def cycle_message(cycle: Cycle) -> sleep_pb.SleepCycle:
    """One cycle."""
    message = sleep_pb.SleepCycle(
        cycle_id=str(cycle.cycle_id),
        agent_id=str(cycle.agent_id),
        state=_STATES[cycle.state],
        step=cycle.step,
        cause=cycle.cause,
        replayed_count=cycle.replayed_count,
        group_count=cycle.group_count,
        fact_count=cycle.fact_count,
        hypothesis_count=cycle.hypothesis_count,
        swept_count=cycle.swept_count,
        coverage=cycle.coverage,
        used_tokens=cycle.used_tokens,
        load_before=cycle.load_before,
        load_after=cycle.load_after,
        sentences=cycle.sentences,
        consolidation_ids=[str(each) for each in cycle.consolidation_ids],
        sweep_id=str(cycle.sweep_id or ""),
    )
    message.start_time.FromDatetime(cycle.start_time)
    if cycle.end_time is not None:
        message.end_time.FromDatetime(cycle.end_time)
    return message
