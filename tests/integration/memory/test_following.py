"""The index of vectors follows what is stored, changed and deleted, whatever is down meanwhile."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID, uuid4

import numpy as np
import pytest

from servers.memory.embedders.builtin import BuiltInEmbedder
from servers.memory.embedders.port import EmbedderDownError, TextRefusedError
from servers.memory.vectors.erasing import STILL_HELD, IndexEraser
from servers.memory.vectors.pgvector import PgvectorIndexes
from servers.memory.vectors.port import Near, Placed, Space, Vector, VectorsDownError
from servers.memory.view.reading import Reader
from soma.common.v1 import erasure_pb2 as line_pb
from soma_common.embedding import StaticEmbedder
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.operations.erasing import told
from soma_common.operations.subjects import Subject
from tests.integration.memory.conftest import Library

pytestmark = pytest.mark.integration

READER = Reader.of(StaticEmbedder())
TEXTS = [f"Ada moved to town number {number} and likes the harbour there" for number in range(5)]


class ShelfIndex:
    """An index in memory that can be emptied and taken away."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.rows: dict[tuple[TenantId, UUID], Placed] = {}
        self.down = False
        self.life = uuid4()

    @property
    def identity(self) -> str:
        return f"shelf/{self.life}/{self.space.version}"

    def empty(self) -> None:
        self.rows.clear()
        self.life = uuid4()

    def _reached(self) -> None:
        if self.down:
            raise VectorsDownError("taken away")

    async def put(self, tenant_id: TenantId, rows: Sequence[Placed]) -> None:
        self._reached()
        self.rows |= {(tenant_id, row.memory_id): row for row in rows}

    async def remove(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> None:
        self._reached()
        for memory_id in memory_ids:
            self.rows.pop((tenant_id, memory_id), None)

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        self._reached()
        near = [
            Near(row.memory_id, float(row.vector @ vector))
            for (owner, _), row in self.rows.items()
            if owner == tenant_id and row.namespace in namespaces
        ]
        return sorted(near, key=lambda it: -it.cosine)[:limit]

    async def page(self, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Placed]:
        self._reached()
        mine = sorted((key[1], row) for key, row in self.rows.items() if key[0] == tenant_id)
        return [row for memory_id, row in mine if after is None or memory_id > after][:limit]

    async def held(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        self._reached()
        return {memory_id for memory_id in memory_ids if (tenant_id, memory_id) in self.rows}

    async def drop(self, tenant_id: TenantId) -> None:
        self._reached()
        await self.remove(tenant_id, [key[1] for key in self.rows if key[0] == tenant_id])

    async def ping(self) -> None:
        self._reached()


class ShelfIndexes:
    """One index for each space."""

    def __init__(self) -> None:
        self.made: dict[Space, ShelfIndex] = {}

    async def open(self, space: Space) -> "ShelfIndex":
        index = self.made.setdefault(space, ShelfIndex(space))
        await index.ping()
        # A view of the same rows, as two connections to one server are.
        view = ShelfIndex(space)
        view.rows, view.life = index.rows, index.life
        view._reached = index._reached  # type: ignore[method-assign]
        return view

    async def close(self) -> None:
        """Nothing to give back."""


class CountingEmbedder:
    """A remote embedder of four dimensions that counts what it is asked, and can be down or refuse words."""

    def __init__(self, version: str = "counted/1") -> None:
        self.space = Space(version, 4)
        self.asked: list[str] = []
        self.down = False

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        if self.down:
            raise EmbedderDownError("away")
        if any("poison" in text for text in texts):
            raise TextRefusedError("poison")
        self.asked += texts
        vectors = [np.asarray([len(text), text.count("a"), text.count("e"), 1], dtype=np.float32) for text in texts]
        return [vector / np.float32(np.linalg.norm(vector)) for vector in vectors]

    async def close(self) -> None:
        """Nothing to give back."""


def a_tenant() -> TenantId:
    return TenantId(uuid4())


async def test_what_is_stored_is_pending_until_the_index_has_it(library: Library) -> None:
    ada, following = a_tenant(), library.follow(PgvectorIndexes(library.database), BuiltInEmbedder(READER))
    ids = await library.remember(ada, [*TEXTS, "🙂"])
    assert await following.queue.waiting(ada, ids) == set(ids)
    assert await following.catch_up() == len(ids)
    assert await following.queue.waiting(ada, ids) == set()
    index = following.spaces.serving().reached()
    # A text that says nothing to the embedder has no vector, and waits for none.
    assert await index.held(ada, ids) == set(ids[:-1])
    asked = READER.direction(TEXTS[3])
    assert asked is not None
    near = await index.search(ada, ["shared"], asked, 1)
    assert (near[0].memory_id, round(near[0].cosine, 4)) == (ids[3], 1.0)


async def test_another_text_is_another_vector_and_a_deleted_memory_has_none(library: Library) -> None:
    shelf = ShelfIndexes()
    ada, following = a_tenant(), library.follow(shelf, BuiltInEmbedder(READER))
    ids = await library.remember(ada, TEXTS)
    await following.catch_up()
    await library.rewrite(ada, ids[0], "Bob plays the violin")
    await library.forget(ada, ids[1:3])
    assert await following.queue.waiting(ada, ids) == set(ids[:3])
    assert await following.catch_up() == 3
    index = following.spaces.serving().reached()
    assert await index.held(ada, ids) == {ids[0], *ids[3:]}
    (first, *_) = await index.page(ada, None, 10)
    assert first.vector == pytest.approx(READER.direction("Bob plays the violin"))


async def test_an_index_that_was_away_catches_up_and_holds_up_no_store(library: Library) -> None:
    shelf, ada = ShelfIndexes(), a_tenant()
    following = library.follow(shelf, BuiltInEmbedder(READER))
    await following.catch_up()
    index = shelf.made[BuiltInEmbedder(READER).space]
    index.down = True
    ids = await library.remember(ada, TEXTS)
    assert await following.follower.step() == 0
    with pytest.raises(VectorsDownError):
        await following.follower.check()
    assert await following.queue.waiting(ada, ids) == set(ids)
    index.down = False
    async with asyncio.timeout(10):
        while await following.queue.waiting(ada, ids):
            await following.follower.step()
            await following.follower.rest()
    await following.follower.check()
    assert (await following.rebuild(ada, dry_run=True)).equal


async def test_an_emptied_index_is_filled_again_by_itself(library: Library) -> None:
    shelf, ada, bob = ShelfIndexes(), a_tenant(), a_tenant()
    following = library.follow(shelf, BuiltInEmbedder(READER))
    await library.remember(ada, TEXTS)
    await library.remember(bob, TEXTS)
    await following.catch_up()
    shelf.made[BuiltInEmbedder(READER).space].empty()
    again = library.follow(shelf, BuiltInEmbedder(READER))
    await again.spaces.refresh(again.queue, 0)
    assert not again.spaces.built_in.whole
    await again.catch_up()
    assert again.spaces.built_in.whole
    assert (await again.rebuild(ada, dry_run=True)).equal
    assert (await again.rebuild(bob, dry_run=True)).equal


async def test_a_rebuild_repairs_both_ways_and_proves_it(library: Library) -> None:
    shelf, ada, eve = ShelfIndexes(), a_tenant(), a_tenant()
    following = library.follow(shelf, BuiltInEmbedder(READER))
    ids = await library.remember(ada, [f"{text} {turn}" for turn in range(60) for text in TEXTS])
    await library.remember(eve, TEXTS)
    await following.catch_up()
    rows = shelf.made[BuiltInEmbedder(READER).space].rows
    wrong = rows[ada, ids[7]]
    rows[ada, ids[7]] = Placed(wrong.memory_id, wrong.namespace, -wrong.vector)
    stray = Placed(uuid4(), "shared", wrong.vector)
    rows[ada, stray.memory_id] = stray
    rows[eve, stray.memory_id] = stray
    for memory_id in ids[200:210]:
        del rows[ada, memory_id]

    dry = await following.rebuild(ada, dry_run=True)
    assert (dry.compared, dry.missing, dry.surplus, dry.equal) == (300, 11, 1, False)
    assert (ada, stray.memory_id) in rows
    done = await following.rebuild(ada)
    assert (done.compared, done.missing, done.surplus, done.equal) == (300, 11, 1, True)
    assert (ada, stray.memory_id) not in rows
    assert rows[ada, ids[7]].vector == pytest.approx(wrong.vector)
    # Only of the caller's tenant.
    assert (eve, stray.memory_id) in rows
    assert (await following.rebuild(ada)).missing == 0


async def test_followers_share_the_work_and_a_dead_one_loses_none(library: Library) -> None:
    shelf, ada = ShelfIndexes(), a_tenant()
    one, two = (library.follow(shelf, BuiltInEmbedder(READER)) for _ in range(2))
    await one.catch_up()
    await two.catch_up()
    ids = await library.remember(ada, [f"{text} {turn}" for turn in range(100) for text in TEXTS])
    # A third leased some and died: nobody gets them before its lease is over.
    leased = await one.queue.lease("", 50, 0.5)
    assert sum(await asyncio.gather(one.catch_up(), two.catch_up())) == 450
    assert await one.queue.waiting(ada, ids) == {it.memory_id for it in leased}
    async with asyncio.timeout(10):
        while await one.queue.waiting(ada, ids):
            await one.follower.step()
            await one.follower.rest()
    assert len(shelf.made[BuiltInEmbedder(READER).space].rows) == 500


async def test_a_change_while_a_follower_is_at_work_is_not_lost(library: Library) -> None:
    shelf, ada = ShelfIndexes(), a_tenant()
    following = library.follow(shelf, BuiltInEmbedder(READER))
    (memory_id,) = await library.remember(ada, TEXTS[:1])
    leased = await following.queue.lease("", 10, 60.0)
    await library.forget(ada, [memory_id])
    # It stays with who leased it, so that nobody writes it at the same time.
    assert await following.queue.lease("", 10, 60.0) == []
    await following.queue.finish(leased, "")
    assert await following.queue.waiting(ada, [memory_id]) == {memory_id}
    assert await following.catch_up() == 1


async def test_a_chosen_embedder_serves_once_its_index_is_whole(library: Library) -> None:
    shelf, ada, model = ShelfIndexes(), a_tenant(), CountingEmbedder()
    before = library.follow(shelf, BuiltInEmbedder(READER))
    ids = await library.remember(ada, [*TEXTS, "poison for it"])
    await before.catch_up()

    model.down = True
    following = library.follow(shelf, BuiltInEmbedder(READER), model)
    await following.catch_up()
    # The built-in one serves meanwhile, also for what is stored now.
    assert following.spaces.serving() is following.spaces.built_in
    later = await library.remember(ada, ["Ada has a boat"])
    await following.catch_up()
    assert await following.spaces.serving().reached().held(ada, later) == set(later)
    assert await following.queue.waiting(ada, later) == set(later)

    model.down = False
    async with asyncio.timeout(20):
        while following.spaces.serving() is following.spaces.built_in:
            await following.follower.step()
            await following.follower.rest()
    assert following.spaces.serving().space == model.space
    assert sorted(model.asked) == sorted([*TEXTS, "Ada has a boat"])
    assert await following.spaces.serving().reached().held(ada, [*ids, *later]) == {*ids[:-1], *later}

    # Nobody asks a model twice: an index that was emptied is filled out of PostgreSQL.
    shelf.made[model.space].empty()
    again = library.follow(shelf, BuiltInEmbedder(READER), model)
    await again.catch_up()
    assert again.spaces.serving().space == model.space
    assert len(model.asked) == 6
    assert (await again.rebuild(ada)).equal


async def test_an_erasure_is_told_what_an_index_still_holds_of_memories_that_are_gone(library: Library) -> None:
    shelf = ShelfIndexes()
    ada, following = a_tenant(), library.follow(shelf, BuiltInEmbedder(READER))
    ids = await library.remember(ada, TEXTS)
    await following.catch_up()
    subject = Subject(ada, uuid4(), "ada", "erased-somebody")
    eraser = IndexEraser(following.queue, following.spaces, patience_seconds=0.1)
    index = shelf.made[BuiltInEmbedder(READER).space]
    await library.forget(ada, ids[:2])
    # A vector of a memory that nobody knows of, as a copy of an index that was restored has it.
    [vector] = await BuiltInEmbedder(READER).embed(TEXTS[:1])
    assert vector is not None
    await index.put(ada, [Placed(uuid4(), "shared", vector)])
    index.down = True
    for ask in (eraser.erase, eraser.find):
        with pytest.raises(SomaError) as away:
            await ask(subject)
        assert away.value.reason is Reason.DEPENDENCY_DOWN
    index.down = False
    await eraser.erase(subject)
    held = told("memory", eraser.store, 0, await eraser.find(subject))
    assert (held.state, held.found_count) == (line_pb.ERASURE_STATE_FAILED, 3)
    assert held.sentence == STILL_HELD.format(count=3)
    await following.catch_up()
    assert told("memory", eraser.store, 0, await eraser.find(subject)).state == line_pb.ERASURE_STATE_DONE
    assert {row.memory_id for row in index.rows.values()} == set(ids[2:])
