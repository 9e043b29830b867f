"""Use cases on the state of an agent: read it, set and reset values, let feedback move it, list what moved it.

What moves a value stands in `domain/`, what is kept in `store.py`; turns move it in `minds.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.cognitive.domain.neuromodulators import BOUNDS, Values
from servers.cognitive.domain.state import LogLine, State, feel, first_state, set_values
from servers.cognitive.keeping.moves import move_of
from servers.cognitive.keeping.store import StateStore
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

NEWEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Moment:
    """A state and its values decayed to now."""

    state: State
    values: Values
    time: datetime


@dataclass(frozen=True, slots=True)
class Update:
    """Values to set by hand, by name; `relative` adds instead."""

    wanted: Mapping[str, float]
    relative: bool
    refuse_out_of_range: bool


Updated = TypeVar("Updated", bound=Message)


class States:
    """The states of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(self, database: Database, store: StateStore, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock

    async def read(self, tenant_id: TenantId, agent_id: UUID) -> Moment:
        """The state now; changes nothing."""
        now = self._clock.now()
        state = await self._store.find(tenant_id, agent_id, now)
        return Moment(state, state.at(now), now)

    async def observe_feedback(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, turn_id: UUID | None, reward: float
    ) -> None:
        """Apply feedback of -1 to 1 in the caller's transaction, whose own repeat key makes it happen once.

        It holds the state until that transaction ends. Feedback of 0 moves nothing and leaves no line.
        """
        if reward:
            now = self._clock.now()
            state = await self._store.lock(connection, tenant_id, agent_id, first_state(None, now))
            await self._write(connection, tenant_id, agent_id, state, feel(state, turn_id, now, reward))

    async def update(
        self, tenant_id: TenantId, agent_id: UUID, update: Update, reply: Callable[[Moment, tuple[str, ...]], Updated]
    ) -> Updated:
        """Set values by hand; `reply` makes the answer from the state and the names of the values that were clamped.

        Raises INVALID_FIELD for a value outside its range when the caller wants that refused.
        """

        async def work(connection: Connection) -> Updated:
            now = self._clock.now()
            state = await self._store.lock(connection, tenant_id, agent_id, first_state(None, now))
            wanted, clamped = _wanted(state.at(now), update)
            line = set_values(state, now, wanted, current_call().caller.sub)
            after = await self._write(connection, tenant_id, agent_id, state, line)
            answer = reply(Moment(after, after.values, now), clamped)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def reset(self, tenant_id: TenantId, agent_id: UUID, reply: Callable[[Moment], Updated]) -> Updated:
        """Set all values to the agent's baselines; `reply` makes the answer from the state."""

        async def work(connection: Connection) -> Updated:
            now = self._clock.now()
            state = await self._store.lock(connection, tenant_id, agent_id, first_state(None, now))
            line = set_values(state, now, state.baseline, current_call().caller.sub, "reset")
            after = await self._write(connection, tenant_id, agent_id, state, line)
            answer = reply(Moment(after, after.values, now))
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def changes(
        self, tenant_id: TenantId, agent_id: UUID, limit: int, before_version: int | None
    ) -> tuple[list[LogLine], bool]:
        """What moved the state before a version, newest first, and whether there is more."""
        async with self._database.transaction(tenant_id) as connection:
            lines = await self._store.log(connection, agent_id, before_version or NEWEST, limit + 1)
        return lines[:limit], len(lines) > limit

    async def _write(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, state: State, line: LogLine
    ) -> State:
        move = move_of(self._events, agent_id, state, line)
        await self._store.write(connection, tenant_id, move)
        return move.after


def _wanted(now: Values, update: Update) -> tuple[Values, tuple[str, ...]]:
    """The values that an update asks for, clamped, and the names of those that had to be."""
    wanted, clamped = now, []
    for name, number in update.wanted.items():
        value = now.get(name) + number if update.relative else number
        inside = BOUNDS[name].clamp(value)
        if inside != value:
            if update.refuse_out_of_range:
                bounds = BOUNDS[name]
                raise invalid_field(name, f"must lie between {bounds.minimum:g} and {bounds.maximum:g}")
            clamped.append(name)
        wanted = wanted.with_value(name, inside)
    return wanted, tuple(clamped)
