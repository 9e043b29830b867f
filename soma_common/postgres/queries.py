"""Named statements out of `.sql` files, so that no SQL stands in Python.

A file is made of blocks, each opened by a line `-- name: some_name`. Nothing here runs a statement.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Self

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The statements of one file: `queries.find_turn` is the text of its block `-- name: find_turn`."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._statements = _parse(source, text)

    @classmethod
    def of(cls, package: str, path: str) -> Self:
        """The statements of a file inside a package, read once.

        Raises FileNotFoundError, ValueError for a file without order.
        """
        return cls(f"{package}:{path}", _read(package, path))

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"{self._source} has no statement named {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted(self._statements)


@cache
def _read(package: str, path: str) -> str:
    return files(package).joinpath(path).read_text(encoding="utf-8")


def _parse(source: str, text: str) -> dict[str, str]:
    parts = _NAME.split(text)
    statements: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in statements or not body.strip():
            raise ValueError(f"{source}: the statement {name} is empty or stands there twice")
        statements[name] = body.strip()
    if not statements:
        raise ValueError(f"{source} holds no named statement")
    return statements
