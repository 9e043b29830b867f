"""Conversations through the served calls of a fresh mesh: kept by BatchStoreMemories, asked by RecallMemories."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import uuid4

from bench.arms.mesh import MeshArm, running_mesh
from bench.load.calls import Caller
from bench.memory.locomo import Conversation, Turn
from bench.memory.scores import Answered
from soma.memory.v1 import memory_pb2, memory_service_pb2, memory_service_pb2_grpc

_MOST: Final = 50
_BATCH: Final = 250
_PATIENCE_MS: Final = 5_000


def answers(conversations: Sequence[Conversation]) -> list[Answered]:
    """What a fresh mesh finds for each question; each conversation in a tenant of its own."""
    with running_mesh("http://127.0.0.1:9") as arm:
        return [answer for each in conversations for answer in asyncio.run(_asked(arm, each))]


async def _asked(arm: MeshArm, conversation: Conversation) -> list[Answered]:
    token = arm.mesh.token_for("reader", tenant_id=uuid4(), ttl_seconds=6 * 3600)
    caller = Caller(arm.mesh.target("memory"), token)
    stub = memory_service_pb2_grpc.MemoryServiceStub(caller.channel)
    metadata = (("authorization", f"Bearer {token}"),)
    conversation_id, turns, turn_ids = str(uuid4()), iter(conversation.turns), dict[str, str]()
    try:
        while batch := list(islice(turns, _BATCH)):
            request = memory_service_pb2.BatchStoreMemoriesRequest(
                memories=[_new(turn, conversation_id) for turn in batch], request_id=str(uuid4())
            )
            stored = await stub.BatchStoreMemories(request, metadata=metadata)
            for turn, result in zip(batch, stored.results, strict=True):
                turn_ids.setdefault(result.memory_id, turn.turn_id)
        answered = []
        for question in conversation.questions:
            asked = memory_service_pb2.RecallMemoriesRequest(
                query=question.text, top_k=_MOST, time_budget_milliseconds=_PATIENCE_MS
            )
            found = await stub.RecallMemories(asked, metadata=metadata)
            answered.append(Answered(question, [turn_ids[hit.memory.memory_id] for hit in found.hits]))
        return answered
    finally:
        await caller.channel.close()


def _new(turn: Turn, conversation_id: str) -> memory_service_pb2.NewMemory:
    new = memory_service_pb2.NewMemory(
        text=turn.text,
        speaker=turn.speaker,
        conversation_id=conversation_id,
        position=turn.position,
        source_class=memory_pb2.SOURCE_CLASS_IMPORTED,
    )
    new.session_time.FromDatetime(turn.session_time)
    new.valid_from_time.FromDatetime(turn.session_time + timedelta(seconds=turn.position))
    return new
