"""CPU of one streamed chunk that travels alone."""

import math
from typing import Final

from bench.arms.arm import Arm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.job import Door, Pace
from bench.numbers import marginal
from bench.rows import Row, Target
from bench.upstream import Answers

_GAP_SECONDS: Final = 0.005
_FEW: Final = 8
_UNIT: Final = "µs"


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    bare = _cost(run, run.bare, Door.SOCKET)
    if bare is not None:
        rows.append(Row("CPU per chunk, bare path by WebSocket", bare, _UNIT))
    if run.mesh is not None:
        seen = run.keep("chunk", _cost(run, run.mesh.arm, Door.SOCKET) or math.nan)
        rows.append(Row("CPU per chunk, mesh by WebSocket", seen, _UNIT, "bare path", bare, Target(1.6)))
    proxy = _cost(run, run.proxy, Door.OPENAI)
    if run.proxy is not None and proxy is not None:
        rows.append(Row(f"CPU per chunk, {run.proxy.name} by OpenAI", proxy, _UNIT))
    if run.mesh is not None:
        seen = _cost(run, run.mesh.arm, Door.OPENAI) or math.nan
        rows.append(Row("CPU per chunk, mesh by OpenAI", seen, _UNIT, "LiteLLM proxy", proxy, Target(0.5)))
    return rows


def _cost(run: Run, arm: Arm | None, door: Door) -> float | None:
    """CPU of one more chunk in microseconds: long turns against as many short ones, what idles taken off."""
    if arm is None:
        return None
    turns, many = (4, 1000) if run.full else (2, 400)
    cost: list[tuple[float, int]] = []
    for chunks in (many, _FEW):
        seen = run.leg(
            arm,
            door,
            Pace.SERIAL,
            Answers(chunks, gap_seconds=_GAP_SECONDS),
            turns=turns,
            warm_seconds=0.0,
            settle_seconds=0.5,
        )
        busy = seen.cpu_seconds - run.idle(arm) * seen.seconds
        cost.append((busy * 1e6, seen.chunks))
        run.note(f"{arm.name}: {seen.messages} messages for {seen.chunks} chunks")
    return marginal(cost[0], cost[1])


FIGURE: Final = Figure(
    "chunk",
    "CPU per streamed chunk, one to one",
    "One stream at a pace of one chunk every 5 ms, so that every chunk is a message of its own. The CPU time of all "
    "processes of an arm, its database included, over long turns less that over as many short turns, by the chunks "
    "that the long ones had more; what the arm uses when it idles is taken off.",
    ("mesh", "bare", "litellm"),
    _measure,
)
