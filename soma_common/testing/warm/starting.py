"""Starting programs warm: the nursery of this process, which begins with the first of them.

Knows what goes over the line, not what a program is.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from typing import IO, Any, Final, TypeAlias

from soma_common.testing.warm.nursery import PID_BYTES
from soma_common.testing.warm.process import WarmProcess
from soma_common.testing.warm.program import Program

# A file, or the number of one.
File: TypeAlias = int | IO[Any]

_MODULE: Final = "soma_common.testing.warm"


class _Nursery:
    """The process that forks, and our end of the line to it; it ends when we do."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A pool of threads for arithmetic would not survive a fork.
        alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment = {**os.environ, **alone, "PYTHONPATH": os.pathsep.join(sys.path)}
        with theirs:
            words = [sys.executable, "-m", _MODULE, str(theirs.fileno())]
            self._process = subprocess.Popen(words, env=environment, pass_fds=[theirs.fileno()])
        self._turn = threading.Lock()

    def fork(self, program: Program, streams: tuple[int, int, int]) -> WarmProcess:
        """A process that becomes the program."""
        end, told = os.pipe()
        try:
            with self._turn:
                socket.send_fds(self._line, [program.encode()], [*streams, told])
                pid = self._line.recv(PID_BYTES)
        finally:
            os.close(told)
        assert pid, f"the nursery ended with {self._process.wait(5)}"
        return WarmProcess(int.from_bytes(pid), end)


@cache
def _nursery() -> _Nursery:
    return _Nursery()


def start_warm(program: Program, stdout: File, stderr: File, stdin: File | None = None) -> WarmProcess:
    """Start the program with these files as its standard streams; without `stdin` there is nothing to read."""
    with open(os.devnull, "rb") as nothing:
        files = (nothing if stdin is None else stdin, stdout, stderr)
        given, told, aside = (file if isinstance(file, int) else file.fileno() for file in files)
        return _nursery().fork(program, (given, told, aside))


def run_warm(program: Program, stdin: str | int, timeout_seconds: float) -> subprocess.CompletedProcess[str]:
    """Run the program to its end and give what it wrote; `stdin` is what it reads, or the file it reads from.

    Raises `subprocess.TimeoutExpired`, after it killed the program.
    """
    with _read_from(stdin) as given, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = start_warm(program, stdout, stderr, given)
        try:
            code = process.wait(timeout_seconds)
        finally:
            process.kill()
            process.wait(10)
        told = [_all_of(file) for file in (stdout, stderr)]
    return subprocess.CompletedProcess([program.script or program.module, *program.words], code, *told)


@contextlib.contextmanager
def _read_from(stdin: str | int) -> Iterator[int | IO[bytes]]:
    if isinstance(stdin, int):
        yield stdin
        return
    with tempfile.TemporaryFile() as file:
        file.write(stdin.encode())
        file.seek(0)
        yield file


def _all_of(file: IO[bytes]) -> str:
    """As `subprocess` reads text: with the ends of lines that Python has."""
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n").replace("\r", "\n")
