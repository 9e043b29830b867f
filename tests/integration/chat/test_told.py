"""Each method that changes something in chat, governor, memory or cognitive, called on real servers, has its events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1.act_service_pb2_grpc import ActServiceStub
from soma.cognitive.v1.adaptation_service_pb2_grpc import AdaptationServiceStub
from soma.cognitive.v1.sleep_service_pb2_grpc import SleepServiceStub
from soma.cognitive.v1.thread_service_pb2_grpc import ThreadServiceStub
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.memory.v1 import erasure_pb2 as erasure_pb
from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.control_house import control_of
from tests.integration.chat.person import Person, said
from tests.integration.chat.stack import HTTP, ChatStack
from tests.integration.chat.test_approvals import asked as asked_for_consent
from tests.integration.chat.test_tool_rounds import asks, evaluate
from tests.integration.chat.tree import edit, follow, regeneration
from tests.support.told import TOLD

OWN: Final = tuple(f"/soma.{house}.v1." for house in HTTP)


class Watched:
    """An admin whose every call is watched for the events it leads to, in all houses."""

    def __init__(self, stack: ChatStack, boss: Person, model: ScriptedUpstream) -> None:
        self.stack = stack
        self._model = model
        self.boss = boss
        self.agents: Any = boss.stub("chat", AgentServiceStub)
        self.conversations: Any = boss.stub("chat", ConversationServiceStub)
        self.models: Any = boss.stub("chat", ModelServiceStub)
        self.seen: set[str] = set()

    def enqueue(self, *scripts: Script) -> None:
        """What the model says next."""
        self._model.enqueue(*scripts)

    async def events(self) -> Counter[str]:
        """How many events of each type the tenant has."""
        found: Counter[str] = Counter()
        for house in HTTP:
            connection = await asyncpg.connect(self.stack.databases[house].owner_dsn)
            try:
                query = "select event_type, count(*) as amount from events where tenant_id = $1 group by event_type"
                found.update({row[0]: row[1] for row in await connection.fetch(query, self.boss.tenant)})
            finally:
                await connection.close()
        return found

    async def leads_to(self, methods: tuple[str, ...], call: Callable[[], Awaitable[Any]]) -> Any:
        """Calls, and waits for the events of these methods."""
        before = await self.events()
        answer = await call()
        wanted = Counter(event for method in methods for event in set(TOLD[method]))

        async def told() -> bool:
            new = await self.events() - before
            assert wanted.keys() <= new.keys(), f"{methods} told only {sorted(new)}"
            return True

        assert await eventually(told, within_seconds=30)
        self.seen.update(methods)
        return answer

    async def ask(self, method: str, stub: Any, request: Any) -> Any:
        """One plain call."""
        name = method.rpartition("/")[2]
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = str(uuid4())

        async def call() -> Any:
            with self.boss.acting():
                return await getattr(stub, name)(request)

        return await self.leads_to((method,), call)

    async def talk(self) -> str:
        """A turn from its beginning to what others make of it, then one that is stopped."""
        turn = "/soma.chat.v1.TurnService/SendMessage"
        after = ("/soma.governor.v1.GovernorService/SettleTurn", "/soma.cognitive.v1.ModulationService/ObserveTurn")
        learned = "/soma.memory.v1.MemoryService/StoreMemory"
        told = await self.leads_to((turn, *after, learned), lambda: self.boss.say("My dog is called Rufus."))

        async def stop() -> None:
            self._model.enqueue(Script(chunks=400, gap_seconds=0.05))
            async for event in self.boss.stream(said("tell me a lot")):
                if event.HasField("started"):
                    await self.boss.cancel(event.turn_id)

        await self.leads_to(("/soma.chat.v1.TurnService/CancelTurn",), stop)
        return str(told.started.conversation_id)


@pytest.fixture
async def watched(stack: ChatStack, tenant: TenantId, model: ScriptedUpstream) -> AsyncIterator[Watched]:
    async with Person(stack, "boss", tenant, "admin") as boss:
        yield Watched(stack, boss, model)


async def test_every_change_is_told(watched: Watched, control: HouseDatabase) -> None:
    await resources(watched)
    await memories(watched)
    await minds_and_money(watched, watched.boss)
    await feedback(watched)
    await models(watched)
    await branches(watched)
    await tools(watched)
    await threads(watched)
    await acts(watched)
    await erasures(watched, control)
    assert watched.seen == {method for method in TOLD if method.startswith(OWN)}


async def test_a_turn_that_is_refused_at_the_door_is_told_once(watched: Watched) -> None:
    first = await watched.boss.say("hello")
    closed = conversation_pb.Conversation(
        conversation_id=first.started.conversation_id, status=conversation_pb.CONVERSATION_STATUS_ARCHIVED
    )
    change = conversation_pb.UpdateConversationRequest(conversation=closed, update_mask=FieldMask(paths=["status"]))
    await watched.ask("/soma.chat.v1.ConversationService/UpdateConversation", watched.conversations, change)
    late = said("and now?", conversation_id=first.started.conversation_id)
    for _ in range(2):
        with pytest.raises(SomaError) as refused:
            await watched.boss.send(late)
        assert refused.value.reason is Reason.CONVERSATION_CLOSED
    assert (await watched.events())["turn.failed"] == 1


async def branches(watched: Watched) -> None:
    house, turns = "/soma.chat.v1.TurnService/", watched.boss.turns
    told = await watched.boss.say("hello")
    again = regeneration(told.started.assistant_message_id)
    await watched.leads_to((f"{house}RegenerateMessage",), lambda: follow(watched.boss, turns.RegenerateMessage, again))
    other = edit(told.started.user_message_id, "good day")
    await watched.leads_to((f"{house}EditMessage",), lambda: follow(watched.boss, turns.EditMessage, other))
    rating = turn_pb.RateTurnRequest(turn_id=told.turn_id, rating=message_pb.RATING_GOOD)
    await watched.ask(f"{house}RateTurn", turns, rating)


async def test_a_message_that_waits_is_told_before_it_starts(watched: Watched, model: ScriptedUpstream) -> None:
    model.enqueue(Script(chunks=400, gap_seconds=0.05))
    boss, waiting = watched.boss, None
    async for event in boss.stream(said("tell me a lot")):
        if event.HasField("started"):
            place = event.started.conversation_id
            request = said("shorter", conversation_id=place, while_busy=turn_pb.WHILE_BUSY_INTERRUPT)
            waiting = asyncio.create_task(boss.send(request))
    assert waiting is not None
    await waiting
    told = await watched.events()
    assert [told[f"turn.{name}"] for name in ("queued", "started", "cancelled", "completed")] == [1, 2, 1, 1]


async def resources(watched: Watched) -> None:
    agents, talks = "/soma.chat.v1.AgentService/", "/soma.chat.v1.ConversationService/"
    made = await watched.ask(
        f"{agents}CreateAgent", watched.agents, agent_pb.CreateAgentRequest(agent=agent_pb.Agent(name="helper"))
    )
    changed = agent_pb.Agent(agent_id=made.agent.agent_id, name="support")
    update = agent_pb.UpdateAgentRequest(agent=changed, update_mask=FieldMask(paths=["name"]))
    await watched.ask(f"{agents}UpdateAgent", watched.agents, update)
    await watched.ask(
        f"{agents}ArchiveAgent", watched.agents, agent_pb.ArchiveAgentRequest(agent_id=made.agent.agent_id)
    )
    await watched.ask(f"{talks}CreateConversation", watched.conversations, conversation_pb.CreateConversationRequest())
    arriving = conversation_pb.ImportConversationRequest()
    arriving.header.format = 1
    arriving.messages.add(message_id="a", role=message_pb.ROLE_USER).content.add(text="hello")
    await watched.ask(f"{talks}ImportConversation", watched.conversations, arriving)
    conversation_id = await watched.talk()
    renamed = conversation_pb.Conversation(conversation_id=conversation_id, title="Rufus")
    await watched.ask(
        f"{talks}UpdateConversation",
        watched.conversations,
        conversation_pb.UpdateConversationRequest(conversation=renamed, update_mask=FieldMask(paths=["title"])),
    )
    await watched.ask(
        f"{talks}DeleteConversation",
        watched.conversations,
        conversation_pb.DeleteConversationRequest(conversation_id=conversation_id),
    )


async def tools(watched: Watched) -> None:
    house, boss = "/soma.chat.v1.TurnService/", watched.boss
    weather = message_pb.ClientTool(name="weather")
    watched.enqueue(asks(ToolCall("weather", id="c1")))
    told = await boss.say("How is the weather?", tools=[weather])
    result = turn_pb.SubmitToolResultRequest(turn_id=told.turn_id, call_id="c1", content="rain")
    await watched.ask(f"{house}SubmitToolResult", boss.turns, result)
    watched.enqueue(asks(evaluate("6 * 7", id="c1")))
    before = await watched.events()
    asked = await asked_for_consent(boss)
    assert (await watched.events() - before)["approval.requested"] == 1
    approval = asked.last.approval
    decision = turn_pb.ResolveApprovalRequest(
        turn_id=asked.turn_id,
        call_id="c1",
        decision=event_pb.APPROVAL_DECISION_APPROVE,
        arguments_hash=approval.arguments_hash,
    )
    await watched.ask(f"{house}ResolveApproval", boss.turns, decision)


async def memories(watched: Watched) -> None:
    house, stub = "/soma.memory.v1.MemoryService/", watched.boss.memory

    async def store(text: str, source_id: str) -> str:
        request = memory_pb.StoreMemoryRequest(text=text, source_id=source_id)
        answer = await watched.ask(f"{house}StoreMemory", stub, request)
        return str(answer.memory.memory_id)

    first = await store("The boiler was replaced in March.", "letter")
    await store("The cellar has two windows.", "letter")
    for source_id in ("letter", "phone"):
        await store("The attic is dry.", source_id)
    await revisions(watched, first)
    await links(watched, first, await store("The chimney was swept.", "sweep"))
    await watched.ask(f"{house}DeleteMemory", stub, memory_pb.DeleteMemoryRequest(memory_id=first))
    await watched.ask(f"{house}DeleteBySource", stub, memory_pb.DeleteBySourceRequest(source_id="letter"))
    before = await watched.events()
    with watched.boss.acting():
        await stub.RecallMemories(memory_pb.RecallMemoriesRequest(query="attic"))
    assert await eventually(lambda: more(watched, before, "memory.recalled"), within_seconds=15)
    await upkeep(watched)


async def upkeep(watched: Watched) -> None:
    house, stub = "/soma.memory.v1.MemoryService/", watched.boss.memory
    for text in (
        "Bob bought a red bicycle in Lisbon.",
        "In Lisbon Bob bought a red bicycle.",
        "Bob bought the red bicycle.",
    ):
        await watched.ask(f"{house}StoreMemory", stub, memory_pb.StoreMemoryRequest(text=text))
    made = await watched.ask(f"{house}Consolidate", stub, upkeep_pb.ConsolidateRequest())
    undo = upkeep_pb.RollbackConsolidationRequest(consolidation_id=made.consolidation.consolidation_id)
    await watched.ask(f"{house}RollbackConsolidation", stub, undo)
    swept = await watched.ask(f"{house}SweepMemories", stub, upkeep_pb.SweepMemoriesRequest(min_retention=1.0))
    await watched.ask(f"{house}RestoreSweep", stub, upkeep_pb.RestoreSweepRequest(sweep_id=swept.sweep_id))


async def revisions(watched: Watched, memory_id: str) -> None:
    house, stub = "/soma.memory.v1.MemoryService/", watched.boss.memory
    batch = memory_pb.BatchStoreMemoriesRequest(memories=[memory_pb.NewMemory(text="The shed holds two ladders.")])
    await watched.ask(f"{house}BatchStoreMemories", stub, batch)
    change = memory_pb.UpdateMemoryRequest(update_mask=FieldMask(paths=["pinned"]))
    change.memory.memory_id, change.memory.pinned = memory_id, True
    await watched.ask(f"{house}UpdateMemory", stub, change)
    truth = memory_pb.CorrectMemoryRequest(memory_id=memory_id, text="The boiler was replaced in April.")
    await watched.ask(f"{house}CorrectMemory", stub, truth)


async def links(watched: Watched, one: str, other: str) -> None:
    house, stub = "/soma.memory.v1.MemoryService/", watched.boss.memory
    link = graph_pb.LinkMemoriesRequest(memory_id=one, target_memory_id=other)
    await watched.ask(f"{house}LinkMemories", stub, link)
    unlink = graph_pb.UnlinkMemoriesRequest(memory_id=one, target_memory_id=other)
    await watched.ask(f"{house}UnlinkMemories", stub, unlink)
    suspect = upkeep_pb.QuarantineSourceRequest(subject=upkeep_pb.QuarantineSubject(memory_id=other))
    hidden = await watched.ask(f"{house}QuarantineSource", stub, suspect)
    lifted = upkeep_pb.RestoreSourceRequest(quarantine_id=hidden.quarantine.quarantine_id)
    await watched.ask(f"{house}RestoreSource", stub, lifted)


async def more(watched: Watched, before: Counter[str], event: str) -> bool:
    return (await watched.events() - before)[event] == 1


async def erasures(watched: Watched, control: HouseDatabase) -> None:
    order = erasure_pb.ForgetSubjectRequest(sub="nobody", confirm_sub="nobody")
    async with control_of(watched.stack, control):
        await watched.ask("/soma.memory.v1.MemoryService/ForgetSubject", watched.boss.memory, order)


async def stopped_cycle(watched: Watched, boss: Person, sleeps: Any) -> None:
    """One that is stopped tells of its end once, whether it was over before or not."""
    night = sleep_pb.RunSleepCycleRequest(
        agent_id=str(uuid4()), token_budget=0, async_mode=True, request_id=str(uuid4())
    )

    async def stop() -> Any:
        with boss.acting():
            begun = (await sleeps.RunSleepCycle(night)).cycle
            stopped = sleep_pb.CancelSleepCycleRequest(cycle_id=begun.cycle_id, request_id=str(uuid4()))
            return await sleeps.CancelSleepCycle(stopped)

    await watched.leads_to(("/soma.cognitive.v1.SleepService/CancelSleepCycle",), stop)


async def minds_and_money(watched: Watched, boss: Person) -> None:
    minds = "/soma.cognitive.v1.NeuromodulatorService/"
    with boss.acting():
        listed = await watched.agents.ListAgents(agent_pb.ListAgentsRequest())
    agent_id = listed.agents[0].agent_id
    update = mood_pb.UpdateNeuromodulatorsRequest(agent_id=agent_id, dopamine=0.7)
    await watched.ask(f"{minds}UpdateNeuromodulators", boss.mood, update)
    await watched.ask(f"{minds}ResetNeuromodulators", boss.mood, mood_pb.ResetNeuromodulatorsRequest(agent_id=agent_id))
    nap = sleep_pb.TransitionSleepRequest(agent_id=str(uuid4()), target_state="light", ttl_seconds=1)
    sleeps = boss.stub("cognitive", SleepServiceStub)
    before = await watched.events()
    await watched.ask("/soma.cognitive.v1.SleepService/TransitionSleep", sleeps, nap)

    async def over() -> bool:
        """The house writes that the time to live ran out, although nobody reads."""
        return (await watched.events() - before)["cognitive.sleep.changed"] == 2

    assert await eventually(over, within_seconds=20)
    sleeping = "/soma.cognitive.v1.SleepService/"
    night = sleep_pb.RunSleepCycleRequest(agent_id=str(uuid4()), token_budget=0)
    await watched.ask(f"{sleeping}RunSleepCycle", sleeps, night)
    await stopped_cycle(watched, boss, sleeps)
    limit = governor_pb.SetBudgetRequest(period=budget_pb.BUDGET_PERIOD_MONTH, limit_tokens=10_000_000)
    await watched.ask("/soma.governor.v1.GovernorService/SetBudget", boss.governor, limit)
    config = config_pb.GovernorConfig(good_checks_to_recover=4)
    change = governor_pb.UpdateConfigRequest(config=config, comment="Recover later.")
    await watched.ask("/soma.governor.v1.GovernorService/UpdateConfig", boss.governor, change)


async def threads(watched: Watched) -> None:
    house, stub = "/soma.cognitive.v1.ThreadService/", watched.boss.stub("cognitive", ThreadServiceStub)
    create = thread_pb.CreateThreadRequest(options=["walk", "ride"])
    made = await watched.ask(f"{house}CreateThread", stub, create)
    await watched.ask(f"{house}TakeNextOption", stub, thread_pb.TakeNextOptionRequest())
    choice = thread_pb.ChooseOptionRequest(option_id=made.thread.options[1].option_id)
    await watched.ask(f"{house}ChooseOption", stub, choice)
    await watched.ask(f"{house}ResetThread", stub, thread_pb.ResetThreadRequest())


async def acts(watched: Watched) -> None:
    house, stub = "/soma.cognitive.v1.ActService/", watched.boss.stub("cognitive", ActServiceStub)
    await watched.ask(f"{house}Act", stub, act_pb.ActRequest(task="Order coal for the stove in the library."))

    async def stream() -> None:
        act = act_pb.ActRequest(task="Have the piano tuned before the concert.", request_id=str(uuid4()))
        with watched.boss.acting():
            async for _ in stub.StreamAct(act_pb.StreamActRequest(act=act)):
                pass

    await watched.leads_to((f"{house}StreamAct",), stream)


async def models(watched: Watched) -> None:
    house, stub = "/soma.chat.v1.ModelService/", watched.models
    profile = model_pb.ModelProfile(model_profile_id="spare", provider="openai", model="gpt-4o-mini")
    await watched.ask(
        f"{house}CreateModel", stub, model_pb.CreateModelRequest(model=profile, api_key="sk-spare", make_default=False)
    )
    profile.max_output_tokens = 512
    update = model_pb.UpdateModelRequest(model=profile, update_mask=FieldMask(paths=["max_output_tokens"]))
    await watched.ask(f"{house}UpdateModel", stub, update)
    await watched.ask(f"{house}SetDefaultModel", stub, model_pb.SetDefaultModelRequest(model_profile_id="spare"))
    await watched.ask(f"{house}DeleteModel", stub, model_pb.DeleteModelRequest(model_profile_id="spare"))


async def feedback(watched: Watched) -> None:
    """On a turn that used a memory; then what was learned is taken back."""
    house, stub = "/soma.cognitive.v1.AdaptationService/", watched.boss.stub("cognitive", AdaptationServiceStub)
    with watched.boss.acting():
        listed = await watched.agents.ListAgents(agent_pb.ListAgentsRequest())
    bicycle = memory_pb.StoreMemoryRequest(text="My bicycle is green and stands in the barn.", source_id="barn")
    await watched.ask("/soma.memory.v1.MemoryService/StoreMemory", watched.boss.memory, bicycle)
    observed = ("/soma.cognitive.v1.ModulationService/ObserveTurn",)
    told = await watched.leads_to(observed, lambda: watched.boss.say("Where does my green bicycle stand?"))
    good = adaptation_pb.RecordFeedbackRequest(turn_id=told.turn_id, reward=1.0)
    answer = await watched.ask(f"{house}RecordFeedback", stub, good)
    assert answer.accepted, answer.sentence
    agent_id = answer.state.agent_id
    assert agent_id in {agent.agent_id for agent in listed.agents}
    back = adaptation_pb.RollbackAdaptationRequest(agent_id=agent_id, version=0)
    await watched.ask(f"{house}RollbackAdaptation", stub, back)
    await watched.ask(f"{house}ResetAdaptation", stub, adaptation_pb.ResetAdaptationRequest(agent_id=agent_id))
