"""What a sleep cycle does to memories and to the load, and what it says of it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from servers.memory.domain.memory import Kind, Retired
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.rpc import RpcHarness
from tests.integration.cycles.conftest import BIKE, OTHER, TEA, Dreaming
from tests.rpc.cognitive.cycle_parts import cycles_on
from tests.rpc.memory.upkeep_acts import rows, statement
from tests.rpc.memory.upkeep_parts import merging

RUNNING, COMPLETED = sleep_pb.SLEEP_CYCLE_STATE_RUNNING, sleep_pb.SLEEP_CYCLE_STATE_COMPLETED
CANCELLED, FAILED = sleep_pb.SLEEP_CYCLE_STATE_CANCELLED, sleep_pb.SLEEP_CYCLE_STATE_FAILED


@pytest.fixture(autouse=True)
def as_olga() -> Iterator[None]:
    with acting_as(user("olga", roles=("operator",)), "test"):
        yield


async def test_a_cycle_by_rules_says_what_it_did(dreaming: Dreaming) -> None:
    agent, home = uuid4(), "user:ada"
    own = f"agent:{agent}"
    now = dreaming.remembering.clock.now()
    await dreaming.statement(
        "insert into agent_namespaces values ($1, $2, $3, $4)", TENANT, agent, home, dreaming.clock.now()
    )
    tea = await dreaming.remember(home, TEA)
    await dreaming.remember(own, [*BIKE, *OTHER])
    old = await dreaming.remember(own, ["Nobody ever asked for this."], learn_time=now - timedelta(days=300))
    await dreaming.remember("user:bob", BIKE)
    async with dreaming.running():
        done = await dreaming.run(agent)
    assert done.state == COMPLETED, done
    assert (done.replayed_count, done.group_count, done.fact_count, done.swept_count) == (11, 2, 2, 1)
    assert (done.coverage, done.used_tokens, done.cause, done.step) == (1.0, 0, "by hand", "relieve")
    assert len(done.consolidation_ids) == 2
    facts = [*await dreaming.stored(home, Kind.SEMANTIC), *await dreaming.stored(own, Kind.SEMANTIC)]
    assert {it.derived_from[0] in {memory.memory_id for memory in tea} for it in facts} == {True, False}
    assert await dreaming.stored("user:bob", Kind.SEMANTIC) == []
    assert (await rows(dreaming.remembering))[old[0].memory_id].retire_reason is Retired.SWEPT
    guesses = [*await dreaming.stored(home, Kind.HYPOTHESIS), *await dreaming.stored(own, Kind.HYPOTHESIS)]
    assert done.hypothesis_count == len(guesses) >= 1
    guessed = "1 hypothesis was" if len(guesses) == 1 else "2 hypotheses were"
    assert list(done.sentences) == [
        "11 memories were replayed, in 2 groups.",
        "2 facts came of 2 groups.",
        f"{guessed} made of pairs of memories.",
        "1 memory that had faded was swept.",
        "The load went from 0.00 to 0.00.",
    ]
    load = await dreaming.load(agent)
    assert load.last_nrem_time == load.last_rem_time == load.relief_time == dreaming.clock.now()
    assert await dreaming.told(done.cycle_id) == ["cognitive.cycle.ended"]
    assert dreaming.remembering.upkeep.models.asked == []
    assert await dreaming.statement("select 1 from sleep_cycle_groups") == []


async def test_a_hypothesis_is_found_only_by_its_kind_and_goes_with_its_sources(dreaming: Dreaming) -> None:
    agent = uuid4()
    own = f"agent:{agent}"
    await dreaming.remember(own, OTHER, trust=0.1)
    await dreaming.remember(own, ["Rain fell.", "Snow melted."])
    async with dreaming.running():
        done = await dreaming.run(agent, nrem=False)
    [guess] = await dreaming.stored(own, Kind.HYPOTHESIS)
    sources = [(await rows(dreaming.remembering))[key] for key in guess.derived_from]
    assert done.hypothesis_count == 1
    assert guess.trust == min(it.trust for it in sources) == pytest.approx(0.1)
    assert "may belong together through" in guess.text

    async def found(*kinds: memory_pb.MemoryKind.ValueType) -> list[str]:
        asked = service_pb.RecallMemoriesRequest(query=guess.text, namespaces=[own], top_k=50, kinds=kinds)
        hits = (await dreaming.remembering.user.RecallMemories(asked)).hits
        listed = service_pb.ListMemoriesRequest(namespaces=[own], kinds=kinds)
        names = [it.memory_id for it in (await dreaming.remembering.user.ListMemories(listed)).memories]
        assert (str(guess.memory_id) in names) == (str(guess.memory_id) in {it.memory.memory_id for it in hits})
        return names

    key = str(guess.memory_id)
    assert key not in await found()
    assert key not in await found(memory_pb.MEMORY_KIND_EPISODIC, memory_pb.MEMORY_KIND_SEMANTIC)
    assert await found(memory_pb.MEMORY_KIND_HYPOTHESIS) == [key]
    subject = upkeep_pb.QuarantineSubject(memory_id=str(guess.derived_from[0]))
    hidden = upkeep_pb.QuarantineSourceRequest(subject=subject, reason="doubt", request_id=str(uuid4()))
    quarantine = (await dreaming.remembering.user.QuarantineSource(hidden)).quarantine.quarantine_id
    # An operator lists what is hidden only with what is retired.
    assert await dreaming.stored(own, Kind.HYPOTHESIS) == []
    lifted = upkeep_pb.RestoreSourceRequest(quarantine_id=quarantine, request_id=str(uuid4()))
    await dreaming.remembering.user.RestoreSource(lifted)
    assert await found(memory_pb.MEMORY_KIND_HYPOTHESIS) == [key]
    gone = service_pb.DeleteMemoryRequest(memory_id=str(guess.derived_from[1]), request_id=str(uuid4()))
    await dreaming.remembering.user.DeleteMemory(gone)
    assert await dreaming.stored(own, Kind.HYPOTHESIS, live=False) == []


async def test_what_somebody_says_is_kept_beside_the_same_words_of_a_guess(dreaming: Dreaming) -> None:
    said = service_pb.StoreMemoryRequest(
        namespace="shared", text="Perhaps Clara repairs boilers.", kind=memory_pb.MEMORY_KIND_HYPOTHESIS, trust=0.9,
        request_id=str(uuid4()),
    )  # fmt: skip
    guess = (await dreaming.remembering.user.StoreMemory(said)).memory
    assert guess.trust == pytest.approx(0.2)
    fact = service_pb.StoreMemoryRequest(namespace="shared", text=said.text, request_id=str(uuid4()))
    answer = await dreaming.remembering.user.StoreMemory(fact)
    assert (answer.duplicate, answer.memory.kind) == (False, memory_pb.MEMORY_KIND_EPISODIC)


async def test_a_model_is_asked_within_the_budget_and_what_one_group_leaves_goes_to_the_next(
    dreaming: Dreaming,
) -> None:
    agent = uuid4()
    own = f"agent:{agent}"
    dreaming.remembering.upkeep.models.says = lambda request: (
        merging(("Bob bought a red bicycle in Lisbon for 300 euros.", BIKE))(request)
        if BIKE[0] in request.prompt
        else '{"facts": []}'
    )
    await dreaming.remember(own, BIKE, importance=0.9)
    await dreaming.remember(own, [f"Note {number} is about nothing at all." for number in range(29)])
    async with dreaming.running():
        done = await dreaming.run(agent, token_budget=4000, rem=False)
    asked = dreaming.remembering.upkeep.models.asked
    assert (done.state, done.group_count, done.fact_count, done.hypothesis_count) == (COMPLETED, 2, 1, 0)
    assert (len(asked), done.used_tokens) == (2, 1500)
    assert "Nothing was recombined, as that was not wanted." in done.sentences
    # 2000 for the first; it used 750, so that 3250 are left for the last.
    assert asked[0].max_output_tokens < 2000 < asked[1].max_output_tokens
    load = await dreaming.load(agent)
    assert (load.last_nrem_time, load.last_rem_time) == (dreaming.clock.now(), None)


async def test_without_a_model_rules_do_it_and_the_report_says_so(dreaming: Dreaming) -> None:
    agent = uuid4()

    def away(_: model_pb.GenerateTextRequest) -> str:
        raise SomaError(Reason.MODEL_UNAVAILABLE, {"model": "scripted", "problem": "away"})

    dreaming.remembering.upkeep.models.says = away
    await dreaming.remember(f"agent:{agent}", TEA, importance=0.9)
    await dreaming.remember(f"agent:{agent}", [uuid4().hex for _ in range(20)])
    async with dreaming.running():
        done = await dreaming.run(agent, token_budget=8000)
    assert (done.state, done.fact_count, done.used_tokens) == (COMPLETED, 1, 0)
    assert "1 fact came of 2 groups. No model answered, so rules made them." in done.sentences
    # The second group asked nobody.
    assert len({it.request_id for it in dreaming.remembering.upkeep.models.asked}) == 1


async def test_what_was_replayed_is_replayed_again_only_after_a_week(dreaming: Dreaming) -> None:
    agent = uuid4()
    await dreaming.remember(f"agent:{agent}", OTHER)
    async with dreaming.running():
        first = await dreaming.run(agent, rem=False)
        again = await dreaming.run(agent, rem=False)
        dreaming.remembering.clock.advance(8 * 86400)
        later = await dreaming.run(agent, rem=False)
    assert [it.replayed_count for it in (first, again, later)] == [3, 0, 3]


async def test_two_starts_at_once_give_one_cycle(dreaming: Dreaming) -> None:
    agent = uuid4()
    await dreaming.remember(f"agent:{agent}", TEA)
    begun = await asyncio.gather(*(dreaming.run(agent, async_mode=True) for _ in range(4)))
    assert len({it.cycle_id for it in begun}) == 1
    assert {it.state for it in begun} == {RUNNING}
    started = await dreaming.cycles.start_by_load(TENANT, agent)
    assert str(started) == begun[0].cycle_id
    status = await dreaming.user.GetSleepStatus(sleep_pb.GetSleepStatusRequest(agent_id=str(agent)))
    assert status.status.current_cycle.cycle_id == begun[0].cycle_id
    async with dreaming.running():
        assert (await dreaming.run(agent)).cycle_id == begun[0].cycle_id
        other = await dreaming.run(agent)
    assert other.cycle_id != begun[0].cycle_id
    status = await dreaming.user.GetSleepStatus(sleep_pb.GetSleepStatusRequest(agent_id=str(agent)))
    assert not status.status.HasField("current_cycle")


async def test_cycles_are_listed_newest_first_in_pages(dreaming: Dreaming) -> None:
    agent = uuid4()
    ids = []
    async with dreaming.running():
        for _ in range(3):
            ids.append((await dreaming.run(agent, nrem=False, rem=False)).cycle_id)
            dreaming.clock.advance(60)
    listed: list[str] = []
    token = ""
    while True:
        request = sleep_pb.ListSleepCyclesRequest(agent_id=str(agent), page_size=2, page_token=token)
        page = await dreaming.user.ListSleepCycles(request)
        listed += [it.cycle_id for it in page.cycles]
        token = page.next_page_token
        if not token:
            break
    assert listed == ids[::-1]
    wrong = sleep_pb.ListSleepCyclesRequest(agent_id=str(uuid4()), page_token="rubbish")
    with pytest.raises(SomaError) as refused:
        await dreaming.user.ListSleepCycles(wrong)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_cycle_without_anything_to_do_is_over_at_once(dreaming: Dreaming) -> None:
    async with dreaming.running():
        done = await dreaming.run(uuid4())
    assert (done.state, done.replayed_count, done.coverage) == (COMPLETED, 0, 1.0)
    assert done.sentences[0].startswith("No memory was replayed: no turn of this agent kept any yet")


async def test_a_cycle_of_another_tenant_is_not_there(dreaming: Dreaming) -> None:
    mine = await dreaming.run(uuid4(), async_mode=True)
    with acting_as(user("eve", OTHER_TENANT, ("operator",)), "test"):
        with pytest.raises(SomaError) as unseen:
            await dreaming.cancel(mine.cycle_id)
        assert unseen.value.reason is Reason.RESOURCE_NOT_FOUND
        listed = await dreaming.user.ListSleepCycles(sleep_pb.ListSleepCyclesRequest(agent_id=mine.agent_id))
    assert list(listed.cycles) == []


async def test_when_the_time_is_over_the_rest_is_left_and_said(dreaming: Dreaming) -> None:
    """While the model thinks about the first group: that one is stopped, and what follows does not begin."""
    agent, models = uuid4(), dreaming.remembering.upkeep.models
    models.pause = asyncio.Event()
    before = await dreaming.remember(f"agent:{agent}", [*TEA, *OTHER])
    async with dreaming.running():
        begun = await dreaming.run(agent, async_mode=True, token_budget=5000, max_seconds=3)
        await eventually(lambda: bool(models.asked))
        dreaming.clock.advance(4)
        done = await dreaming.run(agent)
    assert (done.cycle_id, done.state, done.group_count) == (begun.cycle_id, COMPLETED, 0)
    assert "0 facts came of 0 groups. The time was over: 1 group was left as it is." in done.sentences
    assert "The time was over: nothing was recombined." in done.sentences
    assert "The time was over: nothing was swept." in done.sentences
    assert {it.memory_id for it in await dreaming.stored(f"agent:{agent}", Kind.EPISODIC)} == {
        it.memory_id for it in before
    }
    models.pause.set()


async def test_with_memory_away_it_tries_again_and_then_fails_with_a_sentence(
    dreaming: Dreaming, rpc: RpcHarness
) -> None:
    agent = uuid4()
    gone = await rpc.serve("memory")
    await gone.server.drain(0)
    nobody = rpc.channel(gone, service="cognitive", timeout_seconds=0.5)
    _, sagas = cycles_on(dreaming.database, dreaming.sleeps, nobody.stub(MemoryServiceStub), dreaming.clock)
    async with dreaming.running(sagas):
        done = await dreaming.run(agent)
    assert (done.state, done.step, done.replayed_count) == (FAILED, "replay", 0)
    assert done.sentences[0].startswith("It failed in the step replay, because it was tried in vain (")
    assert await dreaming.told(done.cycle_id) == ["cognitive.cycle.ended"]
    assert (await dreaming.load(agent)).relief == 0
    async with dreaming.running():
        assert (await dreaming.run(agent)).state == COMPLETED


async def test_stopped_while_a_model_thinks_the_group_comes_to_nothing(dreaming: Dreaming) -> None:
    """Memory knows of the group and has not answered yet: it is stopped there too, and replayed again next time."""
    agent, models = uuid4(), dreaming.remembering.upkeep.models
    models.pause = asyncio.Event()
    models.says = merging(("Bob bought a red bicycle in Lisbon for 300 euros.", BIKE))
    before = await dreaming.remember(f"agent:{agent}", BIKE)
    async with dreaming.running():
        begun = await dreaming.run(agent, async_mode=True, token_budget=5000)
        await eventually(lambda: bool(models.asked))
        stopped = await dreaming.cancel(begun.cycle_id)
        assert (stopped.state, stopped.fact_count, stopped.group_count) == (CANCELLED, 0, 0), stopped
        assert list(stopped.sentences)[1:] == [
            "It was stopped in the step consolidate.",
            "0 groups that were over stay consolidated; the one on its way was undone.",
        ]
        models.pause.set()
        states = "select state from consolidations"
        assert [row[0] for row in await statement(dreaming.remembering, states)] == [3]
        assert {it.memory_id for it in await dreaming.stored(f"agent:{agent}", Kind.EPISODIC)} == {
            it.memory_id for it in before
        }
        assert (await dreaming.cancel(begun.cycle_id)).state == CANCELLED
        again = await dreaming.run(agent, token_budget=5000)
    assert (again.state, again.replayed_count, again.fact_count) == (COMPLETED, 3, 1)
