"""Reading JSON from strangers: size and depth bounded, every failure a typed error.

Nothing here knows messages or HTTP.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

MAX_DEPTH: Final = 16


def read_json(text: bytes | str, expected: str, max_depth: int = MAX_DEPTH) -> object:
    """The value; MALFORMED_MESSAGE when it is not JSON, INVALID_FIELD when it is nested too deeply."""
    try:
        value: object = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise SomaError(Reason.MALFORMED_MESSAGE, {"expected": expected}) from None
    if _too_deep(value, max_depth):
        raise invalid_field("(body)", f"JSON may be nested {max_depth} levels deep at most")
    return value


def read_object(text: bytes | str, expected: str, max_depth: int = MAX_DEPTH) -> dict[str, object]:
    """The JSON object; an empty text counts as an empty object."""
    value = read_json(text, expected, max_depth) if text.strip() else {}
    if not isinstance(value, dict):
        raise SomaError(Reason.MALFORMED_MESSAGE, {"expected": f"a JSON object for {expected}"})
    return value


def _too_deep(value: object, max_depth: int) -> bool:
    depth, level = 0, _containers([value])
    while level:
        depth += 1
        if depth > max_depth:
            return True
        level = _containers(child for item in level for child in (item.values() if isinstance(item, dict) else item))
    return False


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [value for value in values if isinstance(value, dict | list)]
