"""Two processes that serve recall, and a third that has just begun, answer alike after every change."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.recaller import Recall, Recaller
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering, recaller_of

# SOMA_TEST_RECALL_STEPS=2000 .venv/bin/pytest tests/rpc/memory/test_replicas.py
STEPS: Final = int(os.environ.get("SOMA_TEST_RECALL_STEPS", "24"))
SEED: Final = int(os.environ.get("SOMA_TEST_SEED", "8"))
PLACES: Final = ("cellar", "school", "garden", "kitchen", "station", "harbour")
THINGS: Final = ("violin", "boiler", "lantern", "compass", "ladder", "engine")


class _Story:
    """Random changes of memories, by the doors of the service."""

    def __init__(self, remembering: Remembering, source: random.Random) -> None:
        self._user = remembering.user
        self._clock = remembering.clock
        self._source = source
        self._ids: list[str] = []

    async def step(self) -> None:
        """One change."""
        acts: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (self._store, self._store, self._correct)
        acts = (*acts, self._update, self._delete, self._replace) if self._ids else (self._store,)
        self._clock.advance(1.0)
        await self._source.choice(acts)()

    def _text(self) -> str:
        thing, place = self._source.choice(THINGS), self._source.choice(PLACES)
        return f"The {thing} number {self._source.randrange(10_000)} is in the {place}."

    async def _store(self, **fields: Any) -> None:
        request = service_pb.StoreMemoryRequest(text=self._text(), request_id=str(uuid4()), **fields)
        self._ids.append((await self._user.StoreMemory(request, timeout=30)).memory.memory_id)

    async def _replace(self) -> None:
        await self._store(coordinate="the one")

    async def _update(self) -> None:
        memory = memory_pb.Memory(memory_id=self._source.choice(self._ids), text=self._text(), importance=0.9)
        mask = FieldMask(paths=["text", "importance"])
        request = service_pb.UpdateMemoryRequest(memory=memory, update_mask=mask, request_id=str(uuid4()))
        await self._attempt(self._user.UpdateMemory(request, timeout=30))

    async def _correct(self) -> None:
        if self._ids:
            chosen = self._source.choice(self._ids)
            request = service_pb.CorrectMemoryRequest(memory_id=chosen, text=self._text(), request_id=str(uuid4()))
            await self._attempt(self._user.CorrectMemory(request, timeout=30))

    async def _delete(self) -> None:
        chosen = self._ids.pop(self._source.randrange(len(self._ids)))
        request = service_pb.DeleteMemoryRequest(memory_id=chosen, request_id=str(uuid4()))
        await self._user.DeleteMemory(request, timeout=30)

    async def _attempt(self, change: Awaitable[Any]) -> None:
        """What is out of recall already cannot be changed, which is no business of this test."""
        error: object = (await asyncio.gather(change, return_exceptions=True))[0]
        assert not isinstance(error, BaseException) or (
            isinstance(error, SomaError) and error.reason is Reason.MEMORY_REFUSED
        )


async def scores(recaller: Recaller, query: str) -> dict[str, float]:
    """What a process answers: texts with version and score; sums of floats may differ in their last digit."""
    request = Recall(query, RecallFilter(namespaces=("user:ada",)), 50, 0, Weights(), 20.0)
    recalled = await recaller.recall(TENANT, request, lambda _: 100)
    assert not recalled.partial
    return {f"{hit.memory.text} (version {hit.memory.version})": hit.score for hit in recalled.hits}


async def test_replicas_and_who_has_just_begun_answer_alike(remembering: Remembering, indexer: Indexer) -> None:
    source = random.Random(SEED)
    story = _Story(remembering, source)

    async def replica() -> Recaller:
        return await recaller_of(remembering.database, indexer, remembering.accesses, remembering.clock)

    one, two = await replica(), await replica()
    with acting_as(user("ada"), "test"):
        for step in range(STEPS):
            await story.step()
            query = f"{source.choice(THINGS)} {source.choice(PLACES)}"
            seen = pytest.approx(await scores(one, query), abs=1e-4)
            if step % 3 == 0:
                assert await scores(two, query) == seen, f"seed {SEED}, step {step}"
            assert await scores(await replica(), query) == seen, f"seed {SEED}, step {step}"
