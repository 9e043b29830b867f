"""One process of the chaos tests: `python -m tests.chaos.program writer|relay|consumer|saga PLAN.json`.

It runs the real relay, consumers or sagas until it is killed; the plan may name the failpoint at which it kills itself.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.policy import LetterPolicy, WhenParked
from soma_common.events.consumer import Consumer
from soma_common.events.consumption import Consumption, Effect
from soma_common.events.metrics import ConsumerMetrics, RelayMetrics
from soma_common.events.models import Event, EventDraft
from soma_common.events.relay import Relay
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.port import Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.sagas.models import Values
from soma_common.sagas.orchestrator import SagaOrchestrator
from tests.chaos.plan import Plan
from tests.chaos.walks import Participant, beginning, conduct_of, definition_of

LEASE_SECONDS: Final = 1.0
STREAMS: Final = 12
FAILING: Final = 0.05
LOSING: Final = 0.2
QUICK: Final = Backoff(first_seconds=0.05, longest_seconds=0.2, max_attempts=50)
# The one keeps the order of streams; to the other an event that fails is no reason to wait.
CONSUMERS: Final = {"chaos": WhenParked.WAIT, "passing": WhenParked.PASS}
CHANGE: Final = "insert into changes (request_id, events) values ($1, $2) on conflict do nothing returning 1"
EFFECT: Final = (
    "insert into effects (event_id, tenant_id, stream, sequence, consumer, ordered) values ($1, $2, $3, $4, $5, $6)"
)


class Cutter:
    """Sends this process its signal when it passes the failpoint for the n-th time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._passed: Counter[str] = Counter()

    def __call__(self, point: StrEnum) -> None:
        self._passed[point.value] += 1
        if point.value == self._plan.point and self._passed[point.value] == self._plan.hit:
            os.kill(os.getpid(), getattr(signal, self._plan.signal))


async def transport_of(plan: Plan) -> Transport:
    if plan.kafka_bootstrap:
        prefix = plan.topic_prefix
        return KafkaTransport([plan.kafka_bootstrap], prefix=prefix, session_seconds=2.0, request_seconds=3.0)
    relay, reader = await Database.open(plan.bus_relay()), await Database.open(plan.bus_reader())
    return PostgresTransport(relay, reader, Clock(), Ids(), lease_seconds=LEASE_SECONDS)


def drafts(request_id: str, streams: Sequence[str]) -> list[EventDraft]:
    """One event a stream, which can be told by the request."""
    return [
        EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=str(uuid4())), request_id)
        for stream in streams
    ]


async def change(
    connection: Connection, store: EventStore, tenant: TenantId, request_id: str, streams: Sequence[str]
) -> None:
    """A change under its key with its events; one that is there already stays as it is."""
    if await connection.fetchval(CHANGE, request_id, len(streams)):
        await store.append(connection, tenant, drafts(request_id, streams))


async def write(plan: Plan) -> None:
    """Makes changes in transactions of different lengths, each until it is acknowledged, and notes that."""
    database, store, chance = await Database.open(plan.house()), EventStore("chat"), random.Random(plan.seed)
    with Path(plan.history).open("a", buffering=1) as history:  # noqa: ASYNC230 - a line a transaction
        while True:
            tenant, request_id = TenantId(UUID(chance.choice(plan.tenants))), str(uuid4())
            streams = [f"conversation/{chance.randrange(STREAMS)}" for _ in range(chance.randint(1, 4))]
            done = False
            while not done:
                try:
                    async with database.transaction(tenant) as connection:
                        await change(connection, store, tenant, request_id, streams)
                        await asyncio.sleep(chance.choice((0, 0, 0.002, 0.02)))
                    done = True
                except SomaError:
                    await asyncio.sleep(0.05)
            history.write(json.dumps({"request_id": request_id}) + "\n")
            await asyncio.sleep(chance.random() * plan.pause_seconds)


async def relay(plan: Plan) -> None:
    database, transport = await Database.open(plan.house()), await transport_of(plan)
    parts = (database, transport, Clock(), Ids(), RelayMetrics())
    await Relay(*parts, lease_seconds=LEASE_SECONDS, reached=Cutter(plan)).run()


def effect_of(consumer: str, when_parked: WhenParked, failing: float, chance: random.Random) -> Effect:
    """A row an event; now and then it fails behind it."""

    async def effect(connection: Connection, event: Event) -> None:
        place = (event.event_id, event.tenant_id, event.stream, event.sequence)
        await connection.execute(EFFECT, *place, consumer, when_parked is WhenParked.WAIT)
        if chance.random() < failing:
            raise RuntimeError("by chance")

    return effect


def consumers(
    database: Database, transport: Transport, plan: Plan, metrics: ConsumerMetrics, failing: float = FAILING
) -> list[Consumer]:
    """The consumers of a house."""
    chance, cutter = random.Random(plan.seed), Cutter(plan)
    letters = DLQHandler(database, EventStore("chat"))
    found = []
    for name, when_parked in CONSUMERS.items():
        policy = LetterPolicy(when_parked, QUICK, lease_seconds=2.0)
        what = Consumption(name, [TURNS], effect_of(name, when_parked, failing, chance), policy=policy)
        found.append(Consumer(database, transport, letters, what, Ids(), metrics, reached=cutter))
    return found


async def consume(plan: Plan) -> None:
    database, transport = await Database.open(plan.house()), await transport_of(plan)
    async with asyncio.TaskGroup() as group:
        for consumer in consumers(database, transport, plan, ConsumerMetrics()):
            group.create_task(consumer.run())


async def walk(plan: Plan) -> None:
    """Starts sagas and runs them, also those of processes before it."""
    database, chance = await Database.open(plan.house()), random.Random(plan.seed)
    participant = Participant(await Database.open(plan.participant()), chance, LOSING)
    definitions = [definition_of(participant)]
    parts = (database, EventStore("chat"), definitions, Clock(), Ids(), conduct_of(LEASE_SECONDS), Cutter(plan))
    orchestrator = SagaOrchestrator(*parts)
    async with asyncio.TaskGroup() as group:
        group.create_task(orchestrator.run())
        while not os.path.exists(plan.over):  # noqa: ASYNC240 - a look into a folder
            tenant, caller, saga_id, given = beginning(chance, plan.tenants)
            await start_surely(orchestrator, tenant, caller, saga_id, given)
            with Path(plan.sagas).open("a", buffering=1) as history:  # noqa: ASYNC230 - a line a saga
                history.write(json.dumps({"saga_id": str(saga_id)}) + "\n")
            await asyncio.sleep(chance.random() * plan.pause_seconds)


async def start_surely(
    orchestrator: SagaOrchestrator, tenant: TenantId, caller: Caller, saga_id: UUID, given: Values
) -> None:
    while True:
        try:
            await orchestrator.start_saga(tenant, caller, "walk", given, saga_id)
        except SomaError:
            await asyncio.sleep(0.05)
        else:
            return


ROLES = {"writer": write, "relay": relay, "consumer": consume, "saga": walk}

if __name__ == "__main__":
    asyncio.run(ROLES[sys.argv[1]](Plan.read(Path(sys.argv[2]))))
