"""Path templates of `google.api.http`: `/a/{b.c}/d:verb` matched against a raw path.

Nothing here knows a service or a request. `*` and `**` are not used by our contracts and are refused.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

_PART: Final = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A template and the expression that matches it."""

    text: str
    fields: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> "PathTemplate":
        """Reads a template; raises ValueError for forms that are not supported."""
        if "*" in text or text.count("{") != len(_PART.findall(text)):
            raise ValueError(f"the path template {text} has a form that is not supported")
        pieces = _PART.split(text)
        pattern = "".join(re.escape(piece) if place % 2 == 0 else "([^/]+)" for place, piece in enumerate(pieces))
        return cls(text, tuple(pieces[1::2]), re.compile(pattern))

    @property
    def has_verb(self) -> bool:
        """Whether it ends in `:verb`; such a template is tried before one that could swallow the verb."""
        return ":" in self.text.rpartition("/")[2].rpartition("}")[2]

    def match(self, raw_path: str) -> dict[str, str] | None:
        """The values of its fields, percent-decoded, or None when the path is another one."""
        found = self.pattern.fullmatch(raw_path)
        if found is None:
            return None
        return {name: unquote(value) for name, value in zip(self.fields, found.groups(), strict=True)}

    def fill(self, values: dict[str, str]) -> str:
        """The path with encoded values, the reverse of `match`."""
        return _PART.sub(lambda found: quote(values[found.group(1)], safe=""), self.text)
