"""Use cases on a whole mind: read it for a turn, and let a turn move it.

What moves it stands in `domain/`, what is kept in `mind_store.py`; messages are made by `rpc/`.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from servers.cognitive.domain.effects import Bases
from servers.cognitive.domain.load import LoadFacts, after_turn
from servers.cognitive.domain.modulation import Mind, Modulation, modulation_of
from servers.cognitive.domain.neuromodulators import Values
from servers.cognitive.domain.signals import Facts, error_rate, signals_of
from servers.cognitive.domain.state import observe, with_baseline
from servers.cognitive.keeping.mind_store import MindStore, Used
from servers.cognitive.keeping.moves import move_of
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId

# The effects that the flags of a tenant switch off, by name.
EffectsOff = Callable[[TenantId], Collection[str]]
# As often as other processes may be quicker with the same agent.
_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that ended: what happened, what it had used, and how loaded the agent was by it."""

    turn_id: UUID
    facts: Facts
    used: Used
    open_turns: float = 0.0
    context_fill: float = 0.0


@dataclass(frozen=True, slots=True)
class Now:
    """A mind at a moment; `values` are those of its state then, `switched_off` are effects its tenant goes without."""

    mind: Mind
    values: Values
    time: datetime
    switched_off: frozenset[str]

    def modulation(self, bases: Bases, and_off: frozenset[str] = frozenset()) -> Modulation:
        """What it makes of a turn with these bases, without the effects that its tenant or `and_off` switches off."""
        return modulation_of(self.mind, self.time, bases, self.switched_off | and_off, self.values)


class Minds:
    """The minds of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(self, store: MindStore, effects_off: EffectsOff, events: EventStore, clock: Clock) -> None:
        self._store = store
        self._effects_off = effects_off
        self._events = events
        self._clock = clock
        self._orders: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def read(self, tenant_id: TenantId, agent_id: UUID, baseline: Values | None = None) -> Now:
        """The mind now, its state decayed to the agent's own baseline where one is given; changes nothing."""
        now = self._clock.now()
        mind, _ = await self._store.read(tenant_id, agent_id, now)
        mind = _based(mind, baseline)
        return self._now(tenant_id, mind, mind.state.at(now), now)

    async def observe_turn(self, tenant_id: TenantId, agent_id: UUID, turn: Turn, baseline: Values | None) -> Now:
        """Apply a turn once; for one that was observed before, the state is what it led to then.

        Raises CONFLICT where others were quicker each time.
        """
        async with self._order_of(agent_id):
            for _ in range(_TRIES):
                now = self._clock.now()
                mind, seen = await self._store.read(tenant_id, agent_id, now, turn.turn_id)
                if seen is not None:
                    state = replace(mind.state, version=seen.version, values=seen.values, as_of=now)
                    return self._now(tenant_id, replace(mind, state=state), seen.values, now)
                mind = _based(mind, baseline)
                after = await self._moved(tenant_id, agent_id, turn, mind, now)
                if after is not None:
                    return self._now(tenant_id, after, after.state.values, now)
        raise SomaError(Reason.CONFLICT)

    async def _moved(self, tenant_id: TenantId, agent_id: UUID, turn: Turn, mind: Mind, now: datetime) -> Mind | None:
        """The mind after a turn; None where it has moved since it was read."""
        state, facts = mind.state, turn.facts
        signals = signals_of(facts, state.recent_failures)
        line = observe(state, turn.turn_id, now, state.baseline, signals, facts.failed)
        move = move_of(self._events, agent_id, state, line)
        loaded = LoadFacts(turn.open_turns, turn.context_fill, error_rate(move.after.recent_failures))
        load = after_turn(mind.load, loaded, now)
        if not await self._store.observe(tenant_id, move, turn.used, load):
            return None
        return replace(mind, state=move.after, load=load)

    def _now(self, tenant_id: TenantId, mind: Mind, values: Values, time: datetime) -> Now:
        return Now(mind, values, time, frozenset(self._effects_off(tenant_id)))

    def _order_of(self, agent_id: UUID) -> asyncio.Lock:
        """The turns of an agent one after the other in this process; another process shows in the state's version."""
        lock = self._orders.get(agent_id)
        if lock is None:
            lock = self._orders[agent_id] = asyncio.Lock()
        return lock


def _based(mind: Mind, baseline: Values | None) -> Mind:
    return mind if baseline is None else replace(mind, state=with_baseline(mind.state, baseline))
