"""Messages and enums of the contracts as JSON Schema (2020-12), in the JSON that the edge speaks.

Nothing here knows paths or methods.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

from tools.contracts.rules import (
    demands_one,
    excludes_unspecified,
    item_keywords,
    list_keywords,
    may_be_empty,
    needed_fields,
    sentences_of,
)

Schema = dict[str, Any]

_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$", "examples": ["1.5s"]},
    "google.protobuf.FieldMask": {"type": "string", "examples": ["title,status"]},
    "google.protobuf.Struct": {"type": "object"},
}
_INTEGERS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
}
# Numbers that may be larger than JavaScript keeps exactly are text in the JSON of protobuf.
_LONG: Final[Mapping[int, Schema]] = {
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
}


def reference(name: str) -> Schema:
    """A reference to a schema among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def is_well_known(message: Descriptor) -> bool:
    """Whether a message has a form of its own in JSON."""
    return message.full_name in _WELL_KNOWN


class Schemas:
    """Makes the schemas; `comments` are the descriptions by full name."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments

    def components(self, requests: Sequence[Descriptor], replies: Sequence[Descriptor]) -> dict[str, Schema]:
        """Every message inside the requests, every reply with what is inside it, and the enums of all of them."""
        sent = _reached([inside for request in requests for inside in _messages_in(request)])
        got = _reached(replies)
        found = {kind.full_name: self.enum(kind) for kind in _enums_of([*requests, *sent.values(), *got.values()])}
        for name, message in (sent | got).items():
            if name not in got:
                found[name] = self.message(message, needed_fields(message))
            else:
                found[name] = self.message(message, () if name in sent else _always_there(message))
        return dict(sorted(found.items()))

    def message(self, message: Descriptor, needed: Collection[str], without: Collection[str] = ()) -> Schema:
        """The schema of a message as an object, without the fields that stand elsewhere."""
        fields = [field for field in message.fields if field.name not in without]
        made: Schema = {"type": "object", "description": self._describe(message)}
        if fields:
            made["properties"] = {field.name: self.field(field) for field in fields}
        required = [field.name for field in fields if field.name in needed]
        return made | ({"required": required} if required else {})

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of one field, with its comment and its rules."""
        described = {"description": text} if (text := self._comments.get(field.full_name)) else {}
        if (value := _map_value(field)) is not None:
            return {"type": "object", "additionalProperties": self._value(value), **list_keywords(field), **described}
        if field.is_repeated:
            return {"type": "array", "items": self._value(field), **list_keywords(field), **described}
        made = self._value(field)
        if made.keys() - {"type", "description"} and may_be_empty(field):
            made = {"anyOf": [{"const": "" if made.get("type") == "string" else 0}, made]}
        return made | described

    def enum(self, kind: EnumDescriptor) -> Schema:
        """The names of an enum, and what each means."""
        named = {value.name: self._comments.get(f"{kind.full_name}.{value.name}", "") for value in kind.values}
        meanings = [f"- `{name}`: {comment}" for name, comment in named.items()]
        words = "\n".join([self._comments.get(kind.full_name, ""), "", *meanings])
        return {"type": "string", "enum": list(named), "description": words}

    def _value(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            known = _WELL_KNOWN.get(field.message_type.full_name)
            return dict(known) if known is not None else reference(field.message_type.full_name)
        if field.enum_type is not None:
            made = reference(field.enum_type.full_name)
            return made | ({"not": {"const": field.enum_type.values[0].name}} if excludes_unspecified(field) else {})
        return _scalar(field)

    def _describe(self, message: Descriptor) -> str:
        parts = [self._comments.get(message.full_name, "")]
        parts += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in sentences_of(message)]
        parts += [_one_of(group) for group in message.oneofs if len(group.fields) > 1]
        return " ".join(part for part in parts if part)


def _scalar(field: FieldDescriptor) -> Schema:
    if field.cpp_type in _LONG:
        return dict(_LONG[field.cpp_type])
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return {**_INTEGERS.get(field.cpp_type, {"type": "string"}), **item_keywords(field)}


def _one_of(group: OneofDescriptor) -> str:
    names = ", ".join(f"`{field.name}`" for field in group.fields)
    return f"{'Exactly' if demands_one(group) else 'At most'} one of {names} is set."


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """The values of a map; None for what is none."""
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else None


def _always_there(message: Descriptor) -> tuple[str, ...]:
    """What the edge writes even when it is empty: everything that has no presence of its own."""
    return tuple(field.name for field in message.fields if not field.has_presence)


def _reached(roots: Iterable[Descriptor]) -> dict[str, Descriptor]:
    found: dict[str, Descriptor] = {}
    waiting = list(roots)
    while waiting:
        message = waiting.pop()
        if message.full_name in found or is_well_known(message):
            continue
        found[message.full_name] = message
        waiting += list(_messages_in(message))
    return found


def _messages_in(message: Descriptor) -> Iterator[Descriptor]:
    for field in message.fields:
        inside = (_map_value(field) or field).message_type
        if inside is not None:
            yield inside


def _enums_of(messages: Iterable[Descriptor]) -> list[EnumDescriptor]:
    kinds = (field.enum_type for message in messages for field in message.fields)
    return [kind for kind in kinds if kind is not None]
