"""Lines of the processes' log files: the last ones, new ones as they come, and what a line says in a sentence.

Nothing here prints.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = 65_536
_LONGEST_TAIL: Final = 8_000_000
_PAUSE_SECONDS: Final = 0.2
_BAD: Final = ("ERROR", "CRITICAL", "FATAL")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line with the process that wrote it; `fields` are those of a JSON line, else None."""

    process: str
    text: str
    fields: Mapping[str, object] | None

    @property
    def time(self) -> str:
        """When it was written, in a form that sorts; empty when the line does not say."""
        if self.fields is not None:
            return str(self.fields.get("timestamp", ""))
        day, _, rest = self.text.partition(" ")
        return f"{day}T{rest[:12]}" if day[:4].isdigit() and day[4:5] == "-" else ""


def read_line(process: str, text: str) -> LogLine:
    """A line as it stands in the file."""
    fields: object = None
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
    return LogLine(process, text, fields if isinstance(fields, dict) else None)


def tail(path: Path, count: int) -> list[str]:
    """The last lines of a file; none when it does not exist."""
    try:
        with path.open("rb") as file:
            left = file.seek(0, os.SEEK_END)
            block = b""
            while left > 0 and block.count(b"\n") <= count and len(block) < _LONGEST_TAIL:
                size = min(_BLOCK, left)
                left = file.seek(left - size)
                block = file.read(size) + block
    except FileNotFoundError:
        return []
    return block.decode(errors="replace").splitlines()[-count:] if count else []


def last_lines(files: Mapping[str, Path], count: int) -> list[LogLine]:
    """The last lines of all processes in the order of their times; a line without one follows the line before it."""
    rows: list[tuple[str, int, LogLine]] = []
    for process, path in files.items():
        moment = ""
        for number, text in enumerate(tail(path, count)):
            line = read_line(process, text)
            moment = line.time or moment
            rows.append((moment, number, line))
    return [line for _, _, line in sorted(rows, key=lambda row: (row[0], row[2].process, row[1]))]


def last_complaint(path: Path) -> str:
    """The last thing a process said that sounds like the reason of its end; empty when it said nothing."""
    lines = [read_line("", text) for text in tail(path, 60) if text.strip()]
    bad = [line for line in lines if line.fields is not None and str(line.fields.get("level", "")).upper() in _BAD]
    if bad and bad[-1].fields is not None:
        return str(bad[-1].fields.get("message", "")).strip()
    plain = [line.text.rstrip() for line in lines if line.fields is None]
    return _last_paragraph(plain)


def _last_paragraph(texts: list[str]) -> str:
    """The last line, with the line it belongs to where it is an item of a list."""
    found: list[str] = []
    for text in reversed(texts):
        found.insert(0, text)
        if not text.startswith("  - "):
            break
    return "\n".join(found).strip()


def follow(files: Mapping[str, Path]) -> Iterator[LogLine]:
    """New lines from now on, as they come, for ever; a file that was rotated is read on from its start."""
    return _new_ones(files, {process: _end_of(path) for process, path in files.items()})


def _new_ones(files: Mapping[str, Path], places: dict[str, tuple[int, int]]) -> Iterator[LogLine]:
    while True:
        quiet = True
        for process, path in files.items():
            texts, places[process] = _new_lines(path, places[process])
            for text in texts:
                quiet = False
                yield read_line(process, text)
        if quiet:
            time.sleep(_PAUSE_SECONDS)


def _end_of(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_size


def _new_lines(path: Path, place: tuple[int, int]) -> tuple[Sequence[str], tuple[int, int]]:
    inode, offset = place
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino != inode or status.st_size < offset:
                offset = 0
            file.seek(offset)
            block = file.read()
    except FileNotFoundError:
        return [], place
    whole, newline, _ = block.rpartition(b"\n")
    return whole.decode(errors="replace").splitlines(), (status.st_ino, offset + len(whole) + len(newline))
