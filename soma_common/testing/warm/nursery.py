"""The process that forks: it imports and loads what programs need, once, and becomes nothing itself.

Knows no program; standard library only, so that a program finds nothing here that it does not import itself.
"""

import contextlib
import fcntl
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import termios
from typing import Final

from soma_common.testing.warm.process import CODE_BYTES
from soma_common.testing.warm.program import Program

# An environment and the words of a command line.
MESSAGE_BYTES: Final = 160 << 10
# Standard input, output and error, and the writing end of the pipe that tells the end.
DESCRIPTORS: Final = 4
PID_BYTES: Final = 8


class Nursery:
    """Answers every program on `line` with a process id, until nobody is at the other end."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._ends: dict[int, int] = {}
        self._prepared: set[str] = set()
        self._woken, self._wakes = os.pipe()
        for descriptor in (self._woken, self._wakes):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Ctrl-C goes to all; whoever started us decides who ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def next_program(self) -> Program | None:
        """In a process that has just been forked, what it is to be; None at the end of all."""
        while True:
            ready, _, _ = select.select([self._line.fileno(), self._woken], [], [])
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 512)
                self._tell_ends()
            if self._line.fileno() in ready:
                message, descriptors, _, _ = socket.recv_fds(self._line, MESSAGE_BYTES, DESCRIPTORS)
                if not message:
                    return None
                program = Program.decode(message)
                self._prepare(program.ahead)
                if self._fork(descriptors, program.at_terminal):
                    return program

    def _prepare(self, wanted: tuple[str, ...]) -> None:
        if self._prepared.issuperset(wanted):
            return
        for name, _, function in (each.partition(":") for each in wanted):
            module = importlib.import_module(name)
            if function:
                getattr(module, function)()
            elif hasattr(module, "__path__"):
                for found in pkgutil.walk_packages(module.__path__, f"{name}."):
                    importlib.import_module(found.name)
        self._prepared.update(wanted)
        gc.collect()
        gc.freeze()

    def _fork(self, descriptors: list[int], at_terminal: bool) -> bool:
        """Whether we are the child, which has its own standard streams and nothing of the nursery's."""
        *streams, end = descriptors
        pid = os.fork()
        if pid:
            self._ends[pid] = end
            for descriptor in streams:
                os.close(descriptor)
            self._line.send(pid.to_bytes(PID_BYTES))
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        for descriptor in (*descriptors, *self._ends.values(), self._woken, self._wakes, self._line.detach()):
            os.close(descriptor)
        if at_terminal:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        return True

    def _tell_ends(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                end = self._ends.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(end, os.waitstatus_to_exitcode(status).to_bytes(CODE_BYTES, signed=True))
                os.close(end)


def take_streams() -> None:
    """Standard input, output and error as Python makes them at its start, over what they are now."""
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115 - till the end
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        buffering = 1 if number == 2 or os.isatty(number) else -1
        stream = open(number, "w", buffering, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - so too
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
