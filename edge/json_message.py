"""JSON objects to messages and back, by descriptor: snake_case out, both forms of names in, mistakes named by field.

Nothing here knows HTTP, sockets or a particular message.
"""

import math
import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from soma_common.kernel.errors import invalid_field

_RANGES: Final[Mapping[int, tuple[int, int]]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_MASK: Final = "google.protobuf.FieldMask"
_OWN_JSON: Final = "google.protobuf."
_UPPER: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def to_object(message: Message) -> dict[str, Any]:
    """The message as JSON values: snake_case, every field without presence, int64 as text, enums by name."""
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def fill(message: Message, values: Mapping[str, object], path: str = "") -> None:
    """Sets the fields of a message from JSON values; INVALID_FIELD names the path of the first that does not fit."""
    seen: dict[str, str] = {}
    for name, value in values.items():
        where = f"{path}.{name}" if path else str(name)
        field = field_named(cast(Descriptor, message.DESCRIPTOR), name)
        if field is None:
            raise invalid_field(where, f"{message.DESCRIPTOR.name} has no such field")
        if value is None and not _takes_null(field):
            continue
        _only_once(seen, field, where)
        _set(message, field, value, where)


def field_named(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    """The field by its name in snake_case or camelCase."""
    found: FieldDescriptor | None = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
    return found


def _takes_null(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Value"


def _only_once(seen: dict[str, str], field: FieldDescriptor, where: str) -> None:
    group = field.containing_oneof
    key = f"oneof {group.name}" if group is not None else field.name
    if key in seen:
        raise invalid_field(where, f"it excludes {seen[key]}, which is set as well")
    seen[key] = where


def _set(message: Message, field: FieldDescriptor, value: object, where: str) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _set_map(message, field, value, where)
    elif field.is_repeated:
        _set_list(message, field, value, where)
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _set_message(inner, value, where)
    else:
        setattr(message, field.name, scalar(field, value, where))


def _set_list(message: Message, field: FieldDescriptor, value: object, where: str) -> None:
    if not isinstance(value, list):
        raise invalid_field(where, "it must be a list")
    items = getattr(message, field.name)
    for position, item in enumerate(value):
        place = f"{where}[{position}]"
        if field.message_type is None:
            items.append(scalar(field, item, place))
        else:
            _set_message(items.add(), item, place)


def _set_map(message: Message, field: FieldDescriptor, value: object, where: str) -> None:
    if not isinstance(value, dict):
        raise invalid_field(where, "it must be an object")
    entry = cast(Descriptor, field.message_type)
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    items = getattr(message, field.name)
    for name, item in value.items():
        place = f"{where}.{name}"
        key = scalar(key_field, name, place, from_text=True)
        if value_field.message_type is None:
            items[key] = scalar(value_field, item, place)
        else:
            _set_message(items[key], item, place)


def _set_message(message: Message, value: object, where: str) -> None:
    name = message.DESCRIPTOR.full_name
    if name == _MASK and isinstance(value, str):
        paths = [_UPPER.sub(r"_\1", part.strip()).lower() for part in value.split(",") if part.strip()]
        message.paths.extend(paths)  # type: ignore[attr-defined]
    elif name.startswith(_OWN_JSON):
        try:
            json_format.ParseDict(cast(dict[str, Any], value), message)
        except (json_format.ParseError, ValueError, TypeError, OverflowError, AttributeError):
            raise invalid_field(where, f"it is not a {message.DESCRIPTOR.name} in JSON form") from None
    elif isinstance(value, dict):
        fill(message, value, where)
    else:
        raise invalid_field(where, "it must be an object")


def scalar(field: FieldDescriptor, value: object, where: str, *, from_text: bool = False) -> Any:
    """The value of a scalar field; with `from_text` also what stands in a query (`true`, `1.5`)."""
    return _SCALARS[field.cpp_type](field, value, where, from_text)


def _bool(_field: FieldDescriptor, value: object, where: str, from_text: bool) -> bool:
    if isinstance(value, bool):
        return value
    if from_text and value in ("true", "false"):
        return value == "true"
    raise invalid_field(where, "it must be true or false")


def _integer(field: FieldDescriptor, value: object, where: str, _from_text: bool) -> int:
    low, high = _RANGES[field.cpp_type]
    wrong = invalid_field(where, f"it must be a whole number from {low} to {high}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if (
        isinstance(value, str)
        and len(value) <= 20
        and value.removeprefix("-").isascii()
        and value.removeprefix("-").isdigit()
    ):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong
    return value


def _number(_field: FieldDescriptor, value: object, where: str, from_text: bool) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if from_text and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    raise invalid_field(where, "it must be a finite number")


def _text(field: FieldDescriptor, value: object, where: str, _from_text: bool) -> str | bytes:
    if not isinstance(value, str):
        raise invalid_field(where, "it must be text")
    if field.type != FieldDescriptor.TYPE_BYTES:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise invalid_field(where, "it is not valid Unicode") from None
        return value
    padded = value + "=" * (-len(value) % 4)
    try:
        if "-" in value or "_" in value:
            return urlsafe_b64decode(padded)
        return b64decode(padded, validate=True)
    except (Base64Error, ValueError):
        raise invalid_field(where, "it must be bytes in base64") from None


def _enum(field: FieldDescriptor, value: object, where: str, _from_text: bool) -> int:
    kind = cast(EnumDescriptor, field.enum_type)
    if isinstance(value, str):
        named = kind.values_by_name.get(value) or kind.values_by_name.get(_long_name(kind, value))
        if named is not None:
            return int(named.number)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 10 else None
    if isinstance(value, int) and not isinstance(value, bool) and value in kind.values_by_number:
        return value
    names = ", ".join(list(kind.values_by_name)[1:])
    raise invalid_field(where, f"it must be one of {names}")


def _long_name(kind: EnumDescriptor, word: str) -> str:
    """`WHILE_BUSY_ENQUEUE` of the word `enqueue`, the form of the frames of a socket; empty for anything else."""
    return f"{kind.values[0].name.removesuffix('UNSPECIFIED')}{word.upper()}" if word.islower() else ""


_Read = Callable[[FieldDescriptor, object, str, bool], Any]
_SCALARS: Final[Mapping[int, _Read]] = {
    FieldDescriptor.CPPTYPE_INT32: _integer,
    FieldDescriptor.CPPTYPE_INT64: _integer,
    FieldDescriptor.CPPTYPE_UINT32: _integer,
    FieldDescriptor.CPPTYPE_UINT64: _integer,
    FieldDescriptor.CPPTYPE_DOUBLE: _number,
    FieldDescriptor.CPPTYPE_FLOAT: _number,
    FieldDescriptor.CPPTYPE_BOOL: _bool,
    FieldDescriptor.CPPTYPE_ENUM: _enum,
    FieldDescriptor.CPPTYPE_STRING: _text,
}
