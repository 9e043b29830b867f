"""Use cases on the state of an agent: read it, observe a turn, set and reset values, explain.

What moves a value stands in `domain/`, what is kept in `store.py`; protos are made by `rpc.py`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from google.protobuf.message import Message

from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts, signals_of
from servers.cognitive.domain.state import LogLine, State, apply, feel, first_state, observe, set_values, with_baseline
from servers.cognitive.keeping.store import Move, StateStore
from soma.common.v1 import modulation_pb2
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

NEWEST: Final = 2**31 - 1
# As often as other processes may be quicker with the same agent.
_TRIES: Final = 16


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """A state, and the newest lines of its log before a version."""

    moment: Moment
    lines: list[LogLine]
    more: bool


Updated = TypeVar("Updated", bound=Message)


class States:
    """The states of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(self, database: Database, store: StateStore, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock
        self._orders: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def read(self, tenant_id: TenantId, agent_id: UUID, baseline: Values | None = None) -> Moment:
        """The state now, decayed to the agent's own baseline where one is given; changes nothing."""
        now = self._clock.now()
        state = await self._store.find(tenant_id, agent_id, now)
        if baseline is not None:
            state = with_baseline(state, baseline)
        return Moment(state, state.at(now), now)

    async def observe_turn(
        self, tenant_id: TenantId, agent_id: UUID, turn_id: UUID, facts: Facts, baseline: Values | None
    ) -> tuple[int, Values]:
        """Apply a turn once; a turn that was observed before answers what it led to then."""
        async with self._order_of(agent_id):
            for _ in range(_TRIES):
                now = self._clock.now()
                first = first_state(baseline, now)
                state, seen = await self._store.find_with_turn(tenant_id, agent_id, turn_id, first)
                if seen is not None:
                    return seen
                base = clamp(baseline) if baseline is not None else state.baseline
                signals = signals_of(facts, state.recent_failures)
                move = self._move(agent_id, state, observe(state, turn_id, now, base, signals, facts.failed))
                if await self._store.move(tenant_id, move):
                    return move.after.version, move.after.values
        raise SomaError(Reason.CONFLICT)

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

    def _order_of(self, agent_id: UUID) -> asyncio.Lock:
        """The turns of an agent one after the other in this process; another process shows in the state's version."""
        lock = self._orders.get(agent_id)
        if lock is None:
            lock = self._orders[agent_id] = asyncio.Lock()
        return lock

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

    async def explain(self, tenant_id: TenantId, agent_id: UUID, limit: int, before_version: int | None) -> Explanation:
        """The state now and what moved it, newest first."""
        now = self._clock.now()
        state = await self._store.find(tenant_id, agent_id, now)
        async with self._database.transaction(tenant_id) as connection:
            lines = await self._store.log(connection, agent_id, before_version or NEWEST, limit + 1)
        return Explanation(Moment(state, state.at(now), now), lines[:limit], len(lines) > limit)

    async def _write(
        self, connection: Connection, tenant_id: TenantId, agent_id: UUID, state: State, line: LogLine
    ) -> State:
        move = self._move(agent_id, state, line)
        await self._store.write(connection, tenant_id, move)
        return move.after

    def _move(self, agent_id: UUID, state: State, line: LogLine) -> Move:
        after = apply(state, line)
        payload = payloads_pb2.CognitiveStateChanged(
            agent_id=str(agent_id),
            state_version=after.version,
            turn_id=str(line.turn_id or ""),
            neuromodulators=modulation_pb2.Neuromodulators(**{name: after.values.get(name) for name in NAMES}),
        )
        draft = EventDraft("cognitive.state.changed", f"agent-state/{agent_id}", payload, current_call().correlation_id)
        return Move(agent_id, line, after, self._events.values([draft]))


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
