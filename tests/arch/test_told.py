"""Every method that changes something has its events, or a reason why it has none of its own."""

import ast

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.arch.source import ROOT, need, product
from tests.support.told import NOT_TOLD, TOLD

REPEATED_BY = "request_id"


def mutating() -> set[str]:
    """The methods whose request has a repeat key, or holds a request that has one."""
    files = FileDescriptorSet.FromString((ROOT / "gen/soma/descriptors.binpb").read_bytes()).file
    keyed = {
        f".{file.package}.{message.name}"
        for file in files
        for message in file.message_type
        if any(field.name == REPEATED_BY for field in message.field)
    }
    keyed |= {
        f".{file.package}.{message.name}"
        for file in files
        for message in file.message_type
        if any(field.type_name in keyed and field.type_name.endswith("Request") for field in message.field)
    }
    return {
        f"/{file.package}.{service.name}/{method.name}"
        for file in files
        for service in file.service
        for method in service.method
        if method.input_type in keyed
    }


def words() -> set[str]:
    """Every text that stands in the product, also inside of one that is put together."""
    return {
        node.value
        for source in product()
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_method_that_changes_something_is_told_or_says_why_not() -> None:
    methods = mutating()
    assert "/soma.chat.v1.TurnService/SendMessage" in methods
    need(sorted(methods - set(TOLD) - set(NOT_TOLD)), "methods without an event: write one, or say why there is none")
    need(sorted((set(TOLD) | set(NOT_TOLD)) - methods), "methods that are gone or change nothing")
    need(sorted(set(TOLD) & set(NOT_TOLD)), "methods that are told and not told")


def test_every_event_that_is_promised_is_written_somewhere() -> None:
    known = words()
    promised = {event for events in TOLD.values() for event in events}
    missing = [
        event
        for event in sorted(promised)
        if event not in known and not (f"{event.partition('.')[0]}." in known and event.partition(".")[2] in known)
    ]
    need(missing, "events that nobody writes")
