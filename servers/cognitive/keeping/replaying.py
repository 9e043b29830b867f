"""Folds the log of a state again: from its newest snapshot, or from its first line. Nothing is written."""

from typing import Final
from uuid import UUID

from servers.cognitive.domain.soundness import Replay
from servers.cognitive.domain.state import State, replay, state_before
from servers.cognitive.keeping.store import StateStore
from soma_common.postgres.pool import Connection

_AT_ONCE: Final = 1_000


async def replay_log(
    store: StateStore, connection: Connection, agent_id: UUID, stored: State, *, whole: bool
) -> Replay:
    """What the log leads to at the version of `stored`; the `whole` of it, or what follows the newest snapshot.

    A part of the log is read at a time, so that memory stays small. The transaction is of the tenant.
    """
    begin = None if whole else await store.snapshot(connection, agent_id, stored.version)
    if begin is None:
        begin = await _beginning(store, connection, agent_id, stored)
    state, lines = begin, 0
    while state.version < stored.version:
        part = await store.log_after(connection, agent_id, state.version, min(_AT_ONCE, stored.version - state.version))
        try:
            state = replay(state, part)
        except ValueError:
            part = []
        if not part:
            return Replay(begin.version, lines, None)
        lines += len(part)
    return Replay(begin.version, lines, state)


async def _beginning(store: StateStore, connection: Connection, agent_id: UUID, stored: State) -> State:
    first = await store.log_after(connection, agent_id, 0, 1)
    if first and first[0].version == 1:
        return state_before(first[0])
    return State(0, stored.values, stored.baseline, stored.as_of)
