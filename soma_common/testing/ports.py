"""A range of ports for one stack that no other stack of tests on this machine takes, also while its services restart.

Knows numbers and lock files, not what listens.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, Self

_HOST: Final = "127.0.0.1"
# Above these begin the ports that the system gives to outgoing connections.
_SHIFTS: Final = range(100, 2650, 50)


class PortShift:
    """A shift at which every one of `numbers` is free; it stays ours until `release` or the end of the process."""

    def __init__(self, shift: int, locks: Sequence[IO[bytes]]) -> None:
        self.shift: Final = shift
        self._locks = locks

    @classmethod
    def reserve(cls, numbers: Sequence[int]) -> Self:
        """Reserve one; raises RuntimeError when no shift has all ports free."""
        begin = os.getpid() % len(_SHIFTS)
        for shift in (*_SHIFTS[begin:], *_SHIFTS[:begin]):
            ports = [number + shift for number in numbers]
            locks = _lock(ports)
            if locks is not None and all(_free(port) for port in ports):
                return cls(shift, locks)
            _release(locks or ())
        raise RuntimeError("no shift leaves all ports of a stack free")

    def release(self) -> None:
        """Let others have it."""
        _release(self._locks)


def _lock(ports: Sequence[int]) -> list[IO[bytes]] | None:
    folder = Path(tempfile.gettempdir()) / f"soma-test-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    held: list[IO[bytes]] = []
    for port in ports:
        file = (folder / str(port)).open("ab")
        held.append(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _release(held)
            return None
    return held


def _release(locks: Sequence[IO[bytes]]) -> None:
    for file in locks:
        file.close()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
