"""Titles after the first exchange: by a model under a hold of its own, else by first words; never over a person's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from servers.chat.adapters.offline import OfflineModel
from servers.chat.adapters.openai_compatible import OpenAICompatibleModel
from servers.chat.conversations.titles import FEATURE, TRIES, Titles
from servers.chat.conversations.watching import Watchers
from servers.chat.domain.catalogue import Catalogue, KnownModel
from servers.chat.domain.model import ModelProfile
from servers.chat.intents.delivery import Intents
from servers.chat.intents.extraction import Extraction
from servers.chat.intents.intent import EXTRACT, TITLE
from servers.chat.intents.letters import IntentLetters
from servers.chat.means import Means
from servers.chat.metrics import TurnMetrics
from servers.chat.models.catalogues import Catalogues
from servers.chat.models.keys import Keys
from servers.chat.models.port import Models
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.models.single_call import SingleCalls
from servers.chat.turns.instance import Instance
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.dlq import DLQHandler
from soma_common.events.store import EventStore
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Price
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import Channel
from soma_common.rpc.features import Features
from soma_common.security.secrets import FileSecrets
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import RpcHarness
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import Chat, make_conversation
from tests.rpc.chat.test_models import serve_governor

pytestmark = pytest.mark.usefixtures("as_ada")
QUESTION = "How do I bake bread without any yeast at home?"
FIRST_WORDS = "How do I bake bread without any yeast"
WANT = """
insert into intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
    payload, next_time, create_time, attempts)
values ($1, $2, 'ada', array['member'], array['chat:write'], 'test', $3, 'title_conversation', $4, now(), now(), $5)
"""


# The same wish by a later turn.
AGAIN = """
insert into intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
    payload, next_time, create_time)
select tenant_id, $1, owner_sub, caller_roles, caller_scopes, correlation_id, $2, kind, payload, next_time, create_time
from intents
"""


class Switch(Features):
    """Flags that a test moves."""

    on = True

    def enabled(self, tenant: TenantId, name: str) -> bool:
        return self.on or name != FEATURE


@dataclass
class House:
    """What gives titles, and what it leans on."""

    chat: Chat
    upstream: ScriptedUpstream
    budget: governor_grpc.GovernorServiceStub
    intents: Intents
    governor: Channel
    changed: list[UUID]
    features: Switch

    async def talk(self, model: str = "scripted", title: str = "", attempts: int = 0) -> str:
        """A first exchange that wants a title."""
        made, turn = await make_conversation(self.chat, title), uuid4()
        [asked] = await put(self.chat, made.conversation_id, QUESTION, turn=turn)
        said = await put(self.chat, made.conversation_id, "With soda.", role="assistant", parent=asked, turn=turn)
        wanted = conversation_pb.GetConversationRequest(conversation_id=made.conversation_id).SerializeToString()
        async with self.chat.database.transaction(TENANT) as connection:
            await connection.execute("update messages set model = $2 where message_id = $1", said[0], model)
            await connection.execute(WANT, TENANT, uuid4(), turn, wanted, attempts)
        return made.conversation_id

    async def deliver(self) -> None:
        """What a process of chat does by itself, until nothing is on its way."""
        await self.intents.deliver_due()
        assert await eventually(lambda: not self.intents.slow)

    async def conversation(self, conversation_id: str) -> conversation_pb.Conversation:
        request = conversation_pb.GetConversationRequest(conversation_id=conversation_id)
        return (await self.chat.conversations.GetConversation(request)).conversation

    async def title(self, conversation_id: str) -> str:
        return (await self.conversation(conversation_id)).title

    async def left(self) -> list[tuple[str, int, str]]:
        """The intents that are still to be delivered."""
        async with self.chat.database.transaction(TENANT) as connection:
            rows = await connection.fetch("select kind, attempts, last_reason from intents order by create_time")
        return [tuple(row) for row in rows]

    async def due_again(self) -> None:
        async with self.chat.database.transaction(TENANT) as connection:
            await connection.execute("update intents set next_time = now()")

    async def spent(self) -> tuple[int, int, int]:
        """Tokens and money that are used, and tokens that are held."""
        [budget] = (await self.budget.GetBudget(governor_pb.GetBudgetRequest())).budgets
        return budget.used_tokens, budget.used_micros, budget.held_tokens

    async def events(self, conversation_id: str) -> list[str]:
        async with self.chat.database.transaction(TENANT) as connection:
            stream = f"conversation/{conversation_id}"
            rows = await connection.fetch("select event_type from events where stream = $1 order by sequence", stream)
        return [row["event_type"] for row in rows]


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(Script(text="“Bread without yeast.”", chunks=3), models=("scripted",)) as running:
        yield running


@pytest.fixture
async def house(
    chat: Chat,
    upstream: ScriptedUpstream,
    rpc: RpcHarness,
    house_database: HouseDatabases,
    open_database: OpenDatabase,
    tmp_path: Path,
) -> AsyncIterator[House]:
    upstream.reset()
    governor = await serve_governor(rpc, await open_database(house_database("governor", "servers.governor")))
    clock, ids, events = Clock(), Ids(), EventStore("chat")
    profile = ModelProfile(
        "scripted",
        "custom",
        "scripted",
        upstream.base_url,
        16_384,
        1_024,
        Price(1_000_000, 0, 4_000_000),
        tokenizer="gpt-4o",
    )
    catalogue = Catalogue(0, {"scripted": KnownModel(profile), "offline": KnownModel(OFFLINE_PROFILE)}, "scripted")
    client = OpenAICompatibleModel(
        Keys(FileSecrets(tmp_path, {}), {}, clock).of, AddressRules(private_allowed=True), dict
    )
    models = Models(Catalogues(chat.database, catalogue, clock), {"openai": client, "offline": OfflineModel()})
    channel = rpc.channel(governor, service="chat")
    stub = channel.stub(governor_grpc.GovernorServiceStub)
    features = Switch("chat", {}, channel, ids)
    changed: list[UUID] = []
    calls = SingleCalls(models, stub, clock, ids)
    titles = Titles(chat.database, events, models, calls, features, clock, changed.append)
    letters = IntentLetters(chat.database, DLQHandler(chat.database, events), ids)
    others = channel.stub(MemoryServiceStub), channel.stub(ModulationServiceStub)
    instance = Instance(chat.database, "chat-0")
    await instance.register()
    metrics = TurnMetrics(CollectorRegistry())
    means = Means(chat.database, events, instance, metrics, clock, ids, cast("Watchers", None))
    extraction = Extraction(chat.database, models, calls, clock)
    own = {TITLE: titles.give, EXTRACT: extraction.extract}
    intents = Intents(means, letters, stub, *others, own)
    budget = rpc.channel(governor, service="edge").stub(governor_grpc.GovernorServiceStub)
    yield House(chat, upstream, budget, intents, channel, changed, features)
    await models.close()


async def test_a_model_names_a_conversation_once_and_is_paid_for_as_a_job(house: House) -> None:
    conversation_id = await house.talk()
    before = await house.conversation(conversation_id)
    await house.deliver()
    after = await house.conversation(conversation_id)
    assert after.title == "Bread without yeast"
    assert after.update_time == before.update_time
    assert after.etag != before.etag
    assert await house.events(conversation_id) == ["conversation.created", "conversation.titled"]
    assert house.changed == [UUID(conversation_id)]
    assert await house.left() == []
    [asked] = house.upstream.requests()
    assert asked.body["max_completion_tokens" if "max_completion_tokens" in asked.body else "max_tokens"] <= 24
    system, person = asked.body["messages"]
    assert QUESTION in person["content"]
    assert QUESTION not in system["content"]
    tokens, micros, held = await house.spent()
    assert 0 < tokens <= 324
    assert micros > 0
    assert held == 0


async def test_a_title_that_a_person_gave_stays_and_costs_nothing(house: House) -> None:
    conversation_id = await house.talk(title="Mine")
    await house.deliver()
    assert await house.title(conversation_id) == "Mine"
    assert (house.upstream.requests(), await house.spent(), await house.left()) == ([], (0, 0, 0), [])


async def test_a_title_that_comes_while_the_model_thinks_stays(house: House) -> None:
    conversation_id = await house.talk()
    house.upstream.enqueue(Script(text="Too late", first_token_seconds=0.5))
    await house.intents.deliver_due()
    assert await eventually(lambda: len(house.upstream.requests()) == 1)
    wanted = conversation_pb.Conversation(conversation_id=conversation_id, title="Mine")
    request = conversation_pb.UpdateConversationRequest(conversation=wanted, request_id=str(uuid4()))
    request.update_mask.paths.append("title")
    await house.chat.conversations.UpdateConversation(request)
    assert await eventually(lambda: not house.intents.slow)
    assert await house.title(conversation_id) == "Mine"
    assert (await house.events(conversation_id))[-1] == "conversation.updated"
    assert (await house.left(), house.changed) == ([], [])
    assert (await house.spent())[0] > 0


async def test_without_a_call_the_first_words_are_the_title(house: House) -> None:
    """The feature is off, the offline model answered, or it was tried too often."""
    for model, attempts, feature in (("scripted", 0, False), ("offline", 0, True), ("scripted", TRIES, True)):
        house.features.on = feature
        conversation_id = await house.talk(model, attempts=attempts)
        await house.deliver()
        assert await house.title(conversation_id) == FIRST_WORDS
        assert (await house.events(conversation_id))[-1] == "conversation.titled"
    assert (house.upstream.requests(), await house.spent()) == ([], (0, 0, 0))


async def test_a_deleted_conversation_gets_none_and_nobody_is_asked(house: House) -> None:
    conversation_id = await house.talk()
    request = conversation_pb.DeleteConversationRequest(conversation_id=conversation_id, request_id=str(uuid4()))
    saga = await house.chat.conversations.DeleteConversation(request)
    await house.chat.sagas.finished(TENANT, UUID(saga.saga_id), 10)
    await house.deliver()
    assert (house.upstream.requests(), await house.left()) == ([], [])
    assert "conversation.titled" not in await house.events(conversation_id)


async def test_a_model_that_is_away_is_asked_again_and_in_the_end_the_first_words_do(house: House) -> None:
    conversation_id = await house.talk()
    for attempt in range(1, TRIES):
        house.upstream.enqueue(Script(fault=Fault(FaultKind.OVERLOADED)))
        await house.deliver()
        assert await house.title(conversation_id) == ""
        assert await house.left() == [(TITLE, attempt, "MODEL_UNAVAILABLE")]
        await house.due_again()
    house.upstream.enqueue(Script(fault=Fault(FaultKind.OVERLOADED)))
    await house.deliver()
    assert await house.title(conversation_id) == FIRST_WORDS
    assert await house.left() == []
    assert (await house.spent())[2] == 0


async def test_a_budget_that_is_used_up_is_waited_for(house: House) -> None:
    with acting_as(user("boss", roles=("admin",)), "test"):
        limit = governor_pb.SetBudgetRequest(
            period=budget_pb.BUDGET_PERIOD_DAY, limit_tokens=10, hard=True, request_id=str(uuid4())
        )
        await house.budget.SetBudget(limit)
    conversation_id = await house.talk()
    await house.deliver()
    assert await house.left() == [(TITLE, 1, "BUDGET_EXHAUSTED")]
    assert (await house.title(conversation_id), house.upstream.requests()) == ("", [])


async def test_an_answer_that_is_no_title_is_paid_for_and_the_first_words_do(house: House) -> None:
    house.upstream.enqueue(Script(text="“”\n", chunks=1))
    conversation_id = await house.talk()
    await house.deliver()
    assert await house.title(conversation_id) == FIRST_WORDS
    assert (await house.spent())[0] > 0


async def test_of_two_turns_that_want_a_title_the_first_one_asks(house: House) -> None:
    conversation_id = await house.talk()
    async with house.chat.database.transaction(TENANT) as connection:
        await connection.execute(AGAIN, uuid4(), UUID(int=2**128 - 1))
    await house.deliver()
    assert await house.title(conversation_id) == "Bread without yeast"
    assert (len(house.upstream.requests()), await house.left()) == (1, [])


async def test_a_slow_title_keeps_nobody_waiting(house: House) -> None:
    house.upstream.enqueue(Script(text="Slowly", first_token_seconds=1.0))
    conversation_id = await house.talk()
    async with asyncio.timeout(0.8):
        await house.intents.deliver_due()
    assert house.intents.slow
    assert await eventually(lambda: not house.intents.slow)
    assert await house.title(conversation_id) == "Slowly"
