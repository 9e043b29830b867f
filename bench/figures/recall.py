"""How long a recall takes, by how much there is to remember."""

import asyncio
import time
from itertools import islice
from typing import Final
from uuid import uuid4

from bench.arms.mesh import MeshArm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.calls import Caller
from bench.load.schedule import memories
from bench.numbers import percentile
from bench.rows import Row, Target
from soma.memory.v1 import memory_service_pb2, memory_service_pb2_grpc

_AT_ONCE: Final = 8
_ASKED: Final = 100
# More than recall takes by itself, so that what is told is the time of a whole answer.
_PATIENCE_MS: Final = 5000
_TARGET_MEMORIES: Final = 100_000
_BATCH: Final = 500
_STORED_A_SECOND: Final = Target(2000.0, at_most=False, of_ratio=False)


def _measure(run: Run) -> list[Row]:
    if run.mesh is None:
        return []
    sizes = (1_000, 10_000, _TARGET_MEMORIES) if run.full else (1_000,)
    return asyncio.run(_batches(run, run.mesh)) + asyncio.run(_recall(run, run.mesh, sizes))


async def _recall(run: Run, arm: MeshArm, sizes: tuple[int, ...]) -> list[Row]:
    token = arm.mesh.token_for("bench-recall", tenant_id=uuid4(), ttl_seconds=6 * 3600)
    caller = Caller(arm.mesh.target("memory"), token)
    stub = memory_service_pb2_grpc.MemoryServiceStub(caller.channel)
    texts = memories(max(sizes), seed=1)
    rows: list[Row] = []
    stored = 0
    for size in sizes:
        run.note(f"storing {size - stored:,} memories")
        wishes = (
            memory_service_pb2.StoreMemoryRequest(text=text, request_id=str(uuid4()))
            for text in islice(texts, size - stored)
        )
        begun = time.perf_counter()
        times = await caller.at_once(stub.StoreMemory, wishes, _AT_ONCE)
        rate = len(times) / (time.perf_counter() - begun)
        stored = size
        asked = [
            memory_service_pb2.RecallMemoriesRequest(
                query=text.partition(": ")[2], top_k=10, time_budget_milliseconds=_PATIENCE_MS
            )
            for text in memories(_ASKED + 20, seed=1)
        ]
        seen = await caller.in_turn(stub.RecallMemories, asked)
        target = Target(60.0, of_ratio=False) if size == _TARGET_MEMORIES else None
        of = f"among {size:,} memories"
        rows += [
            Row(f"RecallMemories {of}, p50", percentile(seen, 50), "ms"),
            Row(f"RecallMemories {of}, p95", percentile(seen, 95), "ms", target=target),
            Row(f"StoreMemory up to {size:,}, {_AT_ONCE} at once", rate, "/s"),
            Row(f"StoreMemory up to {size:,}, {_AT_ONCE} at once, p95", percentile(times, 95), "ms"),
        ]
    await caller.channel.close()
    return rows


async def _batches(run: Run, arm: MeshArm) -> list[Row]:
    """How fast batches are stored, each memory found by its words as soon as its batch is."""
    token = arm.mesh.token_for("bench-batch", tenant_id=uuid4(), ttl_seconds=3600)
    caller = Caller(arm.mesh.target("memory"), token)
    stub = memory_service_pb2_grpc.MemoryServiceStub(caller.channel)
    batches = 40 if run.full else 8
    texts = iter(list(memories(batches * _BATCH, seed=2)))
    last = ""
    wishes = []
    for _ in range(batches):
        some = [memory_service_pb2.NewMemory(text=text) for text in islice(texts, _BATCH)]
        last = some[-1].text
        wishes.append(memory_service_pb2.BatchStoreMemoriesRequest(memories=some, request_id=str(uuid4())))
    begun = time.perf_counter()
    await caller.at_once(stub.BatchStoreMemories, wishes, 2)
    asked = memory_service_pb2.RecallMemoriesRequest(query=last, top_k=1, time_budget_milliseconds=_PATIENCE_MS)
    await caller.in_turn(stub.RecallMemories, [asked])
    rate = batches * _BATCH / (time.perf_counter() - begun)
    await caller.channel.close()
    return [Row(f"BatchStoreMemories, {_BATCH} each, 2 at once, until found", rate, "/s", target=_STORED_A_SECOND)]


FIGURE: Final = Figure(
    "recall",
    "Recall",
    f"Memories of a large vocabulary are stored in a tenant of their own by StoreMemory, {_AT_ONCE} at once; in "
    "another, by BatchStoreMemories. Then RecallMemories asks for the ten best over gRPC, one call after the other, "
    "with time enough for both retrievers; short mode stores 1,000, full mode 100,000.",
    ("mesh",),
    _measure,
)
