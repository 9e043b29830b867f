"""Query parameters and path values to the JSON tree from which a request is filled.

Nothing here knows HTTP beyond names and texts.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from edge.json_message import field_named, scalar
from soma_common.kernel.errors import invalid_field

Tree = dict[str, Any]
# What former clients say in the address also where all the rest is in the body.
TENANT: Final = "tenant_id"
_SPELLINGS: Final = (TENANT, "tenantId")


def refuse_query(pairs: Iterable[tuple[str, str]]) -> None:
    """INVALID_FIELD for parameters of a method whose fields stand in the body; only the tenant may be said in both."""
    for name, _ in pairs:
        if name not in _SPELLINGS:
            raise invalid_field(name[:100], "this method takes its fields in the body")


def add_query(tree: Tree, descriptor: Descriptor, pairs: Iterable[tuple[str, str]], taken: Iterable[str]) -> None:
    """Adds parameters (`a.b=1`, repeated for lists); INVALID_FIELD for unknown ones and for those in the path."""
    in_path = set(taken)
    for name, text in pairs:
        path, field = _resolve(descriptor, name)
        if ".".join(path) in in_path:
            raise invalid_field(name, "it stands in the path already")
        value = _value(field, text, name)
        branch = _branch(tree, path[:-1], name)
        if field.is_repeated:
            branch.setdefault(path[-1], []).append(value)
        elif path[-1] in branch:
            raise invalid_field(name, "it is given twice")
        else:
            branch[path[-1]] = value


def add_path_values(tree: Tree, descriptor: Descriptor, values: Mapping[str, str]) -> None:
    """Adds the values of the path; INVALID_FIELD when the body says something else for the same field."""
    for name, text in values.items():
        path, field = _resolve(descriptor, name)
        branch = _branch(tree, path[:-1], name)
        value = _value(field, text, name)
        camel = field.camelcase_name
        for spelling in {path[-1], camel}:
            if spelling in branch and branch.pop(spelling) not in (value, text, "", None):
                raise invalid_field(name, "the body and the path name different ones")
        branch[path[-1]] = value


def _resolve(descriptor: Descriptor, name: str) -> tuple[list[str], FieldDescriptor]:
    path: list[str] = []
    message: Descriptor | None = descriptor
    field: FieldDescriptor | None = None
    for part in name.split("."):
        field = None if message is None or (field is not None and field.is_repeated) else field_named(message, part)
        if field is None:
            raise invalid_field(name[:100], f"{descriptor.name} has no such field")
        path.append(field.name)
        message = field.message_type
    if field is None:
        raise invalid_field(name[:100], f"{descriptor.name} has no such field")
    return path, field


def _branch(tree: Tree, path: Iterable[str], name: str) -> Tree:
    for part in path:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise invalid_field(name, "its parent must be an object")
    return tree


def _value(field: FieldDescriptor, text: str, name: str) -> Any:
    if field.message_type is None:
        value = scalar(field, text, name, from_text=True)
        return text if isinstance(value, bytes) else value
    if field.message_type.full_name.startswith("google.protobuf.") and not field.message_type.full_name.endswith(
        "Struct"
    ):
        return text
    raise invalid_field(name[:100], "it is an object and cannot stand in the address")
