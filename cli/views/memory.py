"""Memories as tables and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import NONE, count, enum_word, moment, one_line
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb

HIT_HEADINGS: Final = ("SCORE", "VECTOR", "WORDS", "RECENT", "WEIGHT", "MORE", "TEXT", "ID")
LIST_HEADINGS: Final = ("LEARNED", "KIND", "STATE", "TEXT", "ID")
LINEAGE_HEADINGS: Final = ("WHAT", "LEARNED", "TEXT", "ID")
_TEXT_IN_TABLE: Final = 60
# What an edit or time changes, by the names of `lines`.
_CHANGES: Final = (
    *(
        "kind",
        "subject",
        "speaker",
        "tags",
        "trust",
        "importance",
        "key",
        "pinned",
        "expires",
        "valid from",
        "valid to",
    ),
    *("out of recall since", "replaced by"),
)


def hit_row(hit: memory_pb.MemoryHit) -> tuple[str, ...]:
    """One hit with the parts of its score."""
    parts = hit.parts
    return (
        f"{hit.score:.3f}",
        f"{parts.vector:.3f}" if parts.HasField("vector") else NONE,
        f"{parts.lexical:.3f}" if parts.HasField("lexical") else NONE,
        f"{parts.recency:.3f}",
        f"{parts.importance:.3f}",
        more(parts),
        one_line(hit.memory.text, _TEXT_IN_TABLE),
        hit.memory.memory_id,
    )


def more(parts: memory_pb.ScoreParts) -> str:
    """The parts of a score that only some memories have."""
    there = [
        f"neighbours {parts.context:.2f}" if parts.HasField("context") else "",
        f"links {parts.graph:.2f}" if parts.HasField("graph") else "",
        f"time {parts.time:.2f}" if parts.HasField("time") else "",
        f"name {parts.speaker:.2f}" if parts.HasField("speaker") else "",
    ]
    return " ".join(filter(None, there)) or NONE


def state(memory: memory_pb.Memory) -> str:
    """Why recall does not find it; a dash where it does."""
    if memory.quarantined:
        return "hidden"
    if memory.superseded_by:
        return "superseded"
    if memory.HasField("retire_time"):
        return "resting"
    return "pinned" if memory.pinned else NONE


def list_row(memory: memory_pb.Memory) -> tuple[str, ...]:
    """A memory in a list."""
    text = one_line(memory.text, _TEXT_IN_TABLE)
    return moment(memory, "learn_time"), kind_word(memory.kind), state(memory), text, memory.memory_id


def lineage_rows(found: upkeep_pb.GetLineageResponse) -> Iterator[tuple[str, ...]]:
    """Where a memory comes from and what became of it; the version that it is now is left out."""
    groups = (
        ("replaced by", found.superseded_by),
        ("replaced", found.superseded),
        ("made of", found.sources),
        ("made into", found.descendants),
    )
    later = found.memory
    for version in found.versions:
        if version.version != found.memory.version:
            name, learned, text, memory_id = _relative(f"version {version.version}", version)
            otherwise = "; ".join(_other(version, later))
            yield name, learned, f"{text} ({otherwise})" if otherwise else text, memory_id
        later = version
    for name, memories in groups:
        yield from (_relative(name, memory) for memory in memories)


def _other(version: memory_pb.Memory, later: memory_pb.Memory) -> Iterator[str]:
    """What a version said otherwise than the one after it, but for the text."""
    was, became = dict(lines(version)), dict(lines(later))
    yield from (f"{name} {was.get(name, NONE)}" for name in _CHANGES if was.get(name) != became.get(name))


def _relative(name: str, memory: memory_pb.Memory) -> tuple[str, ...]:
    return name, moment(memory, "learn_time"), one_line(memory.text, _TEXT_IN_TABLE), memory.memory_id


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
        (
            "recalled",
            f"{times(memory.access_count)}, last {moment(memory, 'access_time')}" if memory.access_count else "never",
        ),
        ("learned", moment(memory, "learn_time")),
        ("valid from", moment(memory, "valid_from_time")),
        ("valid to", moment(memory, "valid_to_time")),
        ("fact", f"{memory.predicate} {memory.object}".strip()),
        ("key", memory.coordinate),
        ("place in it", str(memory.position) if memory.position else ""),
        ("pinned", "yes" if memory.pinned else ""),
        ("expires", moment(memory, "expire_time")),
        ("out of recall since", moment(memory, "retire_time")),
        ("replaced by", memory.superseded_by),
        ("made of", ", ".join(memory.derived_from)),
        ("hidden", "yes, by a quarantine" if memory.quarantined else ""),
        ("learned in turn", memory.turn_id),
        ("index", enum_word(memory_pb.IndexState.DESCRIPTOR, memory.index_state, "INDEX_STATE_").lower()),
        ("version", str(memory.version)),
    ]
    return ((name, value) for name, value in known if value not in ("", NONE))


def touched(memory: memory_pb.Memory) -> str:
    """What forgetting this memory will touch."""
    return (
        f"This deletes one {kind_word(memory.kind)} memory of {memory.namespace} for good, learned "
        f"{moment(memory, 'learn_time')} and {_recalled(memory)}: "
        f"“{one_line(memory.text, 200)}” Conversations keep their messages."
    )


def touched_of_conversation(conversation_id: str) -> str:
    """What forgetting a conversation will touch."""
    return (
        f"This deletes every memory that was learned in conversation {conversation_id} for good; what was learned "
        "elsewhere too stays. The conversation keeps its messages."
    )


def touched_of_source(source_id: str) -> str:
    """What forgetting a source will touch."""
    return (
        f"This deletes every memory that was learned from {source_id} for good; what was learned elsewhere too stays. "
        "The source itself stays where it is."
    )


def forgotten(done: service_pb.DeleteBySourceResponse) -> str:
    """What became of the memories of a source."""
    gone = memories(done.forgotten_count)
    if not done.kept_count:
        return f"Forgotten: {gone}"
    return f"Forgotten: {gone}; {memories(done.kept_count)} learned elsewhere too stayed"


def _recalled(memory: memory_pb.Memory) -> str:
    return f"recalled {times(memory.access_count)}" if memory.access_count else "never recalled"


def times(amount: int) -> str:
    """How often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(amount, f"{count(amount)} times")


def memories(amount: int) -> str:
    """1 memory, 2 memories."""
    return f"{count(amount)} {'memory' if amount == 1 else 'memories'}"


def kind_word(kind: int) -> str:
    """episodic, semantic, procedural or hypothesis."""
    return enum_word(memory_pb.MemoryKind.DESCRIPTOR, kind, "MEMORY_KIND_").lower()
