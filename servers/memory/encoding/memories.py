"""Memories and hits as the contract has them."""

from datetime import datetime

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from servers.memory.domain.memory import Memory
from servers.memory.domain.ranking import Hit
from soma.memory.v1 import memory_pb2 as memory_pb


def stamp(moment: datetime) -> Timestamp:
    """A moment as the contract has it."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def memory_message(memory: Memory) -> memory_pb.Memory:
    """A memory as the contract has it."""
    message = memory_pb.Memory(
        memory_id=str(memory.memory_id),
        namespace=memory.namespace,
        kind=memory_pb.MemoryKind.ValueType(memory.kind),
        text=memory.text,
        subject=memory.subject,
        speaker=memory.speaker,
        source_class=memory_pb.SourceClass.ValueType(memory.source),
        source_id=memory.source_id,
        conversation_id=str(memory.conversation_id or ""),
        trust=memory.trust,
        importance=memory.importance,
        tags=memory.tags,
        token_count=memory.token_count,
        access_count=memory.access_count,
        learn_time=stamp(memory.learn_time),
        valid_from_time=stamp(memory.valid_from),
        embedding_version=memory.embedding_version,
        index_state=memory_pb.INDEX_STATE_INDEXED,
        owner_sub=memory.owner_sub,
        version=memory.version,
        etag=f'"{memory.version}"',
    )
    if memory.payload is not None:
        json_format.Parse(memory.payload, message.payload)
    if memory.access_time is not None:
        message.access_time.CopyFrom(stamp(memory.access_time))
    if memory.valid_to is not None:
        message.valid_to_time.CopyFrom(stamp(memory.valid_to))
    return message


def hit_message(hit: Hit, message: memory_pb.Memory) -> memory_pb.MemoryHit:
    """A hit, with its memory as a message already."""
    parts = hit.parts
    return memory_pb.MemoryHit(
        memory=message,
        score=hit.score,
        parts=memory_pb.ScoreParts(
            vector=parts.vector,
            lexical=parts.lexical,
            recency=parts.recency,
            importance=parts.importance,
            vector_rank=parts.vector_rank,
            lexical_rank=parts.lexical_rank,
        ),
    )
