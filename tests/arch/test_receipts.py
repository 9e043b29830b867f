"""A receipt holds no text of anybody: whatever of it could hold one is named here, with what it holds instead."""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from soma.governor.v1 import receipt_pb2 as receipt_pb

# Every field of a receipt that is text, bytes or free values. A new one must be such that nobody's words get into it.
HOLDS = {
    "receipt_id": "an id",
    "turn_id": "an id",
    "conversation_id": "an id",
    "agent_id": "an id",
    "model": "the name of a profile",
    "owner_sub": "the name under which the person signs in, which decides who sees the receipt",
    "items.lane": "a lane",
    "items.item_id": "an id, the name of a tool or a place",
    "items.reason": "a sentence of the code",
    "level_reasons.source": "a word of the code",
    "level_reasons.sentence": "a sentence of the code",
    "tools.name": "the name of a tool",
    "tools.reason": "a sentence of the code",
    "legs.model": "the name of a profile",
    "legs.finish_reason": "a word of the contract",
    "legs.items.lane": "a lane",
    "legs.items.item_id": "an id, the name of a tool or a place",
    "legs.items.reason": "a sentence of the code",
    "legs.request_sha256": "a digest",
    "legs.basis_sha256": "a digest",
    "legs.parameters": "numbers and words of the provider's contract; of texts their number",
    "phases.phase": "a word of the code",
    "outcome.finish_reason": "a word of the contract",
    "outcome.error_reason": "a reason of the contract",
    "outcome.tools.name": "the name of a tool",
    "modulation.effects.name": "a word of the code",
    "modulation.effects.sentence": "a sentence of the code",
    "modulation.sleep_state": "a word of the contract",
    "dependencies.name": "a name of the contract",
    "dependencies.detail": "a phrase of the code",
    "features_off": "names of features",
    "policy_decisions": "ids",
    "snapshot": "numbers and words of the governor's tables",
}


def texts(message: Descriptor, path: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """The fields that could hold a text, each with its path."""
    for field in message.fields:
        name = f"{path}{field.name}"
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            yield name
        elif field.message_type is not None and field.message_type.full_name not in above:
            if field.message_type.full_name == "google.protobuf.Struct":
                yield name
            else:
                yield from texts(field.message_type, f"{name}.", (*above, field.message_type.full_name))


def test_what_of_a_receipt_could_hold_a_text_is_known() -> None:
    assert set(texts(receipt_pb.Receipt.DESCRIPTOR)) == set(HOLDS)
