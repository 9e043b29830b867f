"""What is said of cycles: one that does not end in its time is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from servers.cognitive.domain.cycles import BY_HAND, Cycle, CycleState, Wishes
from servers.cognitive.domain.soundness import TIME_TO_UNDO, cycles

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
RUNNING = Cycle(
    cycle_id=uuid4(),
    agent_id=uuid4(),
    state=CycleState.RUNNING,
    step="replay",
    cause=BY_HAND,
    wishes=Wishes(max_seconds=60),
    stopping=False,
    model_away=False,
    problem="",
    replayed_ids=(),
    replayed_count=0,
    group_count=0,
    fact_count=0,
    hypothesis_count=0,
    swept_count=0,
    coverage=1.0,
    used_tokens=0,
    load_before=0.9,
    load_after=0.0,
    sentences=(),
    consolidation_ids=(),
    sweep_id=None,
    start_time=START,
    end_time=None,
)
COMPLETED = replace(RUNNING, state=CycleState.COMPLETED, end_time=START + timedelta(seconds=5))
LATE = START + timedelta(seconds=61) + TIME_TO_UNDO


@pytest.mark.parametrize(
    ("newest", "now", "sound", "sentence"),
    [
        ([], START, True, "No cycle has run yet."),
        ([RUNNING, COMPLETED], START + timedelta(seconds=61), True, "2 cycles looked at: one runs."),
        ([RUNNING], LATE, False, "A cycle runs since 12:00:00 UTC, longer than its 60 s."),
        ([COMPLETED], LATE, True, "1 cycle looked at: the newest is completed."),
        (
            [replace(COMPLETED, coverage=1.5)],
            LATE,
            False,
            "The cycle of 12:00:00 UTC tells of a coverage of 1.5.",
        ),
    ],
)
def test_cycles(newest: list[Cycle], now: datetime, sound: bool, sentence: str) -> None:
    found = cycles(newest, now)
    assert (found.sound, found.sentence) == (sound, sentence)
