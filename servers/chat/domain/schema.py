"""Whether a JSON schema is one that a model can be given: judged before a provider is asked. Pure.

Nothing here knows where a schema came from or what it is for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

DEEPEST: Final = 64
_TYPES: Final = frozenset(("string", "number", "integer", "boolean", "object", "array", "null"))
_BY_NAME: Final = ("properties", "patternProperties", "$defs", "definitions")
_SINGLE: Final = ("additionalProperties", "not", "if", "then", "else")
_LISTED: Final = ("anyOf", "allOf", "oneOf", "prefixItems")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a schema is none, as a path inside it (empty: at its top), and the rule that it breaks."""

    path: str
    rule: str


def flaw_of(schema: object, path: str = "", depth: int = 1) -> Flaw | None:
    """The first flaw, or None; keywords that are not known here are left to the provider."""
    if depth > DEEPEST:
        return Flaw(path, f"it may be nested {DEEPEST} levels deep at most")
    if isinstance(schema, bool):
        return None
    if not isinstance(schema, Mapping):
        return Flaw(path, "it must be a JSON schema, which is an object")
    return next((flaw for flaw in _flaws(schema, path, depth) if flaw is not None), None)


def _flaws(schema: Mapping[str, object], path: str, depth: int) -> Iterator[Flaw | None]:
    types = schema.get("type", [])
    if not all(isinstance(kind, str) and kind in _TYPES for kind in (types if isinstance(types, list) else [types])):
        yield Flaw(f"{path}.type", f"it must be one of {', '.join(sorted(_TYPES))}, or a list of them")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield Flaw(f"{path}.required", "it must be a list of names")
    if not isinstance(schema.get("enum", []), list):
        yield Flaw(f"{path}.enum", "it must be a list of values")
    for keyword in _BY_NAME:
        yield from _inner(schema, keyword, path, depth)
    for keyword in _SINGLE:
        if keyword in schema:
            yield flaw_of(schema[keyword], f"{path}.{keyword}", depth + 1)
    for keyword in (*_LISTED, "items"):
        inner = schema.get(keyword, [])
        if isinstance(inner, list):
            yield from (flaw_of(it, f"{path}.{keyword}[{number}]", depth + 1) for number, it in enumerate(inner))
        elif keyword == "items":
            yield flaw_of(inner, f"{path}.items", depth + 1)
        else:
            yield Flaw(f"{path}.{keyword}", "it must be a list of schemas")


def _inner(schema: Mapping[str, object], keyword: str, path: str, depth: int) -> Iterator[Flaw | None]:
    inner = schema.get(keyword, {})
    if not isinstance(inner, Mapping):
        yield Flaw(f"{path}.{keyword}", "it must be an object with a schema for each name")
        return
    for name, each in inner.items():
        yield flaw_of(each, f"{path}.{keyword}.{name}"[:200], depth + 1)
