"""Memories as tables and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, count, enum_word, moment, one_line
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb

HIT_HEADINGS: Final = ("SCORE", "VECTOR", "WORDS", "RECENT", "WEIGHT", "TEXT", "ID")
_TEXT_IN_TABLE: Final = 60


def hit_row(hit: memory_pb.MemoryHit) -> tuple[str, ...]:
    """One hit with the parts of its score."""
    parts = hit.parts
    return (
        f"{hit.score:.3f}",
        f"{parts.vector:.3f}" if parts.HasField("vector") else NONE,
        f"{parts.lexical:.3f}" if parts.HasField("lexical") else NONE,
        f"{parts.recency:.3f}",
        f"{parts.importance:.3f}",
        one_line(hit.memory.text, _TEXT_IN_TABLE),
        hit.memory.memory_id,
    )


def lines(memory: memory_pb.Memory) -> Iterator[tuple[str, str]]:
    """Everything that is known of a memory, name by name, but for its text."""
    known = [
        ("id", memory.memory_id),
        ("namespace", memory.namespace),
        ("kind", kind_word(memory.kind)),
        ("source", enum_word(memory_pb.SourceClass.DESCRIPTOR, memory.source_class, "SOURCE_CLASS_").lower()),
        ("source id", memory.source_id),
        ("subject", memory.subject),
        ("speaker", memory.speaker),
        ("tags", ", ".join(memory.tags)),
        ("conversation", memory.conversation_id),
        ("trust", f"{memory.trust:.2f}"),
        ("importance", f"{memory.importance:.2f}"),
        ("tokens", count(memory.token_count)),
        ("recalled", f"{count(memory.access_count)} times, last {moment(memory, 'access_time')}"),
        ("learned", moment(memory, "learn_time")),
        ("valid from", moment(memory, "valid_from_time")),
        ("valid to", moment(memory, "valid_to_time")),
        ("index", enum_word(memory_pb.IndexState.DESCRIPTOR, memory.index_state, "INDEX_STATE_").lower()),
        ("version", str(memory.version)),
    ]
    return ((name, value) for name, value in known if value not in ("", NONE))


def touched(memory: memory_pb.Memory) -> str:
    """What forgetting this memory will touch."""
    return (
        f"This deletes one {kind_word(memory.kind)} memory of {memory.namespace} for good, learned "
        f"{moment(memory, 'learn_time')} and recalled {count(memory.access_count)} times: "
        f"“{one_line(memory.text, 200)}”. Conversations keep their messages."
    )


def touched_of_conversation(conversation_id: str) -> str:
    """What forgetting a conversation will touch."""
    return (
        f"This deletes every memory that was learned in conversation {conversation_id} for good; what was learned "
        "elsewhere too stays. The conversation keeps its messages."
    )


def forgotten(done: service_pb.DeleteBySourceResponse) -> str:
    """What became of the memories of a source."""
    gone = _memories(done.forgotten_count)
    if not done.kept_count:
        return f"Forgotten: {gone}"
    return f"Forgotten: {gone}; {_memories(done.kept_count)} learned elsewhere too stayed"


def _memories(amount: int) -> str:
    return f"{count(amount)} {'memory' if amount == 1 else 'memories'}"


def kind_word(kind: int) -> str:
    """episodic, semantic or procedural."""
    return enum_word(memory_pb.MemoryKind.DESCRIPTOR, kind, "MEMORY_KIND_").lower()
