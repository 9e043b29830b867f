"""Logs of agents read back from PostgreSQL and folded, and what rows of many agents take.

A program: see `bench/durable/programs.py`.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import astuple
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from bench.cognition.lives import Life
from bench.durable.programs import READY, answer
from servers.cognitive.domain.signals import Facts
from servers.cognitive.domain.state import LogLine, State
from servers.cognitive.keeping.mind_store import MindStore, Used
from servers.cognitive.keeping.minds import Minds, Turn
from servers.cognitive.keeping.replaying import replay_log
from servers.cognitive.keeping.store import StateStore
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as

TENANT: Final = TenantId(UUID(int=1))
# Of a mind between turns, and what grows with turns.
STATES: Final = ("agent_states", "agent_loads", "agent_namespaces")
LOGS: Final = ("state_log", "turn_shares")
_COLUMNS: Final = (
    "tenant_id agent_id version kind turn_id changed_by time baseline before after "
    "signal_names signal_upward signal_strengths signal_causes failed"
).split()


async def work(job: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    """`way` is "replay", of `agents` whose logs have `lines` each, or "rows", of `agents` that had one turn each."""
    urls = HouseDatabase(**job["urls"])
    database = await Database.open(urls)
    agents = [UUID(int=number + 1) for number in range(job["agents"])]
    if job["way"] == "replay":
        await _plant(urls.owner_dsn, agents, Life(1), job["lines"])
        yield READY
        yield await _replayed(database, agents)
    else:
        yield READY
        yield await _rows(database, agents)
    await database.close()


async def _plant(dsn: str | None, agents: list[UUID], life: Life, lines: int) -> None:
    """Write the log and the state of a life for the first agent, and copy both to the others."""
    for _ in range(lines):
        life.goes_on()
    first, *others = agents
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set search_path = cognitive")
        records = [_record(first, line) for line in life.lines]
        await connection.copy_records_to_table("state_log", records=records, columns=_COLUMNS)
        state = _state(first, life.state)
        await connection.execute("insert into agent_states values ($1, $2, $3, $4, $5, $6, $7)", *state)
        for other in others:
            for table in ("agent_states", "state_log"):
                rest = ", ".join(await _columns(connection, table))
                await connection.execute(
                    f"insert into {table} (agent_id, {rest}) select $2, {rest} from {table} where agent_id = $1",
                    first,
                    other,
                )
    finally:
        await connection.close()


async def _columns(connection: asyncpg.Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and attname <> 'agent_id'",
        table,
    )
    return [row["attname"] for row in rows]


def _record(agent_id: UUID, line: LogLine) -> tuple[Any, ...]:
    signals = line.signals
    return (
        TENANT,
        agent_id,
        line.version,
        line.kind,
        line.turn_id,
        line.changed_by,
        line.time,
        *(list(astuple(values)) for values in (line.baseline, line.before, line.after)),
        [signal.name for signal in signals],
        [signal.upward for signal in signals],
        [signal.strength for signal in signals],
        [signal.cause for signal in signals],
        line.failed,
    )


def _state(agent_id: UUID, state: State) -> tuple[Any, ...]:
    values, baseline = list(astuple(state.values)), list(astuple(state.baseline))
    return TENANT, agent_id, state.version, values, baseline, state.as_of, list(state.recent_failures)


async def _replayed(database: Database, agents: list[UUID]) -> Mapping[str, Any]:
    """Fold every log from its first line, and compare with what is stored."""
    store, lines, wrong = StateStore(database), 0, 0
    begun = time.perf_counter()
    for agent_id in agents:
        stored = await store.find(TENANT, agent_id, Clock().now())
        async with database.transaction(TENANT) as connection:
            replay = await replay_log(store, connection, agent_id, stored, whole=True)
        lines += replay.lines
        wrong += replay.state != stored
    return {"lines": lines, "wrong": wrong, "seconds": time.perf_counter() - begun}


async def _rows(database: Database, agents: list[UUID]) -> Mapping[str, Any]:
    """Let each agent have a turn; bytes of its tables with their indexes."""
    minds = Minds(MindStore(database), lambda _: (), EventStore("cognitive"), Clock())
    used = Used(uuid4(), (0.5, 0.3, 0.0, 0.2), 4, "user:somebody")
    with acting_as(service_caller("chat"), str(uuid4())):
        for agent_id in agents:
            turn = Turn(uuid4(), Facts("stop", novelty=0.5, aiq_observed=80.0, aiq_predicted=60.0), used, 0.1, 0.5)
            await minds.observe_turn(TENANT, agent_id, turn, None)
    async with database.transaction(TENANT) as connection:
        return {
            name: await connection.fetchval(
                "select sum(pg_total_relation_size(it::regclass))::bigint from unnest($1::text[]) it", list(tables)
            )
            for name, tables in (("states", STATES), ("logs", LOGS))
        }


if __name__ == "__main__":
    answer(work)
