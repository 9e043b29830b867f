"""The governor's configuration as lines of `path = value`, and back: weights.context_quality = 0.4.

A row of a list is named by what it is about: levels.L0.tool_k, bounds.history.ceiling, aiq_thresholds.L1,
health.memory.down. Nothing here asks a service or prints.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cli.exits import CommandError, Exit
from soma.governor.v1 import config_pb2 as config_pb

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class _Rows:
    """How the rows of a list are named, and the one field that is their value; empty where they have several."""

    keys: tuple[str, ...]
    value: str = ""
    may_go: bool = False


_LISTS: Final[Mapping[str, _Rows]] = {
    "levels": _Rows(("level",)),
    "bounds": _Rows(("lane",)),
    "aiq_thresholds": _Rows(("level",), "at", may_go=True),
    "budget_thresholds": _Rows(("level",), "at", may_go=True),
    "health": _Rows(("dependency", "state"), "level"),
}


def values(config: config_pb.GovernorConfig) -> dict[str, str]:
    """Every value by its path, in the order of the contract."""
    return dict(_walk(config, ""))


def assignment(text: str) -> tuple[str, str]:
    """What one word or line assigns. Raises CommandError (wrong use)."""
    path, sign, value = text.partition("=")
    if not sign or not path.strip() or not value.strip():
        raise CommandError(f"“{text[:80]}” assigns nothing. Write it like weights.context_quality=0.5.", Exit.WRONG_USE)
    return path.strip(), value.strip()


def assignments(text: str) -> list[tuple[str, str]]:
    """What the lines of a file assign; empty ones and those that begin with # say nothing."""
    lines = (line.strip() for line in text.splitlines())
    return [assignment(line) for line in lines if line and not line.startswith("#")]


def update(config: config_pb.GovernorConfig, given: Iterable[tuple[str, str]]) -> config_pb.GovernorConfig:
    """What has to be sent so that these values hold: the parts that they touch, whole. Raises CommandError."""
    after, touched = config_pb.GovernorConfig(), []
    after.CopyFrom(config)
    known = values(config)
    for path, value in given:
        _assign(after, path.split("."), value, _Place(path, known))
        touched.append(path.split(".")[0])
    sent = config_pb.GovernorConfig()
    for name in dict.fromkeys(touched):
        if name in _LISTS and not getattr(after, name):
            raise CommandError(f"One of the {name} has to stay; put it out of reach instead.", Exit.WRONG_USE)
        _copy(after, sent, name)
    return sent


def update_of_file(config: config_pb.GovernorConfig, text: str) -> config_pb.GovernorConfig:
    """The same from a file: lines of path = value, or JSON as `config show --json` prints it. Raises CommandError."""
    if not text.lstrip().startswith("{"):
        return update(config, assignments(text))
    try:
        told = config_pb.ConfigVersion()
        json_format.Parse(text, told, ignore_unknown_fields=False)
    except json_format.ParseError as problem:
        raise CommandError(f"The file is no configuration in JSON: {problem}", Exit.WRONG_USE) from None
    return told.config


def edits(before: config_pb.GovernorConfig, text: str) -> list[tuple[str, str]]:
    """What an edited list of all values changes; a threshold whose line is gone goes."""
    known, given = values(before), dict(assignments(text))
    changed = [(path, value) for path, value in given.items() if known.get(path) != value]
    gone = [(path, NONE) for path in known if path not in given and _LISTS.get(path.split(".")[0], _Rows(())).may_go]
    return changed + gone


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value goes, for sentences about it."""

    path: str
    known: Mapping[str, str]

    def unknown(self) -> CommandError:
        close = get_close_matches(self.path, list(self.known), n=1)
        hint = f" Did you mean {close[0]}?" if close else " `somastack governor config show` lists all of them."
        return CommandError(f"The governor has no value “{self.path[:80]}”.{hint}", Exit.WRONG_USE)

    def wrong(self, value: str, what: str) -> CommandError:
        return CommandError(f"“{value[:80]}” is no {what} for {self.path}.", Exit.WRONG_USE)


def _walk(message: Message, before: str, left_out: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    for field in message.DESCRIPTOR.fields:
        if field.name in left_out:
            continue
        path, held = f"{before}{field.name}", getattr(message, field.name)
        if field.is_repeated:
            yield from _walk_rows(_LISTS[field.name], held, path)
        elif field.message_type is not None:
            yield from _walk(held, f"{path}.")
        elif not field.has_presence or message.HasField(field.name):
            yield path, _written(field, held)


def _walk_rows(rows: _Rows, held: Iterable[Message], path: str) -> Iterator[tuple[str, str]]:
    for row in held:
        key = ".".join(_field_text(row, name) for name in rows.keys)
        if rows.value:
            yield f"{path}.{key}", _field_text(row, rows.value)
        else:
            yield from _walk(row, f"{path}.{key}.", rows.keys)


def _assign(message: Message, parts: Sequence[str], value: str, place: _Place) -> None:
    field = message.DESCRIPTOR.fields_by_name.get(parts[0])
    if field is None:
        raise place.unknown()
    if field.is_repeated:
        _assign_row(message, field, parts[1:], value, place)
    elif field.message_type is not None:
        if len(parts) == 1:
            raise place.unknown()
        _assign(getattr(message, field.name), parts[1:], value, place)
    elif len(parts) > 1:
        raise place.unknown()
    else:
        setattr(message, field.name, _read(field, value, place))


def _assign_row(message: Message, field: Any, parts: Sequence[str], value: str, place: _Place) -> None:
    rows, held = _LISTS[field.name], getattr(message, field.name)
    count = len(rows.keys)
    if len(parts) < count or bool(parts[count:]) == bool(rows.value):
        raise place.unknown()
    keys = [word.lower() for word in parts[:count]]
    row = next((it for it in held if [_field_text(it, name).lower() for name in rows.keys] == keys), None)
    if rows.may_go and value.lower() == NONE:
        if row is not None:
            held.remove(row)
        return
    if row is None:
        if not rows.value:
            raise place.unknown()
        row = held.add()
        for name, word in zip(rows.keys, parts, strict=False):
            setattr(row, name, _read(row.DESCRIPTOR.fields_by_name[name], word, place))
        held.sort(key=lambda it: -it.level) if rows.may_go else None
    _assign(row, [rows.value] if rows.value else parts[count:], value, place)


def _copy(source: Message, target: Message, name: str) -> None:
    field = source.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        getattr(target, name).extend(getattr(source, name))
    elif field.message_type is not None:
        getattr(target, name).CopyFrom(getattr(source, name))
    else:
        setattr(target, name, getattr(source, name))


def _field_text(message: Message, name: str) -> str:
    return _written(message.DESCRIPTOR.fields_by_name[name], getattr(message, name))


def _written(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        word = str(known.name).removeprefix(_prefix(field.enum_type)) if known else str(value)
        return word if word[1:].isdecimal() else word.lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _read(field: Any, text: str, place: _Place) -> Any:
    if field.enum_type is not None:
        found = field.enum_type.values_by_name.get(f"{_prefix(field.enum_type)}{text.upper()}")
        if found is None or found.number == 0:
            words = [_written(field, it.number) for it in field.enum_type.values if it.number]
            raise place.wrong(text, f"word ({', '.join(words)})")
        return found.number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return text
    whole = field.cpp_type != FieldDescriptor.CPPTYPE_DOUBLE
    try:
        number = int(text.replace(",", "")) if whole else float(text)
    except ValueError:
        raise place.wrong(text, "whole number" if whole else "number") from None
    most = 2**64 if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 else 2**32
    if not math.isfinite(number) or (whole and not 0 <= number < most):
        raise place.wrong(text, "number that is possible")
    return number


def _prefix(enum: Any) -> str:
    """What the names of an enum's values begin with: LANE_PROFILE_."""
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in enum.name)
    return f"{words.strip('_').upper()}_"
