"""One process of the chaos tests: `python -m tests.chaos.program writer|relay|consumer PLAN.json`.

It runs the real relay or consumer until it is killed; the plan may name the failpoint at which it kills itself.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.policy import LetterPolicy
from soma_common.events.consumer import Consumer, Consumption
from soma_common.events.failpoints import Failpoint
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
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from tests.chaos.plan import Plan

LEASE_SECONDS = 1.0
STREAMS = 12
FAILING = 0.03


class Cutter:
    """Sends this process its signal when it passes the failpoint for the n-th time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._passed: Counter[str] = Counter()

    def __call__(self, point: Failpoint) -> None:
        self._passed[point.value] += 1
        if point.value == self._plan.point and self._passed[point.value] == self._plan.hit:
            os.kill(os.getpid(), getattr(signal, self._plan.signal))


async def transport_of(plan: Plan) -> Transport:
    if plan.kafka_bootstrap:
        return KafkaTransport([plan.kafka_bootstrap], prefix=plan.topic_prefix, session_seconds=2.0)
    relay, reader = await Database.open(plan.bus_relay()), await Database.open(plan.bus_reader())
    return PostgresTransport(relay, reader, Clock(), Ids(), lease_seconds=LEASE_SECONDS)


async def write(plan: Plan) -> None:
    """Appends in transactions of different lengths, and notes what was acknowledged."""
    database, store, chance = await Database.open(plan.house()), EventStore("chat"), random.Random(plan.seed)
    with Path(plan.history).open("a", buffering=1) as history:  # noqa: ASYNC230 - a line a transaction
        while True:
            tenant = TenantId(UUID(chance.choice(plan.tenants)))
            streams = [f"conversation/{chance.randrange(STREAMS)}" for _ in range(chance.randint(1, 4))]
            drafts = [
                EventDraft("turn.started", stream, payloads_pb.TurnStarted(turn_id=str(uuid4())), "chaos")
                for stream in streams
            ]
            async with database.transaction(tenant) as connection:
                events = await store.append(connection, tenant, drafts)
                await asyncio.sleep(chance.choice((0, 0, 0.002, 0.02)))
            history.writelines(json.dumps({"event_id": str(event.event_id)}) + "\n" for event in events)
            await asyncio.sleep(chance.random() * 0.15)


async def relay(plan: Plan) -> None:
    database, transport = await Database.open(plan.house()), await transport_of(plan)
    parts = (database, transport, Clock(), Ids(), RelayMetrics())
    await Relay(*parts, lease_seconds=LEASE_SECONDS, reached=Cutter(plan)).run()


async def consume(plan: Plan) -> None:
    database, transport, chance = await Database.open(plan.house()), await transport_of(plan), random.Random(plan.seed)

    async def effect(connection: Connection, event: Event) -> None:
        await connection.execute(
            "insert into effects (event_id, tenant_id, stream, sequence) values ($1, $2, $3, $4)",
            event.event_id,
            event.tenant_id,
            event.stream,
            event.sequence,
        )
        if chance.random() < FAILING:
            raise RuntimeError("by chance")

    policy = LetterPolicy(quick=Backoff(first_seconds=0.05, longest_seconds=0.2, max_attempts=50))
    letters = DLQHandler(database, EventStore("chat"))
    what = Consumption("chaos", [TURNS], effect, policy=policy)
    await Consumer(database, transport, letters, what, Ids(), ConsumerMetrics(), reached=Cutter(plan)).run()


ROLES = {"writer": write, "relay": relay, "consumer": consume}

if __name__ == "__main__":
    asyncio.run(ROLES[sys.argv[1]](Plan.read(Path(sys.argv[2]))))
