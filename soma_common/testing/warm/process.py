"""A warm process as the one who started it has it, with the ways of a `subprocess.Popen`.

Knows a number and a pipe through which the end is told, not how it was started.
"""

import os
import select
import signal
import subprocess
import time
from typing import Final

# How the end of a process is told: its exit code, or the number of a signal with a minus.
CODE_BYTES: Final = 4


class WarmProcess:
    """`end` is the reading end of its pipe, which is closed once the end was told."""

    def __init__(self, pid: int, end: int) -> None:
        self.pid: Final = pid
        self.returncode: int | None = None
        self._end = end

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it ended; raises `subprocess.TimeoutExpired`."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a loss of power would."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._end], [], [], left)[0]:
                return None
            told = os.read(self._end, CODE_BYTES)
            os.close(self._end)
            assert told, f"whoever forked process {self.pid} is gone"
            self.returncode = int.from_bytes(told, signed=True)
        return self.returncode
