"""The comments of the contracts by full name, read from the committed descriptor set.

Nothing here knows REST or documents.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

DESCRIPTORS: Final = Path(__file__).resolve().parents[2] / "gen/soma/descriptors.binpb"
# Numbers of fields in descriptor.proto, of which the paths of source info are made.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM, _MESSAGE_ONEOF = 2, 3, 4, 8
_SERVICE_METHOD = _ENUM_VALUE = 2

Place = tuple[int, ...]


@cache
def own_files(path: Path = DESCRIPTORS) -> tuple[FileDescriptorProto, ...]:
    """Our own files of a descriptor set, in its order."""
    files = FileDescriptorSet.FromString(path.read_bytes()).file
    return tuple(file for file in files if file.name.startswith("soma/"))


@cache
def comments(path: Path = DESCRIPTORS) -> dict[str, str]:
    """Full name to comment, lines joined to one paragraph; names without a comment are not there."""
    found: dict[str, str] = {}
    for file in own_files(path):
        texts = {tuple(place.path): _plain(place.leading_comments) for place in file.source_code_info.location}
        found |= {name: texts[place] for name, place in _named(file) if texts.get(place)}
    return found


def _plain(comment: str) -> str:
    return " ".join(line.strip() for line in comment.strip().splitlines())


def _named(file: FileDescriptorProto) -> Iterator[tuple[str, Place]]:
    for number, service in enumerate(file.service):
        name, place = f"{file.package}.{service.name}", (_FILE_SERVICE, number)
        yield name, place
        yield from _members(name, (*place, _SERVICE_METHOD), [method.name for method in service.method])
    for number, message in enumerate(file.message_type):
        yield from _of_message(f"{file.package}.{message.name}", (_FILE_MESSAGE, number), message)
    for number, kind in enumerate(file.enum_type):
        yield from _of_enum(file.package, (_FILE_ENUM, number), kind)


def _of_message(name: str, place: Place, message: DescriptorProto) -> Iterator[tuple[str, Place]]:
    yield name, place
    yield from _members(name, (*place, _MESSAGE_FIELD), [field.name for field in message.field])
    yield from _members(name, (*place, _MESSAGE_ONEOF), [group.name for group in message.oneof_decl])
    for number, nested in enumerate(message.nested_type):
        yield from _of_message(f"{name}.{nested.name}", (*place, _MESSAGE_NESTED, number), nested)
    for number, kind in enumerate(message.enum_type):
        yield from _of_enum(name, (*place, _MESSAGE_ENUM, number), kind)


def _of_enum(scope: str, place: Place, kind: EnumDescriptorProto) -> Iterator[tuple[str, Place]]:
    name = f"{scope}.{kind.name}"
    yield name, place
    yield from _members(name, (*place, _ENUM_VALUE), [value.name for value in kind.value])


def _members(name: str, place: Place, members: Sequence[str]) -> Iterator[tuple[str, Place]]:
    for number, member in enumerate(members):
        yield f"{name}.{member}", (*place, number)
