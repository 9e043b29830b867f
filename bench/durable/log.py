"""What the log of PostgreSQL tells of the statements it was sent: pure."""

import re
from collections.abc import Iterator
from typing import Final

# `01:02:03.456 UTC [7] role@database LOG:  statement: …`, its further lines behind a tab.
_ENTRY: Final = re.compile(r"^\S+ \S+ \S+ \[\d+\] \S*@(?P<database>\S*) (?P<level>[A-Z]+):  ", re.MULTILINE)
_STATEMENT: Final = re.compile(r"(?:statement|execute [^:]*): ")
_COMMENT: Final = re.compile(r"\s*--[^\n]*\n")
_FRAME: Final = re.compile(r"\s*(?:begin|commit|rollback)\b", re.IGNORECASE)


def statements(said: str, database: str) -> int:
    """How many statements a database was sent, without those that only begin or end a transaction."""
    return sum(1 for text in _statements(said, database) if not _FRAME.match(text))


def _statements(said: str, database: str) -> Iterator[str]:
    entries = list(_ENTRY.finditer(said))
    ends = [entry.start() for entry in entries[1:]] + [len(said)]
    for entry, end in zip(entries, ends, strict=False):
        opening = _STATEMENT.match(said, entry.end())
        if opening is None or (entry["database"], entry["level"]) != (database, "LOG"):
            continue
        begin = opening.end()
        while comment := _COMMENT.match(said, begin, end):
            begin = comment.end()
        yield said[begin:end]
