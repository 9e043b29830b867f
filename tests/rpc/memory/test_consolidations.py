"""Consolidations through their door: fewer facts, nothing lost, and everything as it was after a rollback."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from servers.memory.domain.memory import Kind, Memory, Retired, Source
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.upkeep_acts import (
    HERE,
    consolidate,
    days,
    dump,
    memory_at,
    put,
    recallable,
    roll_back,
    rows,
    statement,
    texts,
)
from tests.rpc.memory.upkeep_parts import merging

COMMITTED = upkeep_pb2.CONSOLIDATION_STATE_COMMITTED
REFUSED = upkeep_pb2.CONSOLIDATION_STATE_REFUSED
TEA = (
    "Ada drinks green tea every morning.",
    "Every morning Ada drinks a cup of green tea.",
    "Ada drinks green tea in the morning.",
    "Ada has green tea each morning at 7.",
)
BIKE = (
    "Bob bought a red bicycle in Lisbon.",
    "The red bicycle of Bob was bought in Lisbon for 300 euros.",
    "Bob bought his red bicycle in Lisbon.",
)
OTHER = ("The boiler was replaced in March.", "Ada does not drink green tea in the morning.", "Clara plays the violin.")
SEED = 8
ROUNDS = 4
NOTHING_FOUND = "Nothing was said often enough to become a fact; nothing was changed."


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


@pytest.fixture(autouse=True)
async def running(remembering: Remembering) -> object:
    async with remembering.upkeep.running():
        yield


def some(now: datetime, *said: str, **fields: object) -> list[Memory]:
    return [memory_at(now, text, learn_time=now - days(10 + n), **fields) for n, text in enumerate(said)]


async def test_without_a_model_what_says_the_same_becomes_one_fact(remembering: Remembering) -> None:
    now = remembering.clock.now()
    tea = some(now, *TEA, tags=("tea",))
    tea[0] = memory_at(now, TEA[0], trust=0.4, source=Source.TOOL_EXTERNAL, importance=0.8, tags=("drink",))
    bike, other = some(now, *BIKE), some(now, *OTHER)
    await put(remembering, *tea, *bike, *other)
    done = (await consolidate(remembering)).consolidation
    assert (done.state, done.method, done.coverage) == (COMMITTED, "extractive", 1.0)
    assert (done.source_count, done.rested_count, done.fact_count) == (10, 7, 2)
    assert done.sentence == "7 memories became 2 facts."
    stored = await rows(remembering)
    facts = [stored[UUID(fact)] for fact in done.fact_ids]
    assert await recallable(remembering) == {it.memory_id for it in [*facts, *other]}
    about_tea = next(fact for fact in facts if "tea" in fact.text)
    assert set(about_tea.derived_from) == {it.memory_id for it in tea}
    assert (about_tea.kind, about_tea.trust, about_tea.importance) == (Kind.SEMANTIC, 0.4, 0.8)
    assert (about_tea.source, set(about_tea.tags)) == (Source.TOOL_EXTERNAL, {"tea", "drink"})
    assert "7" in about_tea.text
    assert all(stored[it.memory_id].retire_reason is Retired.CONSOLIDATED for it in tea)
    types = {row[0] for row in await statement(remembering, "select event_type from events")}
    assert {"memory.consolidated", "memory.stored", "saga.started", "saga.completed"} <= types
    assert await statement(remembering, "select 1 from consolidation_proposals") == []
    got = await remembering.user.GetConsolidation(
        upkeep_pb2.GetConsolidationRequest(consolidation_id=done.consolidation_id)
    )
    assert got.consolidation == done


async def test_a_dry_run_says_what_would_be_and_changes_nothing(remembering: Remembering) -> None:
    await put(remembering, *some(remembering.clock.now(), *OTHER))
    nothing = (await consolidate(remembering, dry_run=True)).consolidation
    assert (nothing.state, nothing.sentence) == (REFUSED, NOTHING_FOUND)
    await put(remembering, *some(remembering.clock.now(), *TEA))
    before = await dump(remembering)
    would = await consolidate(remembering, dry_run=True)
    assert await dump(remembering) == before
    assert would.consolidation.state == upkeep_pb2.CONSOLIDATION_STATE_PROPOSED
    assert would.consolidation.sentence == "This was a dry run; nothing was changed."
    assert would.consolidation.consolidation_id == ""
    assert (would.consolidation.rested_count, len(would.proposals)) == (4, 1)
    done = (await consolidate(remembering)).consolidation
    fact = (await rows(remembering))[UUID(done.fact_ids[0])]
    assert list(would.proposals) == [fact.text]


async def test_a_model_makes_facts_and_is_paid_from_the_budget(remembering: Remembering) -> None:
    now, models = remembering.clock.now(), remembering.upkeep.models
    fact = "Bob bought a red bicycle in Lisbon for 300 euros."
    models.says = merging((fact, BIKE))
    await put(remembering, *some(now, *BIKE, *OTHER))
    request_id = str(uuid4())
    done = (await consolidate(remembering, use_model=True, request_id=request_id, token_budget=5000)).consolidation
    assert (done.state, done.method, done.used_tokens) == (COMMITTED, "model:scripted", 750)
    made = (await rows(remembering))[UUID(done.fact_ids[0])]
    assert (made.text, made.source) == (fact, Source.MODEL_INFERRED)
    assert made.trust == 0.5
    assert await texts(remembering) == {fact, *OTHER}
    [asked] = models.asked
    assert asked.max_output_tokens <= 5000
    again = (await consolidate(remembering, use_model=True, request_id=request_id, token_budget=5000)).consolidation
    assert again == done
    assert len(models.asked) == 1


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ("I am sorry, but I cannot help with that.", "was not the JSON that it was asked for"),
        ('{"facts": [{"text": "Bob bought a red bicyc', "was not the JSON that it was asked for"),
        (
            '{"facts": [{"text": "Bob bought a red bicycle.", "sources": [1, 99]}]}',
            "named a source that it was not given",
        ),
        ('{"facts": [{"text": "Bob bought a yacht in Monaco.", "sources": [1, 2]}]}', "its sources do not say"),
        ("x" * 3_000_000, "was longer than 64 KiB"),
    ],
)
async def test_what_a_model_says_badly_changes_nothing(remembering: Remembering, says: str, sentence: str) -> None:
    remembering.upkeep.models.says = lambda _: says
    await put(remembering, *some(remembering.clock.now(), *BIKE, *OTHER))
    before = await rows(remembering)
    done = (await consolidate(remembering, use_model=True)).consolidation
    assert done.state == REFUSED
    assert sentence in done.sentence
    assert done.sentence.endswith("nothing was changed.")
    assert await rows(remembering) == before
    assert await statement(remembering, "select 1 from consolidation_proposals") == []


@pytest.mark.parametrize(
    "problem",
    [
        SomaError(Reason.MODEL_TIMEOUT, {"model": "scripted", "timeout_seconds": "60"}),
        SomaError(Reason.MODEL_CONTENT_FILTERED, {"model": "scripted"}),
        SomaError(
            Reason.BUDGET_EXHAUSTED, dict.fromkeys(("period", "scope", "used", "limit", "unit", "resets_at"), "1")
        ),
        RuntimeError("a defect"),
    ],
)
async def test_a_model_that_fails_changes_nothing(remembering: Remembering, problem: Exception) -> None:
    def fails(_: object) -> str:
        raise problem

    remembering.upkeep.models.says = fails
    await put(remembering, *some(remembering.clock.now(), *BIKE))
    before = await rows(remembering)
    done = (await consolidate(remembering, use_model=True)).consolidation
    assert done.state == REFUSED
    assert done.sentence.startswith("No model answered (")
    assert await rows(remembering) == before


async def test_an_answer_that_broke_off_is_not_taken(remembering: Remembering) -> None:
    models = remembering.upkeep.models
    models.says, models.finish_reason = merging(("Bob bought a red bicycle in Lisbon for 300 euros.", BIKE)), "length"
    await put(remembering, *some(remembering.clock.now(), *BIKE))
    assert (await consolidate(remembering, use_model=True)).consolidation.state == REFUSED


async def test_what_is_bound_ends_or_is_anothers_is_no_source(remembering: Remembering) -> None:
    now = remembering.clock.now()
    bound = [
        memory_at(now, TEA[0], pinned=True),
        memory_at(now, TEA[1], hidden_by=1),
        memory_at(now, TEA[2], coordinate="tea"),
        memory_at(now, TEA[3], predicate="drinks"),
        memory_at(now, TEA[0], expire_time=now + days(3)),
        memory_at(now, TEA[1], kind=Kind.SEMANTIC),
        memory_at(now, TEA[2], payload='{"cups": 2}'),
    ]
    several = [memory_at(now, text, owner_sub=f"person{n}") for n, text in enumerate(BIKE)]
    await put(remembering, *bound, *several)
    before = await rows(remembering)
    done = (await consolidate(remembering)).consolidation
    assert (done.state, done.source_count) == (REFUSED, 3)
    assert done.sentence == NOTHING_FOUND
    assert await rows(remembering) == before


async def test_a_source_that_is_deleted_meanwhile_is_in_no_fact(remembering: Remembering) -> None:
    now, models = remembering.clock.now(), remembering.upkeep.models
    tea, bike = some(now, *TEA), some(now, *BIKE)
    await put(remembering, *tea, *bike)
    fact = "Bob bought a red bicycle in Lisbon for 300 euros."
    models.says = merging(("Ada drinks green tea every morning at 7.", TEA), (fact, BIKE))
    models.pause = asyncio.Event()
    running = asyncio.create_task(consolidate(remembering, use_model=True))
    await eventually(lambda: models.asked)
    await statement(remembering, "delete from memories where memory_id = $1", tea[0].memory_id)
    models.pause.set()
    assert (await running).consolidation.rested_count == 3
    assert await texts(remembering) == {*TEA[1:], fact}


async def test_two_at_once_one_runs_and_the_other_is_refused(remembering: Remembering) -> None:
    await put(remembering, *some(remembering.clock.now(), *TEA))
    models = remembering.upkeep.models
    models.pause, models.says = asyncio.Event(), merging(("Ada drinks green tea every morning at 7.", TEA))
    first = asyncio.create_task(consolidate(remembering, use_model=True))
    await eventually(lambda: models.asked)
    for call in (consolidate(remembering, use_model=True), consolidate(remembering)):
        with pytest.raises(SomaError) as second:
            await call
        assert second.value.reason is Reason.CONFLICT
    models.pause.set()
    assert (await first).consolidation.state == COMMITTED
    facts = [memory for memory in (await rows(remembering)).values() if memory.kind is Kind.SEMANTIC]
    assert len(facts) == 1


async def test_others_may_neither_see_nor_undo_it(remembering: Remembering) -> None:
    await put(remembering, *some(remembering.clock.now(), *TEA))
    done = (await consolidate(remembering)).consolidation
    get = upkeep_pb2.GetConsolidationRequest(consolidation_id=done.consolidation_id)
    for stranger in (user("bob"), user("eve", OTHER_TENANT, ("admin",))):
        with acting_as(stranger, "test"):
            for call in (remembering.user.GetConsolidation(get), roll_back(remembering, done.consolidation_id)):
                with pytest.raises(SomaError) as refused:
                    await call
                assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
            listed = await remembering.user.ListConsolidations(upkeep_pb2.ListConsolidationsRequest())
            assert list(listed.consolidations) == []
    with acting_as(user("bob"), "test"), pytest.raises(SomaError) as foreign:
        await consolidate(remembering, namespace=HERE)
    assert foreign.value.reason is Reason.RESOURCE_NOT_FOUND
    agent = f"agent:{uuid4()}"
    with acting_as(service_caller("cognitive", TENANT), "test"):
        assert (await consolidate(remembering, namespace=agent)).consolidation.state == REFUSED


async def test_they_are_listed_the_newest_first_page_by_page(remembering: Remembering) -> None:
    ids = []
    for _ in range(3):
        ids.append((await consolidate(remembering)).consolidation.consolidation_id)
        remembering.clock.advance(1)
    seen, token = [], ""
    while True:
        page = await remembering.user.ListConsolidations(
            upkeep_pb2.ListConsolidationsRequest(namespace=HERE, page_size=2, page_token=token)
        )
        seen += [it.consolidation_id for it in page.consolidations]
        token = page.next_page_token
        if not token:
            break
    assert seen == ids[::-1]
    with pytest.raises(SomaError):
        await remembering.user.ListConsolidations(upkeep_pb2.ListConsolidationsRequest(page_token="nonsense"))


async def test_after_thirty_days_it_stays_and_the_sources_go(remembering: Remembering) -> None:
    now = remembering.clock.now()
    conversation = uuid4()
    await put(remembering, *some(now, *TEA, conversation_id=conversation), memory_at(now, OTHER[0]))
    done = (await consolidate(remembering)).consolidation
    remembering.clock.advance(days(31).total_seconds())
    with pytest.raises(SomaError) as late:
        await roll_back(remembering, done.consolidation_id)
    assert late.value.reason is Reason.RESOURCE_NOT_FOUND
    before = await recallable(remembering)
    await remembering.upkeep.nightly.look_after(TENANT, sweeps=False)
    assert await recallable(remembering) == before == set(await rows(remembering))
    # What it was learned from is still known of the fact.
    forget = service_pb.DeleteBySourceRequest(conversation_id=str(conversation), request_id=str(uuid4()))
    await remembering.user.DeleteBySource(forget)
    assert await texts(remembering) == {OTHER[0]}


async def forgotten_together(remembering: Remembering) -> list[str]:
    """The memories that were told to be forgotten, all by one transaction."""
    told = await statement(
        remembering,
        "select stream, xmin::text from events where event_type = 'memory.forgotten' order by stream",
    )
    assert len({row["xmin"] for row in told}) == 1, "told by several transactions"
    assert await statement(remembering, "select 1 from lost_memories") == []
    return [row["stream"].removeprefix("memory/") for row in told]


@pytest.mark.parametrize("way", ["its source is forgotten", "it expired"])
async def test_a_fact_that_goes_with_a_source_is_told_of_by_whoever_deletes_that(
    remembering: Remembering, way: str
) -> None:
    conversation = uuid4()
    tea = some(remembering.clock.now(), *TEA)
    await put(remembering, replace(tea[0], conversation_id=conversation), *tea[1:])
    done = (await consolidate(remembering)).consolidation
    [fact] = (it for it in (await rows(remembering)).values() if it.kind is Kind.SEMANTIC)
    if way == "it expired":
        set_end = "update memories set expire_time = learn_time where memory_id = $1"
        await statement(remembering, set_end, tea[0].memory_id)
        await remembering.upkeep.nightly.look_after(TENANT, sweeps=False)
    else:
        # Nobody else told the fact of this source: it goes with the source, and not as told by it.
        await statement(remembering, "delete from memory_sources where memory_id = $1", fact.memory_id)
        await statement(remembering, "update memories set conversation_id = null where memory_id = $1", fact.memory_id)
        forget = service_pb.DeleteBySourceRequest(conversation_id=str(conversation), request_id=str(uuid4()))
        await remembering.user.DeleteBySource(forget)
    assert done.fact_count == 1
    assert await forgotten_together(remembering) == sorted([str(tea[0].memory_id), str(fact.memory_id)])
    assert await texts(remembering) == {*TEA[1:]}


async def test_a_fact_goes_with_a_source_that_is_deleted_and_the_others_come_back(remembering: Remembering) -> None:
    now = remembering.clock.now()
    tea, bike = some(now, *TEA), some(now, *BIKE)
    await put(remembering, *tea, *bike)
    done = (await consolidate(remembering)).consolidation
    assert done.fact_count == 2
    await remembering.user.DeleteMemory(
        service_pb.DeleteMemoryRequest(memory_id=str(tea[3].memory_id), request_id=str(uuid4()))
    )
    found = await texts(remembering)
    assert {*TEA[:3]} <= found
    assert not any("7" in text for text in found)
    assert len(found) == 4
    gone = await forgotten_together(remembering)
    assert len(gone) == 2
    assert str(tea[3].memory_id) in gone
    await roll_back(remembering, done.consolidation_id)
    assert await texts(remembering) == {*TEA[:3], *BIKE}


async def test_rollback_gives_the_identical_recall_set(remembering: Remembering) -> None:
    """Whatever was stored, deleted, hidden or replaced meanwhile: that stands, and nothing else differs."""
    chance = random.Random(SEED)
    for number in range(ROUNDS):
        now = remembering.clock.now()
        given = [
            memory_at(now, f"{text} Note {number}.", learn_time=now - days(n + 1), pinned=chance.random() < 0.1)
            for n, text in enumerate((*TEA, *BIKE, *OTHER))
            if chance.random() < 0.9
        ]
        await put(remembering, *given)
        before, seen = await rows(remembering), await recallable(remembering)
        done = (await consolidate(remembering)).consolidation
        resting = [
            key for key, it in (await rows(remembering)).items() if it.retire_time and not before[key].retire_time
        ]
        late = memory_at(now, f"Said later {number}.")
        same = memory_at(now, before[chance.choice(sorted(seen))].text)
        await put(remembering, late, same)
        hidden = chance.choice(sorted(seen))
        await statement(remembering, "update memories set hidden_by = 1 where memory_id = $1", hidden)
        deleted = {chance.choice(resting)} if resting and chance.random() < 0.5 else set()
        await statement(remembering, "delete from memories where memory_id = any($1)", list(deleted))
        resting = [
            key
            for key, it in (await rows(remembering)).items()
            if it.retire_reason is Retired.CONSOLIDATED and key in seen
        ]
        corrected = {chance.choice(resting)} if resting else set()
        await statement(
            remembering,
            "update memories set retire_reason = 4, valid_to = learn_time where memory_id = any($1)",
            list(corrected),
        )
        if done.state == COMMITTED:
            await roll_back(remembering, done.consolidation_id)
        wanted = (seen | {late.memory_id, same.memory_id}) - deleted - corrected - {hidden}
        assert await recallable(remembering) == wanted, (SEED, number)
        after = await rows(remembering)
        for key in wanted & before.keys():
            assert after[key] == before[key], (SEED, number)
        assert await statement(remembering, "select 1 from consolidations where state = 1") == []
        remembering.clock.set(datetime(2026, 2, 1 + number, tzinfo=UTC))
