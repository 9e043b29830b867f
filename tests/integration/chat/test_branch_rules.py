"""The statements that place, queue, start and end turns do what the rules say: one random story told to both."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from servers.chat.answering.minds import Mind, Minds, bases_of, neutral_modulation, seen_cognitive
from servers.chat.conversations.watching import Watchers
from servers.chat.domain.agent import Agent
from servers.chat.domain.catalogue import OFFLINE, Catalogue, KnownModel
from servers.chat.domain.manners import WhileBusy
from servers.chat.domain.turn import Step
from servers.chat.means import Means
from servers.chat.metrics import TurnMetrics
from servers.chat.models.catalogues import Catalogues
from servers.chat.models.port import Models
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.turns.acceptance import Acceptances, Accepted, Queued, Refused
from servers.chat.turns.allowance import Allowance
from servers.chat.turns.asking_anew import read_edit, read_regeneration
from servers.chat.turns.claiming import StoredTurns
from servers.chat.turns.endings import End, Endings
from servers.chat.turns.instance import Instance
from servers.chat.turns.order import Order, read_order
from servers.chat.turns.queueing import Queue
from servers.chat.turns.running import RunningTurns
from servers.chat.turns.store import TurnStore
from servers.chat.turns.stream import numbered
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Usage
from soma_common.kernel.tenancy import TenantId
from soma_common.limits.postgres import PostgresRateLimits
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.rpc.call import acting_as
from soma_common.signals import Signals, open_signals
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases
from tests.integration.chat.talk import Talk, ToldTurn

# More than a story has: the allowance is another test's.
MANY: Final = 1_000
WISHES: Final = {
    WhileBusy.REJECT: turn_pb.WHILE_BUSY_REJECT,
    WhileBusy.ENQUEUE: turn_pb.WHILE_BUSY_ENQUEUE,
    WhileBusy.INTERRUPT: turn_pb.WHILE_BUSY_INTERRUPT,
    WhileBusy.ROLLBACK: turn_pb.WHILE_BUSY_ROLLBACK,
}


@dataclass(frozen=True)
class Deed:
    """One step of a story; `pick` chooses a message or a turn where one is needed."""

    kind: str
    pick: int
    wish: WhileBusy


stories = st.lists(
    st.builds(
        Deed,
        kind=st.sampled_from(
            ("send", "send", "send", "follow", "regenerate", "edit", "end", "end", "silent", "start", "start", "leave")
        ),
        pick=st.integers(0, 99),
        wish=st.sampled_from((*WhileBusy, WhileBusy.ENQUEUE, WhileBusy.ROLLBACK)),
    ),
    min_size=8,
    max_size=32,
)


def story(*deeds: tuple[str, int, WhileBusy]) -> list[Deed]:
    """One that must be told each time."""
    return [Deed(*deed) for deed in deeds]


ANSWERED = ("end", 0, WhileBusy.REJECT)
SILENT = ("silent", 0, WhileBusy.REJECT)
STARTED = ("start", 0, WhileBusy.REJECT)
BACK_AGAIN = story(ANSWERED, ("regenerate", 0, WhileBusy.REJECT), SILENT)
IN_ORDER = story(
    ("send", 0, WhileBusy.ENQUEUE), ("send", 0, WhileBusy.INTERRUPT), ("send", 0, WhileBusy.INTERRUPT), SILENT, STARTED
)
TAKEN_BACK_TWICE = story(
    ("send", 0, WhileBusy.ROLLBACK), ("send", 0, WhileBusy.ROLLBACK), ANSWERED, STARTED, ANSWERED, STARTED, ANSWERED
)
# What the second one follows is taken back by the first.
LOST = story(
    ("follow", 0, WhileBusy.ENQUEUE), ("edit", 0, WhileBusy.ROLLBACK), SILENT, STARTED, ANSWERED, STARTED, STARTED
)


class Awake(Minds):
    """The mind of whom nobody can ask about: every knob at its base."""

    def __init__(self) -> None: ...

    async def ask(self, tenant: TenantId, agent: Agent, conversation_id: UUID | None) -> Mind:
        return Mind(neutral_modulation(bases_of(agent)), seen_cognitive())


class Kept:
    """The same conversation on the server."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self.tenant = TenantId(uuid4())
        self.caller = user("ada", self.tenant)
        self.database = database
        clock, ids = Clock(), Ids()
        events = EventStore("chat")
        catalogue = Catalogue(0, {OFFLINE: KnownModel(OFFLINE_PROFILE)}, OFFLINE)
        models = Models(Catalogues(database, catalogue, clock), {})
        self.instance = Instance(database, f"test-{self.tenant}")
        watchers = Watchers(database, signals, clock, ids)
        means = Means(database, events, self.instance, TurnMetrics(CollectorRegistry()), clock, ids, watchers)
        self.acceptances = Acceptances(means, models, Awake(), Allowance(PostgresRateLimits(database), MANY, clock))
        self.stored = StoredTurns(means, models)
        self.store = TurnStore(database)
        self.queue = Queue(means, self.stored, self.store, RunningTurns())
        self.endings = Endings(events, ids)
        self.clock = clock
        self.conversation_id = UUID(int=0)
        self.turns: dict[int, UUID] = {}

    async def ask(self, number: int, order: Order) -> str:
        """What became of a request."""
        self.turns[number] = Ids().uuid7()
        with acting_as(self.caller, "story"):
            outcome = await self.acceptances.accept(self.turns[number], order)
        if isinstance(outcome, Refused):
            return "refused"
        if isinstance(outcome, Queued):
            return "queued"
        assert isinstance(outcome, Accepted)
        self.conversation_id = outcome.conversation_id or self.conversation_id
        return "stored"

    async def end(self, number: int, *, keeps_answer: bool) -> None:
        row = await self.store.find_turn(self.tenant, self.turns[number], None)
        assert row is not None
        end = End(
            turn_id=row.turn_id,
            caller=self.caller,
            agent_id=row.agent_id,
            conversation_id=row.conversation_id,
            user_message_id=row.user_message_id,
            assistant_message_id=row.assistant_message_id,
            lease_epoch=row.lease_epoch,
            step=Step.COMPLETED if keeps_answer else Step.CANCELLED,
            sequence=1,
            finish_reason="stop" if keeps_answer else "cancelled",
            text=f"a{number}" if keeps_answer else "",
            calls=(),
            usage=Usage(),
            cost_micros=0,
            receipt_id=None,
            model=OFFLINE,
            tokenizer="o200k_base",
            now=self.clock.now(),
            correlation_id="story",
        )
        terminal = numbered(str(row.turn_id), 1, end.now, end.step, end.payload())
        assert await self.database.run(self.tenant, lambda it: self.endings.write(it, end, terminal))

    async def start(self) -> None:
        rows = await self.database.tenant_read(
            self.tenant, "select next_queued($1, $2) as turn_id", self.conversation_id
        )
        await self.stored.claim(self.tenant, rows[0]["turn_id"], "queued")

    async def leave(self, number: int) -> bool:
        row = await self.store.find_turn(self.tenant, self.turns[number], None)
        return row is not None and await self.queue.cancel(row)

    async def message_id(self, name: str) -> str:
        async with self.database.transaction(self.tenant) as connection:
            found = await connection.fetchval("select message_id from messages where parts[1] = $1", name)
        return str(found)

    async def told(self) -> dict[str, object]:
        """Everything that the values know as well."""
        numbers = {turn_id: number for number, turn_id in self.turns.items()}
        async with self.database.transaction(self.tenant) as connection:
            messages = await connection.fetch("select message_id, parts[1] as name, parent_message_id from messages")
            place = await connection.fetchrow("select * from conversations")
            open_turns = await connection.fetch(
                "select turn_id, cancel_requested, take_back from turns where status = 'running'"
            )
            assert place is not None
            queue = await connection.fetch(
                "select turn_id, jumps from turns where status = 'queued' order by jumps desc, queue_number"
            )
        names = {row["message_id"]: row["name"] for row in messages}
        return {
            "tree": {row["name"]: names.get(row["parent_message_id"]) for row in messages},
            "orphans": [row["name"] for row in messages if row["parent_message_id"] not in {None, *names}],
            "leaf": names.get(place["current_leaf_id"]),
            "count": place["message_count"],
            "place": numbers.get(place["running_turn_id"]),
            "running": [(numbers[row["turn_id"]], row["cancel_requested"], row["take_back"]) for row in open_turns],
            "queue": [numbers[row["turn_id"]] for row in queue],
        }


def values(talk: Talk) -> dict[str, object]:
    running = talk.running
    return {
        "tree": talk.parents,
        "orphans": [],
        "leaf": talk.leaf,
        "count": len(talk.parents),
        "place": None if running is None else running.number,
        "running": [] if running is None else [(running.number, running.cancelled, running.take_back)],
        "queue": [turn.number for turn in talk.queue],
    }


async def ask(talk: Talk, kept: Kept, number: int, deed: Deed) -> None:
    """One request, told to both."""
    request_id, wish = str(uuid4()), WISHES[deed.wish]
    content = [message_pb.ContentPart(text=f"u{number}")]
    turn = ToldTurn(number)
    if deed.kind in ("send", "follow"):
        names = sorted(talk.parents)
        parent = names[deed.pick % len(names)] if deed.kind == "follow" and names else None
        if parent is not None:
            turn.parent, turn.follows_leaf = parent, False
        order = read_order(
            turn_pb.SendMessageRequest(
                content=content,
                conversation_id=str(kept.conversation_id),
                parent_message_id="" if parent is None else await kept.message_id(parent),
                request_id=request_id,
                while_busy=wish,
            ),
            kept.caller,
        )
    else:
        names = sorted(talk.parents) if deed.kind == "regenerate" else talk.said("u")
        if not names:
            return
        asked = names[deed.pick % len(names)]
        question = asked if asked.startswith("u") else talk.parents[asked]
        assert question is not None
        turn.parent, turn.follows_leaf = talk.parents[question], False
        message_id = await kept.message_id(asked)
        if deed.kind == "regenerate":
            turn.asks_anew, turn.message = True, question
            again = turn_pb.RegenerateMessageRequest(message_id=message_id, request_id=request_id, while_busy=wish)
            order = read_regeneration(again, kept.caller)
        else:
            other = turn_pb.EditMessageRequest(
                message_id=message_id, content=content, request_id=request_id, while_busy=wish
            )
            order = read_edit(other, kept.caller)
    assert await kept.ask(number, order) == talk.ask(turn, deed.wish)


async def step(talk: Talk, kept: Kept, number: int, deed: Deed) -> None:
    if deed.kind in ("end", "silent"):
        if talk.running is not None:
            await kept.end(talk.running.number, keeps_answer=deed.kind == "end")
            talk.end(keeps_answer=deed.kind == "end")
    elif deed.kind == "start":
        if talk.queue and talk.running is None:
            await kept.start()
            talk.start()
    elif deed.kind == "leave":
        waiting = deed.pick % (number + 1)
        assert waiting not in kept.turns or await kept.leave(waiting) == talk.leave(waiting)
    else:
        await ask(talk, kept, number, deed)


async def tell(urls: HouseDatabase, deeds: list[Deed]) -> None:
    database = await Database.open(urls)
    try:
        kept, talk = Kept(database, open_signals(None, urls)), Talk()
        await kept.instance.register()
        first = turn_pb.SendMessageRequest(content=[message_pb.ContentPart(text="u0")], request_id=str(uuid4()))
        assert await kept.ask(0, read_order(first, kept.caller)) == "stored"
        for number, deed in enumerate(deeds, 1):
            await step(talk, kept, number, deed)
            assert await kept.told() == values(talk), deed
    finally:
        await database.close()


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("chat", "servers.chat")


def test_statements_and_rules_agree(urls: HouseDatabase) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(stories)
    @example(BACK_AGAIN)
    @example(IN_ORDER)
    @example(TAKEN_BACK_TWICE)
    @example(LOST)
    def one(deeds: list[Deed]) -> None:
        asyncio.run(tell(urls, deeds))

    one()
