"""Programs of their own: given a job as a line of JSON, they say that they are ready, and answer with a line of JSON.

Knows nothing of what the jobs are.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from bench.arms.arm import LegError, end
from bench.processes import cpu_seconds

# A program yields once when it is ready to be measured, and then what it has seen.
Work = Callable[[Mapping[str, Any]], AsyncIterator[Mapping[str, Any]]]
READY: Final = {"ready": True}


def play(
    program: str | Path,
    job: Mapping[str, object],
    python: Path | None = None,
    roots: tuple[int, ...] = (),
    on_ready: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Run a module of ours, or a file by a peer's own Python; returns its answer. Raises LegError.

    `cpu_seconds` in it is what the program and the trees of `roots` took from its being ready to its answer.
    """
    words = ["-m", program] if isinstance(program, str) else [str(program)]
    pipe = subprocess.PIPE
    process = subprocess.Popen([str(python or sys.executable), *words], stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        _tell(process, orjson.dumps(job))
        _hear(program, process)
        on_ready()
        before = cpu_seconds([process.pid, *roots])
        _tell(process, b"go")
        answer = _hear(program, process)
        return {**answer, "cpu_seconds": cpu_seconds([process.pid, *roots]) - before}
    finally:
        end(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def _hear(program: str | Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    if not line:
        raise LegError(f"{program}: {process.stderr.read().decode(errors='replace').strip()[-500:]}")
    heard: dict[str, Any] = orjson.loads(line)
    return heard


def answer(work: Work) -> None:
    """Be such a program."""

    async def whole() -> None:
        async for told in work(orjson.loads(sys.stdin.readline())):
            sys.stdout.write(orjson.dumps(told).decode() + "\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.readline)

    uvloop.run(whole())
