"""Memories and hits as the contract has them."""

from datetime import datetime
from typing import Final

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from servers.memory.domain.memory import Memory
from servers.memory.domain.ranking import Hit
from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb

_INDEX_STATES: Final = {
    None: memory_pb.INDEX_STATE_UNSPECIFIED,
    True: memory_pb.INDEX_STATE_INDEXED,
    False: memory_pb.INDEX_STATE_PENDING,
}


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
        index_state=_INDEX_STATES[memory.indexed],
        owner_sub=memory.owner_sub,
        version=memory.version,
        etag=etag_of(memory),
        position=memory.position,
        coordinate=memory.coordinate,
        predicate=memory.predicate,
        object=memory.object,
        pinned=memory.pinned,
        superseded_by=str(memory.superseded_by or ""),
        derived_from=[str(source) for source in memory.derived_from],
        quarantined=memory.hidden_by > 0,
        turn_id=str(memory.turn_id or ""),
    )
    if memory.payload is not None:
        json_format.Parse(memory.payload, message.payload)
    for field, moment in (
        (message.access_time, memory.access_time),
        (message.valid_to_time, memory.valid_to),
        (message.session_time, memory.session_time),
        (message.expire_time, memory.expire_time),
        (message.retire_time, memory.retire_time),
    ):
        if moment is not None:
            field.FromDatetime(moment)
    return message


def etag_of(memory: Memory) -> str:
    """What changes with every change of a memory."""
    return f'"{memory.version}"'


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
            context=parts.context,
            graph=parts.graph,
            time=parts.time,
            speaker=parts.speaker,
            graph_rank=parts.graph_rank,
            time_rank=parts.time_rank,
            shares=common_pb.RetrieverShares(
                vector=parts.shares.vector,
                graph=parts.shares.graph,
                recency=parts.shares.recency,
                lexical=parts.shares.lexical,
            ),
            fit=parts.fit,
        ),
    )
