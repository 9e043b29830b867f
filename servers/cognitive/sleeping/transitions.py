"""Use cases on the sleep of an agent: read it, bring it to another state, end a time to live that ran out.

What may follow what stands in `domain/sleeping.py`, what is kept in `store.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.cognitive.domain.sleeping import (
    MOST_RETURNS,
    Cause,
    Sleep,
    SleepState,
    allowed,
    moved,
    ways_from,
)
from servers.cognitive.sleeping.store import Change, Rest, SleepStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

# Who moves a sleep that nobody moves by hand.
_ITSELF: Final = "service:cognitive"
# As long as a cycle may take: a load puts an agent to sleep for no longer.
DROWSE_TTL: Final = timedelta(minutes=5)

Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Order:
    """Where an agent shall be brought, for how long (None: for good), and a word of the caller's to be kept with it."""

    target: SleepState
    ttl: timedelta | None
    wake: bool
    trace_id: str


class Sleeps:
    """The sleeps of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(self, database: Database, store: SleepStore, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock

    async def read(self, tenant_id: TenantId, agent_id: UUID) -> Rest:
        """How an agent sleeps now, also where a time to live ran out and nobody wrote it yet; changes nothing."""
        return await self._store.find(tenant_id, agent_id, self._clock.now())

    async def transition(
        self, tenant_id: TenantId, agent_id: UUID, order: Order, reply: Callable[[Rest, SleepState], Reply]
    ) -> Reply:
        """Bring an agent to a state; `reply` makes the answer from what follows and the state before.

        Raises SLEEP_TRANSITION_REFUSED where the table has no such way, INVALID_FIELD for a wake to another state than
        active and for times to live too deep in one another.
        """
        if order.wake and order.target is not SleepState.ACTIVE:
            raise invalid_field("wake", "goes with the target active only; leave it out to go anywhere else")

        async def work(connection: Connection) -> Reply:
            now = self._clock.now()
            before = await self._settled(connection, tenant_id, agent_id, now)
            after = _ordered(before, order, now)
            if after is not before:
                woken = not allowed(before.state, after.state) and after.state is not before.state
                cause = Cause.WAKE if woken else Cause.BY_HAND
                change = Change(before, after, cause, current_call().caller.sub, now, order.trace_id)
                await self._write(connection, tenant_id, agent_id, change)
            rest = await self._store.find_in(connection, tenant_id, agent_id, now)
            answer = reply(rest, before.state)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def drowse(self, tenant_id: TenantId, agent_id: UUID) -> bool:
        """Let an active agent sleep lightly for the time of a cycle; False for one that is not active."""

        async def work(connection: Connection) -> bool:
            now = self._clock.now()
            before = await self._settled(connection, tenant_id, agent_id, now)
            if before.state is not SleepState.ACTIVE:
                return False
            after = moved(before, SleepState.LIGHT, now, DROWSE_TTL)
            await self._write(connection, tenant_id, agent_id, Change(before, after, Cause.LOAD, _ITSELF, now))
            return True

        return await self._database.run(tenant_id, work)

    async def rouse(self, tenant_id: TenantId, agent_id: UUID) -> bool:
        """As `rouse_in`, by itself."""
        return await self._database.run(tenant_id, lambda it: self.rouse_in(it, tenant_id, agent_id))

    async def rouse_in(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> bool:
        """End what `drowse` began, in the caller's transaction; False where the agent was brought elsewhere since."""
        now = self._clock.now()
        stored = await self._store.lock_known(connection, tenant_id, agent_id, now)
        if stored is None:
            return False
        before = await self._end(connection, tenant_id, agent_id, stored, now)
        if before.until is None or await self._store.cause(connection, tenant_id, agent_id, before) != Cause.LOAD:
            return False
        change = Change(before, before.ended_early(now), Cause.LOAD, _ITSELF, now)
        await self._write(connection, tenant_id, agent_id, change)
        return True

    async def settle(self, tenant_id: TenantId, agent_id: UUID) -> bool:
        """Write what times to live that ran out led to; False where none did, or another process is at it."""

        async def work(connection: Connection) -> bool:
            now = self._clock.now()
            sleep = await self._store.lock_ended(connection, tenant_id, agent_id, now)
            if sleep is None:
                return False
            await self._end(connection, tenant_id, agent_id, sleep, now)
            return True

        return await self._database.run(tenant_id, work)

    async def _settled(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, now: datetime) -> Sleep:
        """The sleep now, held until the transaction ends; what times to live led to is written."""
        stored = await self._store.lock(connection, tenant_id, agent_id, now)
        return await self._end(connection, tenant_id, agent_id, stored, now)

    async def _end(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, sleep: Sleep, now: datetime
    ) -> Sleep:
        while (after := sleep.ended(now)) is not None:
            change = Change(sleep, after, Cause.TIME_TO_LIVE, _ITSELF, after.since)
            await self._write(connection, tenant_id, agent_id, change)
            sleep = after
        return sleep

    async def _write(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, change: Change) -> None:
        if not await self._store.write(connection, tenant_id, agent_id, change):
            raise SomaError(Reason.CONFLICT)
        payload = payloads_pb2.CognitiveSleepChanged(
            agent_id=str(agent_id),
            sleep_version=change.after.version,
            previous_state=change.before.state.word,
            state=change.after.state.word,
            cause=change.cause,
        )
        draft = EventDraft("cognitive.sleep.changed", f"sleep/{agent_id}", payload, current_call().correlation_id)
        await self._events.append(connection, tenant_id, [draft])


def _ordered(sleep: Sleep, order: Order, now: datetime) -> Sleep:
    target = order.target
    if target is not sleep.state and not allowed(sleep.state, target, order.wake):
        words = {"state": sleep.state.word, "target": target.word, "allowed": ways_from(sleep.state)}
        raise SomaError(Reason.SLEEP_TRANSITION_REFUSED, words)
    after = moved(sleep, target, now, order.ttl)
    if len(after.returns) > MOST_RETURNS:
        raise invalid_field(
            "ttl_seconds", f"lies in {MOST_RETURNS} others that have not run out; leave it out to end them all"
        )
    return after
