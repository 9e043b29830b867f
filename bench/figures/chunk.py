"""CPU of one streamed chunk that is a message of its own."""

from typing import Final

from bench.arms.arm import Arm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.job import Door, Pace
from bench.rows import Row, Target
from bench.upstream import Answers

_STREAMS: Final = 32
_GAP_SECONDS: Final = 0.04
_LONE_GAP_SECONDS: Final = 0.005
_WARM_SECONDS: Final = 2.0
_UNIT: Final = "µs"


def _measure(run: Run) -> list[Row]:
    rows: list[Row] = []
    mesh = None if run.mesh is None else run.mesh.arm
    bare = _row(rows, run, run.bare, Door.SOCKET)
    seen = _row(rows, run, mesh, Door.SOCKET, ("bare path", bare, Target(1.6)))
    if seen is not None:
        run.keep("chunk", seen)
    proxy = _row(rows, run, run.proxy, Door.OPENAI)
    _row(rows, run, mesh, Door.OPENAI, ("LiteLLM proxy", proxy, Target(0.5)))
    lone = _row(rows, run, run.bare, Door.SOCKET, streams=1)
    _row(rows, run, mesh, Door.SOCKET, ("bare path", lone, None), streams=1)
    return rows


def _row(
    rows: list[Row],
    run: Run,
    arm: Arm | None,
    door: Door,
    beside: tuple[str, float | None, Target | None] = ("", None, None),
    streams: int = _STREAMS,
) -> float | None:
    """Measure an arm and add its row; gives what was seen, None where the arm does not run."""
    if arm is None:
        return None
    peer, reference, target = beside
    lone = "" if streams > 1 else ", one lone stream"
    seen = _cost(run, arm, door, streams)
    rows.append(Row(f"CPU per chunk, {arm.name} by {door.spoken}{lone}", seen, _UNIT, peer, reference, target))
    return seen


def _cost(run: Run, arm: Arm, door: Door, streams: int) -> float:
    """CPU of a chunk in microseconds while streams run that neither begin nor end; what idles is taken off."""
    seconds = 8.0 if run.full else 2.5
    gap = _GAP_SECONDS if streams > 1 else _LONE_GAP_SECONDS
    chunks = int((_WARM_SECONDS + seconds + 1.0) / gap)
    answers = Answers(chunks, gap_seconds=gap)
    wishes = {"sessions": streams, "seconds": seconds, "warm_seconds": _WARM_SECONDS}
    seen = run.leg(arm, door, Pace.CLOSED, answers, **wishes)
    run.note(f"{arm.name}: {seen.messages} messages for {seen.chunks} chunks")
    return (seen.cpu_seconds - run.idle(arm) * seen.seconds) * 1e6 / max(1, seen.chunks)


FIGURE: Final = Figure(
    "chunk",
    "CPU per streamed chunk, one to one",
    f"{_STREAMS} streams that run already, a chunk every {_GAP_SECONDS * 1000:.0f} ms each, so that every chunk is a "
    f"message of its own; one lone stream with a chunk every {_LONE_GAP_SECONDS * 1000:.0f} ms beside it. The CPU time "
    "of all processes of an arm, its database included, less what the arm uses when it idles, by the chunks that came.",
    ("mesh", "bare", "litellm"),
    _measure,
)
