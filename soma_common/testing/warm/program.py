"""What a warm process is to become, as it goes over the line.

Knows neither who sends it nor who forks.
"""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Program:
    """A program of Python: `module` as `python -m` runs it, or the `script` of a path; `words` are its arguments.

    `ahead` is what is done once before forks: modules and packages are imported with all that lies in them, and what
    is written as `module:function` is called. With `at_terminal` it controls the terminal that is its standard input.
    """

    words: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    module: str = ""
    script: str = ""
    ahead: tuple[str, ...] = ()
    at_terminal: bool = False

    def encode(self) -> bytes:
        """As one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """From a message."""
        values = json.loads(message)
        return cls(**{**values, "words": tuple(values["words"]), "ahead": tuple(values["ahead"])})
