"""Start, stop and idle memory of the standalone shape."""

import time
from collections.abc import Callable
from typing import Final

from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.numbers import median
from bench.processes import proportional_mib
from bench.rows import Row, Target

_READY_SECONDS: Final = 15.0
_MEMORY_MIB: Final = 900.0
_SETTLE_SECONDS: Final = 3.0


def _measure(run: Run) -> list[Row]:
    if run.mesh is None:
        return []
    mesh = run.mesh.mesh
    starts: list[float] = []
    stops: list[float] = []
    for number in range(5 if run.full else 1):
        run.note(f"restart {number + 1}")
        stops.append(_timed(mesh.down))
        starts.append(_timed(mesh.up))
    time.sleep(_SETTLE_SECONDS)
    houses = {name: row.pid for name, row in mesh.status().items() if row.pid}
    memory = {name: proportional_mib([pid]) for name, pid in houses.items()}
    ready = Target(_READY_SECONDS, of_ratio=False)
    return [
        Row("first start to ready, with a new database", run.mesh.first_start_seconds, "s", target=ready),
        Row("start to ready, worst", max(starts), "s", target=ready),
        Row("start to ready, median", median(starts), "s"),
        Row("stop, median", median(stops), "s"),
        *(Row(f"idle memory of {name}", mib, "MiB") for name, mib in memory.items()),
        Row("idle memory of all", sum(memory.values()), "MiB", target=Target(_MEMORY_MIB, of_ratio=False)),
    ]


def _timed(action: Callable[[], None]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


FIGURE: Final = Figure(
    "start",
    "Start and idle memory",
    "The command line starts and stops the stack in a data folder of its own; ready means that every service says it "
    "serves. Memory is the proportional set size of each process and its children, a few seconds after a start.",
    ("mesh",),
    _measure,
)
