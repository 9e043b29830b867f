"""Programs of their own: given a job as JSON, they answer with JSON.

Knows nothing of what the jobs are.
"""

import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import orjson
import uvloop

from bench.arms.arm import LegError

Work = Callable[[Mapping[str, Any]], Coroutine[Any, Any, Mapping[str, Any]]]


def play(program: str | Path, job: Mapping[str, object], python: Path | None = None) -> dict[str, Any]:
    """Run a module of ours, or a file by a peer's own Python; returns its answer. Raises LegError."""
    of_program = ["-m", program] if isinstance(program, str) else [str(program)]
    command = [str(python or sys.executable), *of_program]
    done = subprocess.run(command, input=orjson.dumps(job), capture_output=True, check=False)
    if done.returncode != 0:
        raise LegError(f"{program}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    answer: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return answer


def answer(work: Work) -> None:
    """Be such a program."""
    sys.stdout.write(orjson.dumps(uvloop.run(work(orjson.loads(sys.stdin.read())))).decode() + "\n")
