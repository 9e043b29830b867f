"""Whole turns a second."""

from typing import Final

from bench.figures.figure import Figure
from bench.figures.run import CROWD, SHORT_CHUNKS, Run
from bench.load.job import Door
from bench.rows import Row, Target


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    seen: dict[str, float] = {}
    arms = [(arm, door) for arm in run.arms() for door in arm.doors]
    for arm, door in arms:
        rate = run.capacity(arm, door)
        seen[f"{arm.kind} {door}"] = max(rate, seen.get(f"{arm.kind} {door}", 0.0))
        peer, peer_value, target = "", None, None
        if arm.kind == "mesh" and door is Door.SOCKET:
            peer, peer_value = "bare path", seen.get(f"bare {door}")
        elif arm.kind == "mesh":
            peer, peer_value, target = "LiteLLM proxy", seen.get(f"litellm {door}"), Target(1.0, at_most=False)
        by = f"{arm.name} by {door.spoken}"
        rows.append(Row(f"turns per second, {by}", rate, "/s", peer, peer_value, target))
        rows.append(Row(f"CPU per turn, {by}", run.kept[f"cost of {arm.name} by {door}"], "ms"))
    return rows


FIGURE: Final = Figure(
    "turns",
    "Whole turns per second",
    f"{CROWD} sessions ask again and again for answers of {SHORT_CHUNKS} chunks, each in a conversation of its own. "
    "CPU per turn is that of all processes of the arm, with what the mesh does after a turn.",
    ("mesh", "bare", "litellm"),
    _measure,
)
