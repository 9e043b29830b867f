"""What idle connections take of the edge's memory."""

from typing import Final

from bench.arms.arm import LegError
from bench.figures.figure import Figure
from bench.figures.run import Run, play_job
from bench.load.job import Door, Job, Pace
from bench.rows import Row, Target

_WANTED: Final = 10_000
_FEWER: Final = 2_000


def _measure(run: Run) -> list[Row]:
    if run.mesh is None:
        return []
    arm = run.mesh.arm
    edge = run.mesh.mesh.status()["edge"].pid
    sessions = _WANTED if run.full else _FEWER
    roots = () if edge is None else (edge,)
    url = arm.doors[Door.SOCKET]
    run.note(f"opening {sessions:,} WebSockets")
    job = Job(Door.SOCKET, url, arm.tokens, Pace.IDLE, roots, sessions=sessions, settle_seconds=2.0)
    seen = play_job(job)
    if seen.failures:
        raise LegError(f"{seen.open_sessions} of {sessions} WebSockets: {'; '.join(seen.failures)}")
    each = (seen.memory_mib - seen.memory_before_mib) / sessions
    whole = seen.memory_before_mib + each * _WANTED
    told = "" if sessions == _WANTED else f", reckoned from {sessions:,}"
    return [
        Row(f"edge with {_WANTED:,} idle WebSockets{told}", whole, "MiB", target=Target(450.0, of_ratio=False)),
        Row("memory of one idle WebSocket", each * 1024, "KiB"),
        Row("WebSockets opened per second", sessions / seen.seconds, "/s"),
    ]


FIGURE: Final = Figure(
    "sockets",
    "Idle WebSockets",
    "Authenticated WebSockets of 16 users are opened, greeted and then left alone but for pings. The proportional set "
    f"size of the edge's process before and after; short mode opens {_FEWER:,} and reckons from them.",
    ("mesh",),
    _measure,
)
