"""Memories on their way into the table: as the rows of `store_memories`.

Nothing here runs a statement.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from servers.memory.domain.memory import Memory
from servers.memory.domain.sources import begin_of, sources_of
from servers.memory.storing.rows import Indexed


def drafts_json(indexed: Iterable[Indexed]) -> str:
    """The rows of these memories as JSON."""
    return json.dumps([_draft(each) for each in indexed], ensure_ascii=False)


def _draft(indexed: Indexed) -> dict[str, object]:
    memory = indexed.memory
    return _content(memory) | {
        "memory_id": str(memory.memory_id),
        "namespace": memory.namespace,
        "owner_sub": memory.owner_sub,
        "text_key": f"\\x{indexed.text_key.hex()}",
        "source_class": int(memory.source),
        "source_id": memory.source_id,
        "conversation_id": _text(memory.conversation_id),
        "turn_id": _text(memory.turn_id),
        "turn_time": _time(begin_of(memory.turn_id)),
        "sources": [source.key for source in sources_of(memory.conversation_id, memory.source_id)],
        "term_count": indexed.term_count,
        "learn_time": _time(memory.learn_time),
        "embedding_version": memory.embedding_version,
        "derived_from": [str(source) for source in memory.derived_from],
        "retire_time": _time(memory.retire_time),
        "retire_reason": memory.retire_reason,
        "superseded_by": _text(memory.superseded_by),
        "access_count": memory.access_count,
        "access_time": _time(memory.access_time),
        "version": memory.version,
    }


def _content(memory: Memory) -> dict[str, object]:
    return {
        "kind": int(memory.kind),
        "text": memory.text,
        "payload": memory.payload,
        "subject": memory.subject,
        "speaker": memory.speaker,
        "trust": memory.trust,
        "importance": memory.importance,
        "tags": list(memory.tags),
        "token_count": memory.token_count,
        "valid_from": _time(memory.valid_from),
        "valid_to": _time(memory.valid_to),
        "position": memory.position,
        "session_time": _time(memory.session_time),
        "coordinate": memory.coordinate,
        "predicate": memory.predicate,
        "object": memory.object,
        "pinned": memory.pinned,
        "expire_time": _time(memory.expire_time),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
