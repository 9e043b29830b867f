"""One thing that is measured: its doors, its users and its processes.

Knows nothing of how it came to run.
"""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from bench.load.job import Door


class ArmMissingError(Exception):
    """An arm that cannot be had here; the text says why."""


class LegError(Exception):
    """What was measured failed; the text says how."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A running arm. `kind` is bare, litellm, mesh or direct; `roots` are the processes whose trees are all of it."""

    name: str
    kind: str
    doors: Mapping[Door, str]
    tokens: tuple[str, ...]
    roots: tuple[int, ...]


class Child:
    """A process of ours that prints its port and ends with its block."""

    def __init__(self, module: str, *words: str) -> None:
        command = [sys.executable, "-m", module, *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        end(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()


def end(process: subprocess.Popen[bytes], patience_seconds: float = 10.0) -> None:
    """Ask a process to end, then make it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience_seconds)
        return
    process.kill()
    process.wait()
