"""A Redis that keeps nothing on a disk: its words and its greeting.

`python -m soma_common.companions.redis PROGRAM FOLDER SOCKET` becomes the server, behind a Unix socket.
"""

import os
import sys
from pathlib import Path
from typing import Final

GREETING: Final = b"PING\r\n"
GREETED: Final = b"+PONG"
# The name by which the process is known to its owner; Redis would write its own over the words it was started with.
NAME: Final = "redis-server"


def words_behind_port(folder: Path, host: str, port: int) -> list[str]:
    """The words of a server that listens on a port."""
    return ["--port", str(port), "--bind", host, *_words(folder)]


def words_behind_socket(folder: Path, socket: Path) -> list[str]:
    """The words of a server that listens on a Unix socket only, which its own account alone may use."""
    return ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", *_words(folder)]


def _words(folder: Path) -> list[str]:
    # What it holds may be lost and made anew, but nothing of it may be pushed out for room.
    memory = ("--maxmemory", "64mb", "--maxmemory-policy", "noeviction")
    return ["--dir", str(folder), "--save", "", "--appendonly", "no", "--set-proc-title", "no", *memory]


def main(words: list[str]) -> int:
    """Become the server. Comes back only when that fails."""
    if len(words) != 3:
        sys.stderr.write("Usage: python -m soma_common.companions.redis PROGRAM FOLDER SOCKET\n")
        return 2
    program, folder, socket = (Path(word) for word in words)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.execv(program, [NAME, *words_behind_socket(folder, socket)])  # noqa: S606 - no shell is wanted
    except OSError as problem:
        sys.stderr.write(f"Redis cannot start: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
