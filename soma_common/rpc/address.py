"""Addresses to listen on, and the one sentence said when that fails.

Nothing here opens a socket.
"""

import errno
from dataclasses import dataclass
from typing import Final

_PROBLEMS: Final = {
    errno.EADDRINUSE: "another process already uses this port. Stop it, or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "the system does not allow it",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; port 0 means any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Reads `host:port` (IPv6 in brackets); raises ValueError."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError(f"“{text}” is not an address of the form host:port")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenFailed(SystemExit):
    """A server could not listen: unless it is caught, the process says why in one sentence and ends with code 1."""

    def __init__(self, service: str, address: str, error: OSError) -> None:
        problem = _PROBLEMS.get(error.errno or 0, "the system refused it")
        super().__init__(f"The service {service} cannot listen on {address}: {problem}.")
