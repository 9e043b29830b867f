"""Events carry ids, numbers and names: every string of a payload has its reason, and none is what somebody said."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.operations.renaming import WORDS, rename, renamed_payload

ID: Final = "an id"
WORD: Final = "one of a few words of the program"
THING: Final = "the name of a thing of the installation: a tool, a model, a field, a process"
PERSON: Final = "the name of a person or of its namespace, which an erasure replaces"
OWN: Final = "a word of whoever made it, which an erasure empties"
DIGEST: Final = "a digest"

# By the name of the field, and for what means something else in one message by both.
FIELDS: Final = {
    **dict.fromkeys(
        ("turn_id", "conversation_id", "agent_id", "receipt_id", "stops_turn_id", "call_id", "resource_id"), ID
    ),
    **dict.fromkeys(
        (
            "memory_id",
            "target_memory_id",
            "sweep_id",
            "consolidation_id",
            "quarantine_id",
            "erasure_id",
            "cycle_id",
            "thread_id",
        ),
        ID,
    ),
    **dict.fromkeys(("event_id", "error_id", "tenant_id", "key_id", "saga_id", "transaction_id", "stream"), ID),
    **dict.fromkeys(
        ("takes_back", "rating", "finish_reason", "error_reason", "decision", "period", "scope", "status"), WORD
    ),
    **dict.fromkeys(
        ("resource", "sources", "command", "role", "error_class", "previous_state", "state", "cause"), WORD
    ),
    **dict.fromkeys(("tool", "fields", "changed_fields", "consumer", "step"), THING),
    **dict.fromkeys(("changed_by", "rated_by", "decided_by", "commanded_by", "sub", "namespace"), PERSON),
    "arguments_hash": DIGEST,
    "BudgetSettled.owner_id": ID,
    "BudgetChanged.scope_id": PERSON,
    "FeatureChanged.name": THING,
    "ServiceCommanded.name": THING,
    "TenantChanged.name": THING,
    "ApiKeyChanged.name": OWN,
    "SagaChanged.name": THING,
    "SagaStepEnded.name": THING,
    "TransactionChanged.name": THING,
}


def strings(message: Descriptor, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Each string of a message and of what lies in it, with the message that has it."""
    for field in message.fields:
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            yield message.name, field.name
        elif field.message_type is not None and field.message_type.full_name not in seen:
            yield from strings(field.message_type, seen | {field.message_type.full_name})


def reason(message: str, field: str) -> str | None:
    return FIELDS.get(f"{message}.{field}") or FIELDS.get(field)


def test_every_string_of_an_event_has_its_reason() -> None:
    messages: Mapping[str, Any] = payloads_pb.DESCRIPTOR.message_types_by_name
    found = {pair for message in messages.values() for pair in strings(message)}
    assert sorted(pair for pair in found if reason(*pair) is None) == [], "say why an event carries these"
    used = {field for _, field in found} | {f"{message}.{field}" for message, field in found}
    assert sorted(FIELDS.keys() - used) == [], "no event has these"


def test_what_is_somebodys_own_word_is_emptied_with_the_name() -> None:
    messages: Mapping[str, Any] = payloads_pb.DESCRIPTOR.message_types_by_name
    own = {(m.full_name, field) for m in messages.values() for _, field in strings(m) if reason(m.name, field) == OWN}
    assert own == {(name, field) for name, fields in WORDS.items() for field in fields}
    changed = payloads_pb.ApiKeyChanged(key_id="k1", name="for my boat", sub="ada", changed_by="eve")
    body = renamed_payload("soma.events.v1.ApiKeyChanged", changed.SerializeToString(), {"ada": "x"})
    assert body is not None
    assert payloads_pb.ApiKeyChanged.FromString(body) == payloads_pb.ApiKeyChanged(
        key_id="k1", sub="x", changed_by="eve"
    )


def test_only_whole_values_are_names() -> None:
    names = {"ada": "x", "user:ada": "user:x"}
    changed = payloads_pb.MemoryChanged(memory_id="ada-1", namespace="user:ada")
    assert rename(changed, names)
    assert (changed.memory_id, changed.namespace) == ("ada-1", "user:x")
    other = payloads_pb.ResourceChanged(resource="agent", fields=["ada", "name"], changed_by="adam")
    assert rename(other, names)
    assert (list(other.fields), other.changed_by) == (["x", "name"], "adam")
    assert renamed_payload("soma.events.v1.NoSuchThing", b"", names) is None
