"""How long recalls and stores take, by how much there is to remember, and how soon a new process answers whole."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from typing import Final
from uuid import UUID, uuid4

from bench.arms.mesh import MeshArm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.calls import Caller
from bench.load.schedule import memories
from bench.numbers import percentile
from bench.processes import proportional_mib
from bench.rows import Row, Target
from soma.memory.v1 import memory_service_pb2, memory_service_pb2_grpc

_ASKED: Final = 200
_WARM: Final = 20
_BATCH: Final = 500
# More than recall takes by itself, so that what is told is the time of a whole answer.
_PATIENCE_MS: Final = 5000
_WHOLE_SECONDS: Final = 120.0
_TARGET_MEMORIES: Final = 100_000


def _measure(run: Run) -> list[Row]:
    if run.mesh is None:
        return []
    sizes = (10_000, _TARGET_MEMORIES, 500_000) if run.full else (1_000,)
    return asyncio.run(_recall(run, run.mesh, sizes))


async def _recall(run: Run, arm: MeshArm, sizes: tuple[int, ...]) -> list[Row]:
    tenant = uuid4()
    texts = memories(max(sizes), seed=1)
    rows: list[Row] = []
    stored = 0
    for size in sizes:
        run.note(f"storing {size - stored:,} memories")
        begun = time.perf_counter()
        await _fill(_caller(arm, tenant), islice(texts, size - stored))
        rate = (size - stored) / (time.perf_counter() - begun)
        of, stored = f"among {size:,} memories", size
        rows.append(Row(f"BatchStoreMemories up to {size:,}, {_BATCH} at once", rate, "memories/s"))
        rows += await _answers(arm, tenant, of, is_target=size == _TARGET_MEMORIES)
        run.note(f"a new process of memory {of}")
        rows += await _restart(arm, tenant, of)
    return rows


def _caller(arm: MeshArm, tenant: UUID) -> Caller:
    return Caller(arm.mesh.target("memory"), arm.mesh.token_for("bench-recall", tenant_id=tenant, ttl_seconds=6 * 3600))


async def _fill(caller: Caller, texts: Iterator[str]) -> None:
    stub = memory_service_pb2_grpc.MemoryServiceStub(caller.channel)
    while some := [memory_service_pb2.NewMemory(text=text) for text in islice(texts, _BATCH)]:
        request = memory_service_pb2.BatchStoreMemoriesRequest(memories=some, request_id=str(uuid4()))
        await caller.call(stub.BatchStoreMemories, request)
    await caller.channel.close()


async def _answers(arm: MeshArm, tenant: UUID, of: str, *, is_target: bool) -> list[Row]:
    caller = _caller(arm, tenant)
    stub = memory_service_pb2_grpc.MemoryServiceStub(caller.channel)
    asked = [_query(text.partition(": ")[2]) for text in memories(_ASKED + _WARM, seed=1)]
    await _until_whole(caller, stub)
    seen = await caller.in_turn(stub.RecallMemories, asked, _WARM)
    kept = [
        memory_service_pb2.StoreMemoryRequest(text=f"{of}: {text}", request_id=str(uuid4()))
        for text in memories(_ASKED + _WARM, seed=2)
    ]
    stores = await caller.in_turn(stub.StoreMemory, kept, _WARM)
    await caller.channel.close()
    recall, store = (Target(20.0, of_ratio=False), Target(15.0, of_ratio=False)) if is_target else (None, None)
    return [
        Row(f"RecallMemories {of}, p50", percentile(seen, 50), "ms"),
        Row(f"RecallMemories {of}, p95", percentile(seen, 95), "ms", target=recall),
        Row(f"StoreMemory {of}, p50", percentile(stores, 50), "ms"),
        Row(f"StoreMemory {of}, p95", percentile(stores, 95), "ms", target=store),
    ]


async def _restart(arm: MeshArm, tenant: UUID, of: str) -> list[Row]:
    """Kill the process of memory; how long a new one needs for a whole answer, and what it takes with the shelf."""
    killed = arm.mesh.kill("memory")
    arm.mesh.wait_ready("memory", other_than=killed)
    before = proportional_mib([arm.mesh.pid("memory")])
    caller = _caller(arm, tenant)
    seconds = await _until_whole(caller, memory_service_pb2_grpc.MemoryServiceStub(caller.channel))
    await caller.channel.close()
    taken = proportional_mib([arm.mesh.pid("memory")]) - before
    return [
        Row(f"first whole answer of a new process {of}", seconds, "s"),
        Row(f"what it then holds {of}", taken, "MiB"),
    ]


async def _until_whole(caller: Caller, stub: memory_service_pb2_grpc.MemoryServiceStub) -> float:
    """Ask until an answer is not partial; the seconds that took."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < _WHOLE_SECONDS:
        answer = await stub.RecallMemories(_query("garden"), metadata=caller.metadata, timeout=30.0)
        if not answer.partial:
            break
    return time.perf_counter() - begun


def _query(text: str) -> memory_service_pb2.RecallMemoriesRequest:
    return memory_service_pb2.RecallMemoriesRequest(query=text, top_k=10, time_budget_milliseconds=_PATIENCE_MS)


FIGURE: Final = Figure(
    "recall",
    "Recall",
    f"Memories of a large vocabulary are stored in one namespace of a tenant of their own, {_BATCH} at once. Then "
    "RecallMemories asks for the ten best over gRPC, and StoreMemory keeps one durably, one call after the other. At "
    "last the process of memory is killed, and a new one is asked until its answer is whole. Short mode stores 1,000, "
    "full mode 10,000, 100,000 and 500,000.",
    ("mesh",),
    _measure,
)
