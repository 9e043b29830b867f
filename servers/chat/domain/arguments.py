"""Arguments of a call: read from what the model wrote, brought into their canonical form, judged against a schema.

What a tool does with them is not known here.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

LONGEST_ARGUMENTS_BYTES: Final = 65_536
DEEPEST: Final = 16
MOST_PROBLEMS: Final = 5
_HALF: Final = re.compile("[\ud800-\udfff]")

Values = Mapping[str, object]


class ArgumentsProblem(Exception):  # noqa: N818 - it is an answer to the model, a sentence
    """Why arguments cannot be used, as a sentence."""


def read_arguments(text: str) -> Values:
    """The values in JSON text; nothing at all means no values. Raises ArgumentsProblem."""
    if len(text.encode()) > LONGEST_ARGUMENTS_BYTES:
        raise ArgumentsProblem(f"The arguments are longer than {LONGEST_ARGUMENTS_BYTES} bytes.")
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_pairs)
    except json.JSONDecodeError as problem:
        raise ArgumentsProblem(f"The arguments are no JSON: {problem.msg} at character {problem.pos + 1}.") from None
    except (RecursionError, ValueError):
        raise ArgumentsProblem("The arguments are no JSON that can be read.") from None
    if not isinstance(value, dict):
        raise ArgumentsProblem("The arguments must be a JSON object, such as {}.")
    if _depth(value) > DEEPEST:
        raise ArgumentsProblem(f"The arguments are nested deeper than {DEEPEST} levels.")
    if "\\u" in text and _HALF.search(json.dumps(value, ensure_ascii=False)):
        # No message can carry it.
        raise ArgumentsProblem("The arguments contain half of a character. Write it whole.")
    return value


def _no_number(name: str) -> object:
    raise ArgumentsProblem(f"The arguments contain {name}, which is no number in JSON.")


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Names may stand once only: what a person consents to must be what the tool reads."""
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = next(name for number, (name, _) in enumerate(pairs) if name in dict(pairs[:number]))
        raise ArgumentsProblem(f"The arguments name {twice[:64]} twice.")
    return values


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(each) for each in inner), default=0) if isinstance(value, dict | list) else 0


def canonical(values: Values) -> str:
    """The same values always as the same text: names sorted, no spaces, whole numbers without a point."""
    return json.dumps(_whole(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _whole(value: object) -> object:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def arguments_hash(text: str) -> str:
    """SHA-256 of the canonical arguments, of the text itself where it cannot be read, as hexadecimal digits."""
    with suppress(ArgumentsProblem):
        text = canonical(read_arguments(text))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def check(values: Values, schema: Values) -> None:
    """Judges values by a JSON schema: types, names, ranges, lengths, lists of values. Raises ArgumentsProblem."""
    problems = [problem for problem, _ in zip(_problems(values, schema, ""), range(MOST_PROBLEMS), strict=False)]
    if problems:
        raise ArgumentsProblem(f"The arguments do not fit: {'; '.join(problems)}.")


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _is(value: object, name: str) -> bool:
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    if isinstance(value, bool) and name != "boolean":
        return False
    return isinstance(value, _TYPES.get(name, (object,)))


def _problems(value: object, schema: Values, place: str) -> Iterator[str]:
    here = place or "the arguments"
    wanted = schema.get("type")
    names: Sequence[str] = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    if names and not any(_is(value, name) for name in names):
        yield f"{here} must be {' or '.join(names)}"
        return
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        yield f"{here} must be one of {', '.join(map(str, choices))}"
    yield from _size_problems(value, schema, here)
    if isinstance(value, dict):
        yield from _object_problems(value, schema, place)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        for number, each in enumerate(value):
            yield from _problems(each, items, f"{place}[{number}]")


# the keyword, what it measures, and how it is said
_LEAST: Final = {"minimum": "at least", "minLength": "at least", "minItems": "at least"}
_MOST: Final = {"maximum": "at most", "maxLength": "at most", "maxItems": "at most"}
_UNITS: Final = {"Length": " characters long", "Items": " values long"}


def _size_problems(value: object, schema: Values, here: str) -> Iterator[str]:
    for keyword in (*_LEAST, *_MOST):
        bound, size = schema.get(keyword), _size(value, keyword)
        if not isinstance(bound, int | float) or size is None:
            continue
        if (size < bound) if keyword in _LEAST else (size > bound):
            said = _LEAST.get(keyword) or _MOST[keyword]
            yield f"{here} must be {said} {bound}{_UNITS.get(keyword[3:], '')}"


def _size(value: object, keyword: str) -> float | None:
    if keyword.endswith("Length"):
        return len(value) if isinstance(value, str) else None
    if keyword.endswith("Items"):
        return len(value) if isinstance(value, list) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _object_problems(value: Mapping[str, object], schema: Values, place: str) -> Iterator[str]:
    properties = schema.get("properties")
    known: Mapping[str, object] = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in value:
            yield f"{_below(place, name)} is missing"
    for name, inner in value.items():
        rule = known.get(name)
        if isinstance(rule, Mapping):
            yield from _problems(inner, rule, _below(place, name))
        elif name not in known and schema.get("additionalProperties") is False:
            yield f"{_below(place, name[:64])} is not known"


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
