"""What an arm adds to the time to the first token."""

from typing import Final

from bench.arms.arm import Arm
from bench.figures.figure import Figure
from bench.figures.run import SHORT_CHUNKS, Run
from bench.load.job import Door, Pace
from bench.numbers import median, percentile
from bench.rows import Row, Target
from bench.upstream import Answers

_UPSTREAM_SECONDS: Final = 0.05
_DIRECT_RATE: Final = 50.0


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    for door, kind, peer_name in ((Door.SOCKET, "bare", "bare path"), (Door.OPENAI, "litellm", "LiteLLM proxy")):
        peer: tuple[float, float] | None = None
        arm = run.bare if kind == "bare" else run.proxy
        if arm is not None:
            peer = _added(run, arm, door)
            rows += [
                Row(f"added time to first token, {arm.name}, p50", peer[0], "ms"),
                Row(f"added time to first token, {arm.name}, p99", peer[1], "ms"),
            ]
        if run.mesh is not None:
            seen = _added(run, run.mesh.arm, door)
            target = Target(1.0) if kind == "litellm" else None
            name = f"added time to first token, mesh by {door.spoken}"
            rows.append(Row(f"{name}, p50", seen[0], "ms", peer_name, peer and peer[0], target))
            rows.append(Row(f"{name}, p99", seen[1], "ms", "its own p50", seen[0], Target(5.0)))
    return rows


def _added(run: Run, arm: Arm, door: Door) -> tuple[float, float]:
    """Median and 99th percentile of milliseconds to the first token, less the median of asking the upstream itself."""
    rate = run.capacity(arm, door) / 2
    seen = _times(run, arm, door, rate)
    if "direct" not in run.kept:
        run.keep("direct", median(_times(run, run.direct(), Door.OPENAI, _DIRECT_RATE)))
    direct = run.kept["direct"]
    return median(seen) - direct, percentile(seen, 99) - direct


def _times(run: Run, arm: Arm, door: Door, rate: float) -> list[float]:
    seconds = max(20.0, 500 / rate) if run.full else min(6.0, max(4.0, 200 / rate))
    answers = Answers(SHORT_CHUNKS, first_seconds=_UPSTREAM_SECONDS)
    return run.leg(arm, door, Pace.OPEN, answers, sessions=16, rate=rate, seconds=seconds).first_token_ms


FIGURE: Final = Figure(
    "ttft",
    "Added time to first token",
    "Turns arrive at random times at half the rate that the arm manages (see turns), whoever is still busy, and the "
    "upstream takes 50 ms to its first token. From the time a turn was due to its first text, less the median of "
    "asking the upstream itself.",
    ("mesh", "bare", "litellm"),
    _measure,
)
