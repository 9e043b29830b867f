"""A consolidation that is cut anywhere, or whose steps fail: done or not done, and never a memory less."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from servers.memory.domain.standing import in_recall
from soma.memory.v1 import upkeep_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.sagas.failpoints import SagaFailpoint
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.test_consolidations import BIKE, OTHER, TEA, some
from tests.rpc.memory.upkeep_acts import consolidate, put, recallable, roll_back, rows, statement
from tests.rpc.memory.upkeep_parts import merging

LEASE_SECONDS = 0.4
FACT = "Bob bought a red bicycle in Lisbon for 300 euros."
REQUEST = "00000000-0000-4000-8000-00000000000a"
CUTS = [
    (SagaFailpoint.CLAIMED, 1),
    *((SagaFailpoint.ACTED, hit) for hit in (1, 2, 3, 4)),
    *((SagaFailpoint.RECORDED, hit) for hit in (1, 2, 3)),
    *((SagaFailpoint.MOVED, hit) for hit in (1, 2, 3, 4)),
]


class KilledError(BaseException):
    """Ends a saga's task as a kill would: nothing after it happens."""


class Cut:
    """Cuts at the n-th passing of a failpoint, once."""

    def __init__(self, point: SagaFailpoint, hit: int) -> None:
        self.point = point
        self.left = hit

    def __call__(self, here: SagaFailpoint) -> None:
        if here is self.point:
            self.left -= 1
            if self.left == 0:
                raise KilledError


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def begin_and_cut(remembering: Remembering, request: upkeep_pb2.ConsolidateRequest, cut: Cut) -> None:
    """A process that takes the saga and dies at the cut: what it held is not given back."""
    with suppress(KilledError):
        async with remembering.upkeep.running(remembering.upkeep.another(cut, LEASE_SECONDS)):
            call = asyncio.ensure_future(remembering.user.Consolidate(request))
            await eventually(lambda: cut.left <= 0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
    assert cut.left <= 0, f"it never came to {cut.point} so often"


async def test_cut_between_any_two_statements_another_process_ends_it(remembering: Remembering) -> None:
    """After each cut recall has all sources or all that stands for them; after the end it has the fact, once."""
    upkeep = remembering.upkeep
    upkeep.models.says = merging((FACT, BIKE))
    going: list[tuple[str, upkeep_pb2.ConsolidateRequest]] = []

    async def seen(namespace: str) -> set[str]:
        now, stored = remembering.clock.now(), await rows(remembering)
        return {it.text for it in stored.values() if it.namespace == namespace and in_recall(it, now)}

    for point, hit in CUTS:
        where, namespace = f"{point} {hit}", f"agent:{uuid4()}"
        await put(remembering, *some(remembering.clock.now(), *BIKE, *OTHER, namespace=namespace))
        request = upkeep_pb2.ConsolidateRequest(namespace=namespace, use_model=True, request_id=str(uuid4()))
        await begin_and_cut(remembering, request, Cut(point, hit))
        assert await seen(namespace) in ({*BIKE, *OTHER}, {FACT, *OTHER}), where
        going.append((where, request))
    async with upkeep.running(upkeep.another(lease_seconds=LEASE_SECONDS)):
        answers = await asyncio.gather(
            *(
                consolidate(remembering, use_model=True, namespace=it.namespace, request_id=it.request_id)
                for _, it in going
            )
        )
    # The model was asked once for each, however often the step was begun.
    assert len({it.request_id for it in upkeep.models.asked}) == len(CUTS)
    for (where, request), answer in zip(going, answers, strict=True):
        done = answer.consolidation
        assert done.state == upkeep_pb2.CONSOLIDATION_STATE_COMMITTED, where
        assert await seen(request.namespace) == {FACT, *OTHER}, where
        told = "select 1 from events where event_type = 'memory.consolidated' and stream = $1"
        assert len(await statement(remembering, told, f"consolidation/{done.consolidation_id}")) == 1, where
        await roll_back(remembering, done.consolidation_id)
        assert await seen(request.namespace) == {*BIKE, *OTHER}, where


async def test_a_saga_that_is_taken_back_leaves_everything_as_it_was(remembering: Remembering) -> None:
    upkeep = remembering.upkeep

    def slow(_: object) -> str:
        raise SomaError(Reason.MODEL_UNAVAILABLE, {"model": "scripted", "problem": "away"})

    upkeep.models.says = slow
    await put(remembering, *some(remembering.clock.now(), *TEA))
    before = await rows(remembering)
    idle = upkeep_pb2.ConsolidateRequest(namespace="user:ada", use_model=True, request_id=REQUEST)
    running = (await remembering.user.Consolidate(idle, timeout=0.6)).consolidation
    assert running.state == upkeep_pb2.CONSOLIDATION_STATE_RUNNING
    with pytest.raises(SomaError) as too_early:
        await roll_back(remembering, running.consolidation_id)
    assert too_early.value.reason is Reason.CONFLICT
    await upkeep.orchestrator.compensate(TENANT, UUID(running.consolidation_id))
    async with upkeep.running():
        done = (await consolidate(remembering, use_model=True, request_id=REQUEST)).consolidation
    assert done.state == upkeep_pb2.CONSOLIDATION_STATE_REFUSED
    assert done.sentence == "It could not be done; nothing was changed."
    assert await rows(remembering) == before
    assert await statement(remembering, "select 1 from consolidation_proposals") == []


async def test_proposals_that_were_tampered_with_rest_nobody(remembering: Remembering) -> None:
    """What is proposed is judged anew at the commit: a source that is foreign, or that the fact does not say, stays."""
    upkeep = remembering.upkeep
    upkeep.models.says = merging((FACT, BIKE))
    memories = some(remembering.clock.now(), *BIKE, *OTHER)
    await put(remembering, *memories)
    before = await rows(remembering)
    request = upkeep_pb2.ConsolidateRequest(namespace="user:ada", use_model=True, request_id=REQUEST)
    await begin_and_cut(remembering, request, Cut(SagaFailpoint.MOVED, 2))
    everything = [memory.memory_id for memory in memories]
    await statement(
        remembering,
        "update consolidation_proposals set text = 'Nothing was ever said.', source_ids = $1",
        everything,
    )
    async with upkeep.running(upkeep.another(lease_seconds=LEASE_SECONDS)):
        done = (await consolidate(remembering, use_model=True, request_id=REQUEST)).consolidation
    assert done.state == upkeep_pb2.CONSOLIDATION_STATE_REFUSED
    assert await rows(remembering) == before


async def test_a_quarantine_hides_a_fact_with_its_source_and_gives_back_the_same_set(remembering: Remembering) -> None:
    """Before a rollback and over it: what is hidden stays so, and then everything is as it was before all of it."""
    tea = some(remembering.clock.now(), *TEA, *OTHER)
    await put(remembering, *tea)
    before, seen = await rows(remembering), await recallable(remembering)
    async with remembering.upkeep.running():
        done = (await consolidate(remembering)).consolidation
    merged, [fact] = await recallable(remembering), map(UUID, done.fact_ids)

    async def hide() -> str:
        subject = upkeep_pb2.QuarantineSubject(memory_id=str(tea[0].memory_id))
        request = upkeep_pb2.QuarantineSourceRequest(subject=subject, reason="doubt", request_id=str(uuid4()))
        with acting_as(user("olga", roles=("operator",)), "test"):
            hidden = await remembering.user.QuarantineSource(request)
        assert set(hidden.memory_ids) == {str(fact), str(tea[0].memory_id)}
        return hidden.quarantine.quarantine_id

    async def lift(quarantine_id: str) -> None:
        request = upkeep_pb2.RestoreSourceRequest(quarantine_id=quarantine_id, request_id=str(uuid4()))
        with acting_as(user("olga", roles=("operator",)), "test"):
            await remembering.user.RestoreSource(request)

    quarantine = await hide()
    assert await recallable(remembering) == merged - {fact}
    await lift(quarantine)
    assert await recallable(remembering) == merged
    quarantine = await hide()
    await roll_back(remembering, done.consolidation_id)
    assert await recallable(remembering) == seen - {tea[0].memory_id}
    await lift(quarantine)
    assert await recallable(remembering) == seen
    after = await rows(remembering)
    assert {key: after[key] for key in before} == before
