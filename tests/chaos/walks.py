"""Sagas for the chaos tests: three steps, two of them at a participant with a database of its own, one in the house.

The participant may lose its answers and may be asked late; the bugs that it can be given are named.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from soma_common.dlq.policy import LetterPolicy
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.fences import Fences
from soma_common.sagas.models import Direction, SagaDefinition, SagaStep, StepCall, Values
from soma_common.sagas.plan import Pace

STEPS: Final = ("reserve", "note", "ship")
LATE_SECONDS: Final = 0.4
TABLES: Final = (
    "create table saga_effects (saga_id uuid, step text, place integer, direction text, "
    "effect_time timestamptz not null default clock_timestamp());"
    "create table saga_keys (key uuid primary key);"
    "grant select, insert on saga_effects, saga_keys to {house}_app, {house}_worker"
)
EFFECT: Final = "insert into saga_effects (saga_id, step, place, direction) values ($1, $2, $3, $4)"
KEY: Final = "insert into saga_keys (key) values ($1) on conflict do nothing returning 1"
_PACE: Final = Pace(
    step=Backoff(first_seconds=0.02, longest_seconds=0.1),
    slow=Backoff(first_seconds=0.1, longest_seconds=0.3),
    undo=Backoff(first_seconds=0.02, longest_seconds=0.1, max_attempts=2),
)


def conduct_of(lease_seconds: float) -> Conduct:
    """Quick; what is stuck is tried again soon, and as often as it takes."""
    letters = LetterPolicy(later_seconds=0.3, later_times=10_000, lease_seconds=2.0)
    return Conduct(pace=_PACE, lease_seconds=lease_seconds, letters=letters)


class Participant:
    """`losing` is how likely an answer is lost; `fenced` and `keyed` are what a right participant is."""

    def __init__(
        self, database: Database, chance: random.Random, losing: float, *, fenced: bool = True, keyed: bool = True
    ) -> None:
        self._database = database
        self._chance = chance
        self._losing = losing
        self._fenced = fenced
        self._keyed = keyed
        self._late: set[asyncio.Task[None]] = set()

    async def act(self, call: StepCall) -> Values:
        """Once under its key; the answer may be lost, and the request may come when nobody waits for it any more."""
        if call.input["refused"] == call.step:
            raise invalid_field("refused", "the saga says so")
        if self._lost():
            task = asyncio.create_task(self._act_late(call))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            raise TimeoutError("nobody answered")
        await self._act(call)
        if self._lost():
            raise TimeoutError("the answer is lost")
        return {"of": call.step}

    async def undo(self, call: StepCall) -> Values:
        """Once, if there is something; what comes later is refused."""

        async def work(connection: Connection) -> None:
            done = await Fences.undo(connection, call.tenant_id, call.action_key)
            if not self._fenced:
                rows = "select count(*) from saga_effects where saga_id = $1 and step = $2 and direction = 'forward'"
                done = bool(await connection.fetchval(rows, call.saga_id, call.step))
            if done:
                await self._have_effect(connection, call)

        await self._database.run(call.tenant_id, work)
        if self._lost():
            raise TimeoutError("the answer is lost")
        return {}

    async def rest(self) -> None:
        """Until what comes late has come."""
        await asyncio.gather(*self._late, return_exceptions=True)

    def _lost(self) -> bool:
        return self._chance.random() < self._losing

    async def _act(self, call: StepCall) -> None:
        async def work(connection: Connection) -> None:
            if self._fenced:
                await Fences.act(connection, call.tenant_id, call.action_key)
            await self._have_effect(connection, call)

        await self._database.run(call.tenant_id, work)

    async def _act_late(self, call: StepCall) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await self._act(call)

    async def _have_effect(self, connection: Connection, call: StepCall) -> None:
        if not self._keyed or await connection.fetchval(KEY, call.effect_key):
            await connection.execute(EFFECT, call.saga_id, call.step, STEPS.index(call.step), call.direction.value)


async def note(call: StepCall) -> Values:
    """A local effect, in both directions: it has no key, its transaction is all."""
    if call.direction is Direction.FORWARD and call.input["refused"] == call.step:
        raise invalid_field("refused", "the saga says so")
    await call.connection.execute(EFFECT, call.saga_id, call.step, STEPS.index(call.step), call.direction.value)
    return {}


def definition_of(participant: Participant) -> SagaDefinition:
    """Two steps at the participant, and one here between them."""
    reserve, here, ship = STEPS
    return SagaDefinition(
        "walk",
        (
            SagaStep(reserve, participant.act, participant.undo, timeout_seconds=5.0, retries=2),
            SagaStep(here, note, note, local=True, retries=2),
            SagaStep(ship, participant.act, participant.undo, timeout_seconds=5.0, retries=2),
        ),
    )


def beginning(chance: random.Random, tenants: Sequence[str]) -> tuple[TenantId, Caller, UUID, Values]:
    """Who starts a saga, its id, and at which step it will be refused, if at any."""
    tenant = TenantId(UUID(chance.choice(tenants)))
    caller = Caller(tenant, "ada", frozenset(("member",)), frozenset(("chat:write",)))
    return tenant, caller, uuid4(), {"refused": chance.choice(("", "", *STEPS))}
