"""What a saga costs: statements, counted on the connections themselves."""

from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery

from soma_common.postgres.pool import Database, Pool
from soma_common.postgres.queries import Queries
from soma_common.sagas.models import SagaDefinition, Status
from soma_common.testing.eventually import eventually
from tests.integration.sagas.conftest import Participant, Sagas

pytestmark = pytest.mark.integration

_SQL = Queries.of("soma_common.sagas", "sql/sagas.sql")
# Twenty thousand that are over and a thousand that wait for their next try.
MANY = """
insert into sagas (tenant_id, saga_id, name, version, status, step, sub, roles, scopes, correlation_id, traceparent,
                   input, awaits, deadline_time, due_time)
select gen_random_uuid(), gen_random_uuid(), 'walk', 1, case when g <= 20000 then 'COMPLETED' else 'RUNNING' end, 'a',
       'ada', '{}', '{}', 'c', 't', '{}', '{}', now(), case when g > 20000 then now() + interval '1 hour' end
from generate_series(1, 21000) g;
analyze sagas;
"""


class Counted:
    """Every statement that goes over the connections of a database, by its first words."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, query: LoggedQuery) -> None:
        self.statements.append(" ".join(str(query.query).split()[:4]))

    async def listen(self, database: Database) -> None:
        """To all connections, each opened first, so that none is made later."""
        for pool in (database._app, database._worker):
            await self._listen(pool)

    async def _listen(self, pool: Pool) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(pool.get_max_size()):
                connection = await stack.enter_async_context(pool.acquire())
                connection.add_query_logger(self)


@pytest.fixture
async def counted(sagas: Sagas) -> Counted:
    found = Counted()
    await found.listen(sagas.database)
    return found


async def test_a_saga_of_three_steps_costs_four_statements(
    sagas: Sagas, participant: Participant, counted: Counted
) -> None:
    """One to start it, one for each step; each with its events. The goal is steps + 2."""
    definition = SagaDefinition("walk", tuple(participant.step(name) for name in "abc"))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        await sagas.finished(orchestrator, await sagas.start(orchestrator))
        counted.statements.clear()
        saga_id = await sagas.start(orchestrator)
        await eventually(lambda: not orchestrator._runner._tasks)
        statements = list(counted.statements)
        saga = await orchestrator.get_saga(sagas.tenant, saga_id)
    assert saga.status is Status.COMPLETED
    assert len(statements) == 4, statements
    assert len(await sagas.told(saga_id)) == 5


async def test_started_in_the_transaction_of_a_change_it_costs_five(
    sagas: Sagas, participant: Participant, counted: Counted
) -> None:
    """The transaction's own two, one to start it, one to take it, one for each step."""
    definition = SagaDefinition("walk", tuple(participant.step(name) for name in "abc"))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        await sagas.finished(orchestrator, await sagas.start(orchestrator))
        counted.statements.clear()
        async with sagas.database.transaction(sagas.tenant) as connection:
            await orchestrator.start_saga(sagas.tenant, sagas.caller, "walk", {}, uuid4(), connection)
        await eventually(lambda: participant.counts["c"] == 2 and not orchestrator._runner._tasks)
        told = list(counted.statements)
    looks = [it for it in told if it.startswith("-- What is due")]
    assert len(told) - len(looks) - 2 == 4, told
    assert 1 <= len(looks) <= 5, "it looks until the transaction is committed"


async def test_an_idle_process_reads_neither_what_is_over_nor_what_waits(sagas: Sagas) -> None:
    """Its question ends at the first saga that is not due, however many of them there are."""
    owner = await asyncpg.connect(sagas.urls.owner_dsn)
    try:
        await owner.execute(MANY)
    finally:
        await owner.close()
    async with sagas.database.worker() as connection:
        question = f"explain (analyze) {_SQL.claim}"
        plan = await connection.fetch(question, uuid4(), 10.0, ["walk"], [1], 16)
    told = "\n".join(row[0] for row in plan)
    assert "Index Scan using sagas_due" in told, told
    assert "Rows Removed by Filter" not in told, told
