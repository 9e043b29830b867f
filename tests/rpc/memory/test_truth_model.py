"""Truth over time against a plain model of it: random lives of a namespace, asked as of random times on both clocks.

The model is written from the contract and knows nothing of the service; `SOMA_TEST_TRUTH_LIVES` asks for more lives.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.rpc.memory.conftest import Remembering

LIVES: Final = int(os.environ.get("SOMA_TEST_TRUTH_LIVES", "2"))
STEPS: Final = 30
QUESTIONS: Final = 12


@dataclass
class Known:
    """What the model holds of a memory."""

    text: str
    key: tuple[str, str]
    learned: datetime
    begins: datetime
    ends: datetime | None = None
    expires: datetime | None = None
    replaced: datetime | None = None


class Model:
    """A namespace as it should be."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}

    def store(self, memory_id: str, new: Known, now: datetime) -> None:
        """Keep it; what has its coordinate, or says otherwise of the same subject at the same time, ends."""
        for old in self.known.values():
            if old.replaced is None and (self.is_alive(old, now) or old.expires is not None) and clash(old, new):
                old.replaced = now
                end = max(old.begins, new.begins)
                old.ends = end if old.ends is None else min(old.ends, end)
        self.known[memory_id] = new

    @staticmethod
    def is_alive(one: Known, now: datetime) -> bool:
        """Whether it can be read at all."""
        return one.expires is None or one.expires > now

    def recalled(self, now: datetime, valid: datetime, learned: datetime) -> set[str]:
        """The texts that held at `valid`, as it was known at `learned`."""
        found = set()
        for one in self.known.values():
            known_end = one.ends if one.replaced is None or one.replaced <= learned else None
            if (
                self.is_alive(one, now)
                and one.learned <= learned
                and one.begins <= valid
                and (known_end is None or valid < known_end)
            ):
                found.add(one.text)
        return found


def clash(old: Known, new: Known) -> bool:
    """Whether the new one takes the place of the old one."""
    kind, _ = new.key
    if kind == "" or old.key != new.key:
        return False
    if kind == "coordinate":
        return True
    return (old.ends is None or old.ends > new.begins) and (new.ends is None or new.ends > old.begins)


def stamp(moment: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(moment)
    return made


@dataclass
class Life:
    """One random life: the service and the model get the same calls."""

    remembering: Remembering
    chance: random.Random
    model: Model

    @property
    def now(self) -> datetime:
        return self.remembering.clock.now()

    async def step(self) -> None:
        """One call, then some time."""
        ids = [key for key, one in self.model.known.items() if self.model.is_alive(one, self.now)]
        live = [key for key in ids if self.model.known[key].replaced is None]
        act = self.chance.random()
        if act < 0.65 or not live:
            await self.store()
        elif act < 0.75:
            await self.update(self.chance.choice(live))
        elif act < 0.9:
            await self.correct(self.chance.choice(live))
        else:
            await self.delete(self.chance.choice(ids))
        self.remembering.clock.advance(self.chance.randrange(1, 100))

    def words(self) -> str:
        return f"The lantern number {self.chance.randrange(10**9)} burns."

    async def store(self) -> None:
        begins = self.now + timedelta(seconds=self.chance.choice([0, 0, 0, -300, 200]))
        ends = begins + timedelta(seconds=self.chance.randrange(1, 600)) if self.chance.random() < 0.2 else None
        seconds = self.chance.randrange(1, 900) if self.chance.random() < 0.15 else None
        expires = None if seconds is None else self.now + timedelta(seconds=seconds)
        kind = self.chance.choice(["", "coordinate", "fact"])
        name = f"k{self.chance.randrange(3)}"
        request = service_pb.StoreMemoryRequest(
            text=self.words(),
            valid_from_time=stamp(begins),
            valid_to_time=None if ends is None else stamp(ends),
            ttl=None if seconds is None else Duration(seconds=seconds),
            coordinate=name if kind == "coordinate" else "",
            subject=name if kind == "fact" else "",
            predicate="is" if kind == "fact" else "",
            request_id=str(uuid4()),
        )
        kept = (await self.remembering.user.StoreMemory(request)).memory
        new = Known(request.text, (kind, name if kind else ""), self.now, begins, ends, expires)
        self.model.store(kept.memory_id, new, self.now)

    async def update(self, memory_id: str) -> None:
        text = self.words()
        request = service_pb.UpdateMemoryRequest(
            memory=memory_pb.Memory(memory_id=memory_id, text=text),
            update_mask=FieldMask(paths=["text"]),
            request_id=str(uuid4()),
        )
        await self.remembering.user.UpdateMemory(request)
        self.model.known[memory_id].text = text

    async def correct(self, memory_id: str) -> None:
        old = self.model.known[memory_id]
        begins = max(self.now, old.begins)
        request = service_pb.CorrectMemoryRequest(
            memory_id=memory_id, text=self.words(), valid_from_time=stamp(begins), request_id=str(uuid4())
        )
        done = await self.remembering.user.CorrectMemory(request)
        old.replaced, old.ends = self.now, begins if old.ends is None else min(old.ends, begins)
        new = Known(request.text, old.key, self.now, begins, None, old.expires)
        self.model.store(done.memory.memory_id, new, self.now)

    async def delete(self, memory_id: str) -> None:
        asked = service_pb.DeleteMemoryRequest(memory_id=memory_id, request_id=str(uuid4()))
        await self.remembering.user.DeleteMemory(asked)
        del self.model.known[memory_id]

    async def ask(self, begun: datetime) -> None:
        """The same question to both, at a random point of both clocks, or now."""
        span = int((self.now - begun).total_seconds()) + 300
        valid = begun + timedelta(seconds=self.chance.randrange(-300, span))
        learned = begun + timedelta(seconds=self.chance.randrange(span))
        request = service_pb.RecallMemoriesRequest(
            query="lantern", top_k=200, time_budget_milliseconds=5000, as_of_valid_time=stamp(valid)
        )
        request.as_of_learn_time.CopyFrom(stamp(learned))
        found = await self.remembering.user.RecallMemories(request)
        assert not found.partial
        assert {hit.memory.text for hit in found.hits} == self.model.recalled(self.now, valid, learned)
        current = await self.remembering.user.ListMemories(service_pb.ListMemoriesRequest(page_size=200))
        assert {memory.text for memory in current.memories} == self.model.recalled(self.now, self.now, self.now)


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


@pytest.mark.parametrize("seed", range(LIVES))
async def test_prop_what_is_true_is_what_the_model_says(remembering: Remembering, seed: int) -> None:
    life = Life(remembering, random.Random(seed), Model())
    begun = life.now
    for _ in range(STEPS):
        await life.step()
    for _ in range(QUESTIONS):
        await life.ask(begun)
    for memory_id, one in life.model.known.items():
        if not life.model.is_alive(one, life.now):
            with pytest.raises(SomaError) as gone:
                await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=memory_id))
            assert gone.value.reason is Reason.RESOURCE_NOT_FOUND
