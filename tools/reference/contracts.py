"""The contracts as pages, one a package: services and who may call them, messages, rules, enums.

Nothing here compiles; it reads the generated modules and the comments of the descriptor set.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)

from edge.bridge import path_of
from edge.routes import RouteTable, contract_services
from soma_common.security.methods import METHODS
from tools.contracts.comments import comments, own_files
from tools.contracts.rules import demands_one, in_words, sentences_of
from tools.reference.markdown import code, page, plain, table

_SCALARS: Final = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}
_KEPT_TOGETHER: Final = "soma."


class ContractPages:
    """The page of each package by its area."""

    def __init__(self) -> None:
        self._comments = comments()
        self._routes: dict[str, list[str]] = {}
        for route in RouteTable(contract_services()).routes:
            self._routes.setdefault(route.method.full_name, []).append(f"{route.verb} {route.template.text}")
        self._packages: dict[str, list[FileDescriptor]] = {}
        for file in own_files():
            module = import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            self._packages.setdefault(file.package, []).append(module.DESCRIPTOR)

    def pages(self) -> Mapping[str, str]:
        """Area to page."""
        return {_area(package): self._page(package, files) for package, files in sorted(self._packages.items())}

    def services(self) -> Iterator[tuple[str, str, str]]:
        """Every service: its area, its name, what it does."""
        for package, files in sorted(self._packages.items()):
            for service in (it for file in files for it in file.services_by_name.values()):
                yield _area(package), service.name, self._comment(service.full_name)

    def _page(self, package: str, files: list[FileDescriptor]) -> str:
        services = [it for file in files for it in file.services_by_name.values()]
        messages = [it for file in files for it in file.message_types_by_name.values()]
        kinds = [it for file in files for it in file.enum_types_by_name.values()]
        sources = ", ".join(f"`proto/{file.name}`" for file in files)
        return page(
            f"`{package}`",
            f"From {sources}.",
            *(self._service(service) for service in services),
            "## Messages" if messages else "",
            *(self._message(message) for message in sorted(messages, key=lambda it: str(it.name))),
            "## Enums" if kinds else "",
            *(self._enum(kind) for kind in sorted(kinds, key=lambda it: str(it.name))),
        )

    def _service(self, service: ServiceDescriptor) -> str:
        methods = "\n\n".join(self._method(method) for method in service.methods)
        return f"## {service.name}\n\n{self._comment(service.full_name)}\n\n{methods}"

    def _method(self, method: MethodDescriptor) -> str:
        package = method.containing_service.file.package
        asked, told = _link(method.input_type, package), _link(method.output_type, package)
        lines = [
            f"- takes {asked}, gives {'a stream of ' if method.server_streaming else ''}{told}",
            f"- gRPC `{path_of(method)}`",
            *(f"- REST `{route}`" for route in self._routes.get(method.full_name, ())),
            f"- {_callers(path_of(method))}",
        ]
        return f"### {method.name}\n\n{self._comment(method.full_name)}\n\n" + "\n".join(lines)

    def _message(self, message: Descriptor) -> str:
        rules = [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in sentences_of(message)]
        rules += [_choice(group) for group in message.oneofs if len(group.fields) > 1]
        parts = [f"### {message.name}", " ".join((self._comment(message.full_name), *rules))]
        package = message.file.package
        rows = [
            (code(field.name), _type(field, package), plain(in_words(field)), self._comment(field.full_name))
            for field in message.fields
        ]
        return "\n\n".join([*parts, table(("Field", "Type", "Rules", "Meaning"), rows) or "No fields."])

    def _enum(self, kind: EnumDescriptor) -> str:
        rows = [
            (str(value.number), code(value.name), self._comment(f"{kind.full_name}.{value.name}"))
            for value in kind.values
        ]
        return f"### {kind.name}\n\n{self._comment(kind.full_name)}\n\n" + table(("No.", "Name", "Meaning"), rows)

    def _comment(self, name: str) -> str:
        return plain(self._comments.get(name, ""))


def _area(package: str) -> str:
    return package.split(".")[1]


def _callers(path: str) -> str:
    rule = METHODS[path]
    services = ", ".join(sorted(rule.callers - {"edge", "cli"}))
    if rule.scope is None:
        return f"for services only: {', '.join(sorted(rule.callers))}"
    own = f"; the services {services} may call it as well" if services else ""
    return f"users with the role `{rule.role}` or a higher one and the scope `{rule.scope}`{own}"


def _link(kind: Descriptor | EnumDescriptor, package: str) -> str:
    if not kind.full_name.startswith(_KEPT_TOGETHER):
        return code(kind.full_name)
    file = "" if kind.file.package == package else f"{_area(kind.file.package)}.md"
    return f"[{kind.name}]({file}#{kind.name.lower()})"


def _type(field: FieldDescriptor, package: str) -> str:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        return f"map of {_plain_type(key, package)} to {_plain_type(value, package)}"
    kind = _plain_type(field, package)
    if field.is_repeated:
        return f"list of {kind}"
    group = field.containing_oneof
    if group is not None and len(group.fields) == 1 and field.has_presence and group.name == f"_{field.name}":
        return f"optional {kind}"
    return kind


def _plain_type(field: FieldDescriptor, package: str) -> str:
    if field.message_type is not None:
        return _link(field.message_type, package)
    if field.enum_type is not None:
        return _link(field.enum_type, package)
    return _SCALARS[field.type]


def _choice(group: OneofDescriptor) -> str:
    names = ", ".join(code(field.name) for field in group.fields)
    return f"{'Exactly' if demands_one(group) else 'At most'} one of {names} is set."
