"""What /proc tells of a tree of processes: CPU time, memory; and which cores they may use.

Knows nothing of what the processes are.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_GONE: Final = (FileNotFoundError, ProcessLookupError)


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    pids = [pid]
    with suppress(*_GONE):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(*_GONE):
                for child in (task / "children").read_text().split():
                    pids += family(int(child))
    return pids


def members(roots: Iterable[int]) -> list[int]:
    """All processes of several trees, each once."""
    return list(dict.fromkeys(pid for root in roots for pid in family(root)))


def parent_of(pid: int) -> int:
    """The process that started another one."""
    return int(_stat(pid)[1])


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time of trees of processes since they began.

    The time of ended children is taken from their parents, so that the sum only grows while the roots live.
    """
    ticks = 0
    for pid in members(roots):
        with suppress(*_GONE):
            ticks += sum(int(field) for field in _stat(pid)[11:15])
    return ticks / _TICKS


def proportional_mib(roots: Iterable[int]) -> float:
    """Proportional set size of trees of processes in MiB; pages that are shared count once in a sum."""
    total = 0
    for pid in members(roots):
        with suppress(*_GONE):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)[0])
    return total / 1024


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, … user and system time at 11 to 14."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def measured_cores() -> set[int]:
    """The two cores, or the one, that everything measured runs on."""
    return set(sorted(os.sched_getaffinity(0))[:2])


def load_core() -> set[int]:
    """The core that the load generator and the upstream share."""
    return set(sorted(os.sched_getaffinity(0))[:1])
