"""Streams cut at random while replicas of chat are killed: what clients heard is what is stored, and paid once."""

import random
from pathlib import Path

import pytest

from soma_common.testing.upstream import Script
from tests.chaos.stage import Stage
from tests.chaos.streams.show import Show, summary
from tests.chaos.streams.stand import Stand

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

CUTS = 30
KILLS = 1


async def test_cuts_and_kills_leave_no_gap_no_repeat_one_end_and_one_bill(stage: Stage, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with Stand(stage.server, tmp_path, Script(chunks=80, gap_seconds=0.03)) as stand:
        show = Show(stand, tmp_path / "history", CUTS, KILLS, random.Random(seed), longest_absence_seconds=2.0)
        found = await show.play()
    print(summary(show, found))
    assert found == []
    assert show.cut >= CUTS
    assert show.killed == KILLS
