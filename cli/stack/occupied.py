"""Whether a port that we need is taken, and by whom as far as this account may see.

Nothing here opens a port for longer than a look.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from config import Settings

_PROC: Final = Path("/proc")
_LISTENING: Final = "0A"


def first_occupied(settings: Settings) -> str | None:
    """A sentence about the first port that somebody else holds; None when all are free."""
    for service, host, port in _needed(settings):
        problem = _problem(host, port)
        if problem == errno.EADDRINUSE:
            holder = _holder(port)
            by = f"by {holder}" if holder else "by another program"
            return (
                f"Port {port}, which {service} needs, is in use {by}. "
                "Stop that program, or set SOMA_PORT_SHIFT to move all ports of this stack."
            )
        if problem is not None:
            why = os.strerror(problem)
            return f"{service} cannot listen on {host}: {why}. Set SOMA_BIND to an address of this machine."
    return None


def _needed(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Who needs which port, and on which address."""
    workers = {service: settings.workers(service) for service in settings.ports.services}
    for service, port in settings.ports.bound(workers, settings.registry.port_shift or 0):
        yield service, settings.bind, port
    kafka = settings.infrastructure.local_kafka
    if kafka is not None:
        yield "kafka", kafka.host, kafka.port
        yield "kafka", kafka.host, kafka.controller_port


def _problem(host: str, port: int) -> int | None:
    """The number of the system's error when nothing can listen there, None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except OSError as error:
        return error.errno or errno.EIO
    return None


def _holder(port: int) -> str | None:
    """The program that listens there, with its process id."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in _PROC.iterdir() if inodes and _PROC.is_dir() else ():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            if any(_link(descriptor) in inodes for descriptor in (entry / "fd").iterdir()):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return f"“{words[:80]}” (process {entry.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                    found.add(columns[9])
    return found


def _link(descriptor: Path) -> str:
    with suppress(OSError):
        return str(descriptor.readlink())
    return ""
