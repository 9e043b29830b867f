"""What `buf.validate` demands of a field, as keywords of JSON Schema and as words: one reading for every document.

Nothing here knows REST.
"""

from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protovalidate import Validator

from buf.validate import validate_pb2

Keywords = dict[str, Any]

_VALIDATOR: Final = Validator()
_NUMBERS: Final = {
    FieldDescriptor.CPPTYPE_INT32: "int32",
    FieldDescriptor.CPPTYPE_INT64: "int64",
    FieldDescriptor.CPPTYPE_UINT32: "uint32",
    FieldDescriptor.CPPTYPE_UINT64: "uint64",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_DOUBLE: "double",
}
_BOUNDS: Final = {"gte": "minimum", "lte": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def rules_of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """The rules of a field; empty ones where it has none."""
    options: Any = field.GetOptions()
    found: validate_pb2.FieldRules = options.Extensions[validate_pb2.field]
    return found


def may_be_empty(field: FieldDescriptor) -> bool:
    """Whether the rules do not hold for an empty value."""
    return rules_of(field).ignore == validate_pb2.IGNORE_IF_ZERO_VALUE


def item_keywords(field: FieldDescriptor) -> Keywords:
    """What holds for the value, or for each item of a list."""
    rules = rules_of(field)
    return _scalar_keywords(field, rules.repeated.items if field.is_repeated else rules)


def list_keywords(field: FieldDescriptor) -> Keywords:
    """What holds for a list or a map as a whole."""
    rules = rules_of(field)
    given = {
        "minItems": rules.repeated.min_items,
        "maxItems": rules.repeated.max_items,
        "minProperties": rules.map.min_pairs,
        "maxProperties": rules.map.max_pairs,
        "uniqueItems": rules.repeated.unique,
    }
    return {name: value for name, value in given.items() if value}


def excludes_unspecified(field: FieldDescriptor) -> bool:
    """Whether an enum must not be left at its first value."""
    return 0 in getattr(rules_of(field).enum, "not_in")  # noqa: B009 - a keyword of Python follows the dot


def needed_fields(message: Descriptor) -> tuple[str, ...]:
    """The fields without which no message of this kind is valid: those that an empty one is refused for."""
    empty: Message = GetMessageClass(message)()
    paths = (violation.proto.field for violation in _VALIDATOR.collect_violations(empty))
    refused = {path.elements[0].field_name for path in paths if path is not None and path.elements}
    refused |= {group.fields[0].name for group in message.oneofs if len(group.fields) == 1 and demands_one(group)}
    return tuple(field.name for field in message.fields if field.name in refused)


def sentences_of(message: Descriptor) -> tuple[str, ...]:
    """The rules that hold between fields, in words."""
    options: Any = message.GetOptions()
    rules: validate_pb2.MessageRules = options.Extensions[validate_pb2.message]
    return tuple(rule.message for rule in rules.cel)


def demands_one(group: Any) -> bool:
    """Whether one member of a oneof must be set."""
    rules: validate_pb2.OneofRules = group.GetOptions().Extensions[validate_pb2.oneof]
    return bool(rules.required)


def _scalar_keywords(field: FieldDescriptor, rules: validate_pb2.FieldRules) -> Keywords:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _text_keywords(rules)
    number = _NUMBERS.get(field.cpp_type)
    return {} if number is None else _number_keywords(getattr(rules, number))


def _text_keywords(rules: validate_pb2.FieldRules) -> Keywords:
    text = rules.string
    most = text.max_len or text.max_bytes or rules.bytes.max_len
    given = {
        "format": "uuid" if text.uuid else "",
        "minLength": text.min_len or text.min_bytes or rules.bytes.min_len,
        "maxLength": most,
        "pattern": text.pattern,
        "enum": list(getattr(text, "in")),
    }
    return {name: value for name, value in given.items() if value}


def _number_keywords(rules: Any) -> Keywords:
    return {keyword: getattr(rules, name) for name, keyword in _BOUNDS.items() if rules.HasField(name)}


def in_words(field: FieldDescriptor) -> str:
    """The rules of a field as a person reads them; empty where there are none."""
    parts = [*_list_words(list_keywords(field)), *_item_words(item_keywords(field), field)]
    if excludes_unspecified(field):
        parts.append("not the unspecified value")
    if rules_of(field).required:
        parts.append("required")
    if parts and may_be_empty(field):
        parts.append("or empty")
    return ", ".join(parts)


def _list_words(found: Keywords) -> list[str]:
    items = _range_words(found.get("minItems"), found.get("maxItems"), "items")
    pairs = _range_words(found.get("minProperties"), found.get("maxProperties"), "pairs")
    return [words for words in (items, pairs, "no item twice" if found.get("uniqueItems") else "") if words]


def _item_words(found: Keywords, field: FieldDescriptor) -> list[str]:
    unit = "bytes" if rules_of(field).string.max_bytes else "characters"
    parts = [
        "a UUID" if found.get("format") == "uuid" else "",
        _range_words(found.get("minLength"), found.get("maxLength"), unit),
        f"matches `{found['pattern']}`" if "pattern" in found else "",
        "one of " + ", ".join(f"`{word}`" if word else "nothing" for word in found["enum"]) if "enum" in found else "",
        _range_words(found.get("minimum"), found.get("maximum"), ""),
        f"over {found['exclusiveMinimum']:g}" if "exclusiveMinimum" in found else "",
        f"under {found['exclusiveMaximum']:g}" if "exclusiveMaximum" in found else "",
    ]
    return [part for part in parts if part]


def _range_words(low: float | None, high: float | None, unit: str) -> str:
    behind = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{_plain(low)} to {_plain(high)}{behind}"
    if high is not None:
        return f"at most {_plain(high)}{behind}"
    return f"at least {_plain(low)}{behind}" if low is not None else ""


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else f"{number:g}"
