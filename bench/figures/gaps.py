"""Whether streams stall while a large turn arrives."""

from dataclasses import replace
from typing import Final

from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.job import Door, Job, Pace
from bench.numbers import percentile
from bench.rows import Row, Target
from bench.upstream import Answers

_STREAMS: Final = 64
# The streams alone keep about half of two cores busy at this pace: what is told is the stall and not the queue.
_GAP_SECONDS: Final = 0.03
_HISTORY_TOKENS: Final = 100_000
_BEGIN_SECONDS: Final = 3.5


def _measure(run: Run) -> list[Row]:
    if run.mesh is None:
        return []
    arm = run.mesh.arm
    seconds = 15.0 if run.full else 4.0
    streams = Job(
        Door.SOCKET,
        arm.doors[Door.SOCKET],
        arm.tokens,
        Pace.CLOSED,
        sessions=_STREAMS,
        seconds=seconds,
        warm_seconds=_BEGIN_SECONDS,
    )
    large = Job(
        Door.OPENAI,
        arm.doors[Door.OPENAI],
        arm.tokens[-1:],
        Pace.SERIAL,
        turns=1,
        warm_seconds=0.0,
        history_tokens=_HISTORY_TOKENS,
        delay_seconds=_BEGIN_SECONDS + 1.0,
    )
    # Long enough that no stream ends while it is looked at: what is measured is streaming, not the begin of turns.
    answers = Answers(chunks=int((seconds + _BEGIN_SECONDS + 2.0) / _GAP_SECONDS), gap_seconds=_GAP_SECONDS)
    run.note(f"{_STREAMS} streams alone")
    (alone,) = run.together(answers, streams)
    run.note(f"{_STREAMS} streams while a turn with {_HISTORY_TOKENS:,} tokens of history arrives")
    seen, _ = run.together(answers, replace(streams, seed=2), large)
    quiet, beside = percentile(alone.gap_ms, 99), percentile(seen.gap_ms, 99)
    target = Target(50.0, of_ratio=False)
    return [
        Row(f"gap between messages, {_STREAMS} streams alone, p99", quiet, "ms"),
        Row(f"gap between messages, {_STREAMS} streams beside a large turn, p99", beside, "ms", "alone", quiet, target),
        Row("longest gap beside a large turn", max(seen.gap_ms, default=0.0), "ms"),
    ]


FIGURE: Final = Figure(
    "gap",
    "Streams beside a large turn",
    f"{_STREAMS} streams by WebSocket run already, a chunk every {_GAP_SECONDS * 1000:.0f} ms each, when a turn with "
    f"about {_HISTORY_TOKENS:,} tokens of history comes in by the OpenAI form. Every gap between two messages of one "
    "stream counts, the upstream's own pace included. At this pace the streams alone keep about half of two cores "
    "busy; where they have less, the row of the streams alone tells how much of the gap is waiting for a core.",
    ("mesh",),
    _measure,
)
