"""Chunks a second under load, and what one costs then."""

from typing import Final

from bench.arms.arm import Arm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.job import Door, Outcome, Pace
from bench.rows import Row, Target
from bench.upstream import Answers

SESSIONS: Final = 32
_CHUNKS: Final = 500


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    bare = _flood(run, run.bare, Door.SOCKET)
    bare_rate = None if bare is None else bare.chunks / bare.seconds
    if bare is not None and bare_rate is not None:
        rows.append(Row("chunks per second, bare path by WebSocket", bare_rate, "/s"))
        rows.append(Row("CPU per chunk under load, bare path", _cost(bare), "µs"))
    if run.mesh is not None and (seen := _flood(run, run.mesh.arm, Door.SOCKET)) is not None:
        rate = seen.chunks / seen.seconds
        target = Target(0.6, at_most=False)
        rows.append(Row("chunks per second, mesh by WebSocket", rate, "/s", "bare path", bare_rate, target))
        alone = run.kept.get("chunk")
        rows.append(Row("CPU per chunk under load, mesh", _cost(seen), "µs", "mesh one to one", alone, Target(0.4)))
        grouped = seen.chunks / max(1, seen.messages)
        rows.append(Row("chunks in one message under load, mesh", grouped, ""))
    proxy = _flood(run, run.proxy, Door.OPENAI)
    proxy_rate = None if proxy is None else proxy.chunks / proxy.seconds
    if run.proxy is not None and proxy is not None and proxy_rate is not None:
        rows.append(Row(f"chunks per second, {run.proxy.name} by OpenAI", proxy_rate, "/s"))
        rows.append(Row(f"CPU per chunk under load, {run.proxy.name}", _cost(proxy), "µs"))
    if run.mesh is not None and (seen := _flood(run, run.mesh.arm, Door.OPENAI)) is not None:
        rate = seen.chunks / seen.seconds
        rows.append(Row("chunks per second, mesh by OpenAI", rate, "/s", "LiteLLM proxy", proxy_rate))
    return rows


def _cost(seen: Outcome) -> float:
    return 1e6 * seen.cpu_seconds / max(1, seen.chunks)


def _flood(run: Run, arm: Arm | None, door: Door) -> Outcome | None:
    if arm is None:
        return None
    seconds = 10.0 if run.full else 3.0
    return run.leg(arm, door, Pace.CLOSED, Answers(_CHUNKS), sessions=SESSIONS, seconds=seconds, warm_seconds=1.0)


FIGURE: Final = Figure(
    "load",
    "Chunks per second",
    f"{SESSIONS} sessions each ask for an answer of {_CHUNKS} chunks again and again, and the upstream sends them as "
    "fast as it can. Chunks are the upstream's; the mesh groups what waits, so that one of its messages brings many.",
    ("mesh", "bare", "litellm"),
    _measure,
)
