"""How an agent sleeps and how loaded it is, as messages. Nothing is decided here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from servers.cognitive.domain.cycles import Cycle
from servers.cognitive.domain.load import THRESHOLD, Load, outlook
from servers.cognitive.domain.sleeping import SCHEDULES, Schedule, SleepState
from servers.cognitive.encoding.cycles import cycle_message
from servers.cognitive.sleeping.store import Rest
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

_STATES: Final[Mapping[SleepState, sleep_pb.SleepState.ValueType]] = {
    SleepState.ACTIVE: sleep_pb.SLEEP_STATE_ACTIVE,
    SleepState.LIGHT: sleep_pb.SLEEP_STATE_LIGHT,
    SleepState.DEEP: sleep_pb.SLEEP_STATE_DEEP,
    SleepState.FREEZE: sleep_pb.SLEEP_STATE_FREEZE,
}


def state_message(state: SleepState) -> sleep_pb.SleepState.ValueType:
    """A state."""
    return _STATES[state]


def status_message(rest: Rest, current: Cycle | None = None) -> sleep_pb.SleepStatus:
    """How an agent sleeps, with the cycle that runs."""
    sleep, load = rest.sleep, rest.load
    return sleep_pb.SleepStatus(
        agent_id=str(rest.agent_id),
        state=state_message(sleep.state),
        until_time=_stamp(sleep.until),
        schedule=_schedule_message(SCHEDULES[sleep.state]),
        load=_load_message(load, rest.time),
        last_nrem_time=_stamp(load.last_nrem_time),
        last_rem_time=_stamp(load.last_rem_time),
        version=sleep.version,
        current_cycle=None if current is None else cycle_message(current),
        next_cycle=outlook(load, sleep.state, rest.time),
        since_time=_stamp(sleep.since) if sleep.version else None,
        returns_to=sleep_pb.SLEEP_STATE_UNSPECIFIED if sleep.returns_to is None else state_message(sleep.returns_to),
    )


def _schedule_message(schedule: Schedule) -> sleep_pb.SleepSchedule:
    return sleep_pb.SleepSchedule(
        scalar=schedule.scalar,
        recall_width=schedule.recall_width,
        time_budget=schedule.time_budget,
        temperature=schedule.temperature,
        learning_rate=schedule.learning_rate,
        store_barrier=schedule.barrier,
        forgetting=schedule.forgetting,
    )


def _load_message(load: Load, now: datetime) -> sleep_pb.CognitiveLoad:
    return sleep_pb.CognitiveLoad(
        load=load.relieved_at(now),
        open_turns=load.facts.open_turns,
        context_fill=load.facts.context_fill,
        error_rate=load.facts.error_rate,
        unconsolidated=load.unconsolidated_share,
        relief=load.relief_at(now),
        threshold=THRESHOLD,
        turns_above=load.turns_above,
    )


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
