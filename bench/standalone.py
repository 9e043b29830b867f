"""Start, stop and idle memory of the standalone shape: `python -m bench.standalone [CYCLES]`.

Runs the command line on a data folder of its own, so that no running mesh is touched.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream

READY_SECONDS = 15.0
MEMORY_MIB = 900.0
_SETTLE_SECONDS = 5.0


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            pids += family(int(child))
    return pids


def proportional_mib(pid: int) -> float:
    """Proportional set size of a process and its children, in MiB; pages that are shared count once in a sum."""
    total = 0
    for member in family(pid):
        with suppress(FileNotFoundError):
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
            total += int(re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)[0])
    return total / 1024


def timed(action: Callable[[], None]) -> float:
    """Seconds that an action takes."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


def measure(cycles: int) -> tuple[list[float], list[float], dict[str, float]]:
    """Seconds of each start and stop after the first, and the idle memory of each process in MiB."""
    starts, stops, memory = [], [], dict[str, float]()
    with ScriptedUpstream() as upstream, Mesh(upstream) as mesh:
        for number in range(1, cycles + 1):
            stops.append(timed(mesh.down))
            starts.append(timed(mesh.up))
            sys.stderr.write(f"\rcycle {number} of {cycles}")
        sys.stderr.write("\n")
        time.sleep(_SETTLE_SECONDS)
        for name, row in mesh.status().items():
            memory[name] = proportional_mib(row.pid) if row.pid else 0.0
    return starts, stops, memory


def main(arguments: list[str]) -> int:
    """Print the table."""
    starts, stops, memory = measure(int(arguments[0]) if arguments else 5)
    whole, worst = sum(memory.values()), max(starts)
    rows = [
        ("start to ready, median", f"{statistics.median(starts):.1f} s", "", ""),
        ("start to ready, worst", f"{worst:.1f} s", f"{READY_SECONDS:.0f} s", f"{worst / READY_SECONDS:.2f}"),
        ("stop, median", f"{statistics.median(stops):.1f} s", "", ""),
        *((f"idle memory of {name}", f"{mib:.0f} MiB", "", "") for name, mib in memory.items()),
        ("idle memory of all", f"{whole:.0f} MiB", f"{MEMORY_MIB:.0f} MiB", f"{whole / MEMORY_MIB:.2f}"),
    ]
    for figure, seen, limit, ratio in [("figure", "seen", "limit", "ratio"), *rows]:
        print(f"{figure:<28}{seen:>12}{limit:>12}{ratio:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
