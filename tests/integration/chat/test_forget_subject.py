"""A person is forgotten: what was planted in every store by the front doors is in no dump of any database then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1.act_service_pb2_grpc import ActServiceStub
from soma.cognitive.v1.sleep_service_pb2_grpc import SleepServiceStub
from soma.cognitive.v1.thread_service_pb2_grpc import ThreadServiceStub
from soma.common.v1 import erasure_pb2 as line_pb
from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1.api_key_service_pb2_grpc import ApiKeyServiceStub
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.memory.v1 import erasure_pb2 as erasure_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.testing.eventually import eventually
from soma_common.testing.postgres import TestServer
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.integration.chat.canaries import Canaries, remember, request_id, tend
from tests.integration.chat.control_house import control_of
from tests.integration.chat.dump import dump, where
from tests.integration.chat.person import Person
from tests.integration.chat.planted_rows import put_rows
from tests.integration.chat.stack import HTTP, ChatStack
from tests.integration.chat.test_approvals import asked as asked_for_consent
from tests.integration.chat.test_approvals import waiting
from tests.integration.chat.test_intent_letters import intend, wish
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate

LEFT = {line_pb.ERASURE_STATE_PENDING, line_pb.ERASURE_STATE_UNSUPPORTED}


class House:
    """The stack with control, and everything that its databases hold."""

    def __init__(self, stack: ChatStack, control: HouseDatabase, postgres: TestServer) -> None:
        self.stack = stack
        self.control = control
        self._postgres = postgres

    def addresses(self) -> dict[str, str]:
        """The database of each house, as a superuser sees it."""
        houses = {**{house: self.stack.databases[house] for house in HTTP}, "control": self.control}
        return {house: self._postgres.address(_name(urls)) for house, urls in houses.items()}

    async def dump(self) -> dict[str, list[str]]:
        """All rows of all databases."""
        names = sorted({_name(urls) for urls in (*self.stack.databases.values(), self.control)})
        return await dump(self._postgres.address(name) for name in names)


def _name(urls: HouseDatabase) -> str:
    return urls.app_dsn.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def house(stack: ChatStack, control: HouseDatabase, postgres_server: TestServer) -> House:
    return House(stack, control, postgres_server)


@pytest.fixture
async def lee(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Person]:
    """Somebody whose name is in no other text, and who may do everything."""
    async with Person(stack, f"lee-{uuid4().hex}", tenant, "admin") as person:
        yield person


async def forget(person: Person, sub: str, key: str | None = None) -> erasure_pb.Erasure:
    order = erasure_pb.ForgetSubjectRequest(sub=sub, confirm_sub=sub, request_id=key or request_id())
    with person.acting():
        # It waits for the end as long as there is time.
        answer: erasure_pb.ForgetSubjectResponse = await person.memory.ForgetSubject(order, timeout=2)
    return answer.erasure


async def ended(person: Person, erasure_id: str) -> erasure_pb.Erasure:
    async def look() -> erasure_pb.Erasure | None:
        with person.acting():
            answer = await person.memory.GetErasure(erasure_pb.GetErasureRequest(erasure_id=erasure_id))
        return answer.erasure if answer.erasure.done else None

    found = await eventually(look, within_seconds=60)
    assert found is not None
    return found


async def talk(person: Person, model: ScriptedUpstream, canaries: Canaries) -> None:
    """Turns with tools of the client's and of the house, ratings, titles, an agent, an import."""
    agents: Any = person.stub("chat", AgentServiceStub)
    talks: Any = person.stub("chat", ConversationServiceStub)
    said = await person.say(f"My dog is called {canaries.plant('message')}.")
    weather = message_pb.ClientTool(name="weather", description=canaries.plant("tool of the client"))
    model.enqueue(
        asks(
            ToolCall("weather", f'{{"city": "{canaries.plant("arguments")}"}}', id="c1"),
            evaluate("6 + 7", id="c2"),
            text=canaries.plant("answer"),
        )
    )
    told = await person.say("How is the weather?", tools=[weather])
    model.enqueue(Script(text="Rain."))
    result = turn_pb.SubmitToolResultRequest(
        turn_id=told.turn_id, call_id="c1", content=canaries.plant("result"), request_id=request_id()
    )
    agent = agent_pb.Agent(name=canaries.plant("agent's name"), system_prompt=canaries.plant("prompt"))
    rating = turn_pb.RateTurnRequest(
        turn_id=said.turn_id,
        rating=message_pb.RATING_BAD,
        text=canaries.plant("rating"),
        request_id=request_id(),
    )
    titled = conversation_pb.Conversation(conversation_id=said.started.conversation_id, title=canaries.plant("title"))
    arriving = conversation_pb.ImportConversationRequest(request_id=request_id())
    arriving.header.format = 1
    arriving.messages.add(message_id="a", role=message_pb.ROLE_USER).content.add(text=canaries.plant("import"))
    with person.acting():
        continued = await person.turns.SubmitToolResult(result)
    await person.resume(continued.continuing_turn_id)
    with person.acting():
        await person.turns.RateTurn(rating)
        await agents.CreateAgent(agent_pb.CreateAgentRequest(agent=agent, request_id=request_id()))
        await talks.UpdateConversation(
            conversation_pb.UpdateConversationRequest(
                conversation=titled, update_mask=FieldMask(paths=["title"]), request_id=request_id()
            )
        )
        await talks.ImportConversation(arriving)
    # One that is deleted before, and one that waits for consent.
    gone = await person.say("soon deleted")
    model.enqueue(asks(evaluate("6 * 7", id="c1")))
    consent = await asked_for_consent(person, f"{SUM} {canaries.plant('turn that waits')}")
    await waiting(person, consent.turn_id)
    with person.acting():
        await talks.DeleteConversation(
            conversation_pb.DeleteConversationRequest(
                conversation_id=gone.started.conversation_id, request_id=request_id()
            )
        )


async def govern(person: Person, canaries: Canaries) -> None:
    """A budget of its own, a configuration, a mood, keys."""
    limit = governor_pb.SetBudgetRequest(
        period=budget_pb.BUDGET_PERIOD_DAY,
        scope=budget_pb.BUDGET_SCOPE_USER,
        scope_id=person.sub,
        limit_tokens=10_000_000,
        request_id=request_id(),
    )
    change = governor_pb.UpdateConfigRequest(
        config=config_pb.GovernorConfig(good_checks_to_recover=4),
        comment=canaries.plant("comment"),
        request_id=request_id(),
    )
    agents: Any = person.stub("chat", AgentServiceStub)
    acts: Any = person.stub("cognitive", ActServiceStub)
    keys: Any = person.stub("control", ApiKeyServiceStub)
    with person.acting():
        await person.governor.SetBudget(limit)
        await person.governor.UpdateConfig(change)
        listed = await agents.ListAgents(agent_pb.ListAgentsRequest())
        await person.mood.UpdateNeuromodulators(
            mood_pb.UpdateNeuromodulatorsRequest(
                agent_id=listed.agents[0].agent_id, dopamine=0.7, request_id=request_id()
            )
        )
        # Of an agent that nobody talks to, so that it is awake for everything else here.
        sleeps: Any = person.stub("cognitive", SleepServiceStub)
        await sleeps.TransitionSleep(
            sleep_pb.TransitionSleepRequest(
                agent_id=str(uuid4()),
                target_state="light",
                trace_id=canaries.plant("word with a sleep"),
                request_id=request_id(),
            )
        )
        act = act_pb.ActRequest(
            task=f"Bring the {canaries.plant('task')} to the attic.",
            session_id=canaries.plant("session"),
            request_id=request_id(),
        )
        await acts.Act(act)
        for sub in ("", "robot"):
            name = canaries.plant(f"key of {sub or 'the person'}")
            await keys.CreateApiKey(keys_pb.CreateApiKeyRequest(name=name, sub=sub, request_id=request_id()))


async def think(person: Person, other: Person, canaries: Canaries) -> None:
    """A thread of the person's own words, of which somebody else has taken an option; and one by rules."""
    options = [thread_pb.GivenOption(text=canaries.plant("option"), score=0.5, reason=canaries.plant("reason"))]
    threads: Any = person.stub("cognitive", ThreadServiceStub)
    takers: Any = other.stub("cognitive", ThreadServiceStub)
    with person.acting():
        thought = thread_pb.CreateThreadRequest(goal=canaries.plant("goal"), request_id=request_id())
        await threads.CreateThread(thought)
        given = thread_pb.CreateThreadRequest(scored_options=options, request_id=request_id())
        await threads.CreateThread(given)
    with other.acting():
        taken = await takers.TakeNextOption(thread_pb.TakeNextOptionRequest(request_id=request_id()))
    assert taken.option.text == options[0].text


async def plant(person: Person, model: ScriptedUpstream, stack: ChatStack, canaries: Canaries) -> None:
    """Something in every store, by the front doors."""
    await govern(person, canaries)
    await talk(person, model, canaries)
    await remember(person, canaries)
    await tend(person, canaries)
    # What could not be told is a letter: only a defect makes one, so it is put where the end of a turn puts it.
    database = await Database.open(stack.databases["chat"])
    try:
        await intend(database, person, wish(""), attempts=50, owner=person.sub)
        # And one of a kind that nobody here can deliver, so that it waits.
        waits = canaries.plant("intent").encode()
        await intend(database, person, waits, owner=person.sub, kind="foretell_weather")

        async def parked() -> bool:
            async with database.transaction(person.tenant) as connection:
                return bool(await connection.fetchval("select count(*) from dead_letters where status = 'parked'"))

        assert await eventually(parked, within_seconds=30)
    finally:
        await database.close()


def theirs(rows: dict[str, list[str]], table: str, person: Person) -> list[str]:
    """The rows of a person of this test's tenant, in all parts of a table."""
    parts = [lines for name, lines in rows.items() if name.startswith(table)]
    lines = (line for part in parts for line in part if str(person.tenant) in line)
    return sorted(line for line in lines if f"\n{person.sub}\n" in line)


async def test_nothing_of_a_person_is_in_any_dump(
    house: House, lee: Person, eve: Person, model: ScriptedUpstream
) -> None:
    canaries = Canaries()
    async with AsyncExitStack() as serving:
        await serving.enter_async_context(control_of(house.stack, house.control))
        await plant(lee, model, house.stack, canaries)
        await think(lee, eve, canaries)
        for name, dsn in house.addresses().items():
            await put_rows(dsn, name, lee.tenant, lee.sub, canaries)
        kept = await eve.say("I keep herons.")
        with eve.acting():
            order = service_pb.StoreMemoryRequest(text="The herons eat frogs.", request_id=request_id())
            remembered = await eve.memory.StoreMemory(order)
        before = await house.dump()
        for place, word in canaries.words.items():
            assert where(before, word), f"the dump cannot see what was planted as {place}"
        bare = canaries.not_in(before, lee.sub)
        assert not bare, f"plant something in {sorted(bare)}"
        named = where(before, lee.sub)
        assert len(named) > 25, named

        started = await forget(lee, lee.sub)
        erasure = await ended(lee, started.erasure_id)
        after = await house.dump()
    assert {line.house for line in erasure.stores} == {"chat", "governor", "cognitive", "control", "memory"}
    assert [line for line in erasure.stores if line.state == line_pb.ERASURE_STATE_FAILED] == []
    told = [(line.house, line.store) for line in erasure.stores if line.state in LEFT]
    assert told == [("memory", "backups"), ("memory", "shelves of recall")]
    assert all(line.sentence for line in erasure.stores if line.state in LEFT)
    assert sum(line.erased_count for line in erasure.stores) > 25
    for place, word in canaries.words.items():
        assert where(after, word) == set(), f"what was planted as {place} is still there"
    assert where(after, lee.sub) == set()
    assert erasure.sub == ""
    # Somebody else of the same tenant has what they had.
    assert (await eve.turn(kept.turn_id)).turn_id == kept.turn_id
    with eve.acting():
        again = await eve.memory.GetMemory(service_pb.GetMemoryRequest(memory_id=remembered.memory.memory_id))
    assert again.memory.text == "The herons eat frogs."
    assert where(after, "herons") == where(before, "herons")
    for table in ("chat.messages", "chat.turns", "memory.memories", "governor.receipts"):
        assert theirs(after, table, eve) == theirs(before, table, eve)


async def test_a_house_that_is_away_is_waited_for_and_never_called_done(house: House, lee: Person) -> None:
    with lee.acting():
        await lee.memory.StoreMemory(
            service_pb.StoreMemoryRequest(text="The cellar has two windows.", request_id=request_id())
        )
    key = request_id()
    started = await forget(lee, lee.sub, key)
    assert not started.done
    assert started.sub == lee.sub
    assert "control" not in {line.house for line in started.stores}
    async with control_of(house.stack, house.control):
        done = await ended(lee, started.erasure_id)
        # A repeat of the request is answered with the same, and another one begins anew.
        assert (await forget(lee, lee.sub, key)).erasure_id == started.erasure_id
        assert (await forget(lee, lee.sub, key)).done
        first, second = await asyncio.gather(forget(lee, lee.sub), forget(lee, lee.sub))
        assert len({started.erasure_id, first.erasure_id, second.erasure_id}) == 3
        assert (await ended(lee, first.erasure_id)).done
        assert (await ended(lee, second.erasure_id)).done
    assert {line.house for line in done.stores} >= {"control", "chat"}
    # Whoever has the name now begins anew: what they say is kept.
    with lee.acting():
        order = service_pb.StoreMemoryRequest(text="The attic is dry.", request_id=request_id())
        assert (await lee.memory.StoreMemory(order)).memory.owner_sub == lee.sub


async def test_only_the_person_and_admins_may_and_only_by_its_name_twice(ada: Person, eve: Person) -> None:
    refusals = (
        (erasure_pb.ForgetSubjectRequest(sub="ada", confirm_sub="eve"), Reason.INVALID_FIELD),
        (erasure_pb.ForgetSubjectRequest(sub="eve", confirm_sub="eve"), Reason.SCOPE_MISSING),
        (erasure_pb.ForgetSubjectRequest(sub="service:chat", confirm_sub="service:chat"), Reason.INVALID_FIELD),
    )
    for order, reason in refusals:
        order.request_id = request_id()
        with ada.acting(), pytest.raises(SomaError) as refused:
            await ada.memory.ForgetSubject(order)
        assert refused.value.reason is reason
    started = await forget(ada, "ada")
    with eve.acting(), pytest.raises(SomaError) as unseen:
        await eve.memory.GetErasure(erasure_pb.GetErasureRequest(erasure_id=started.erasure_id))
    assert unseen.value.reason is Reason.RESOURCE_NOT_FOUND
