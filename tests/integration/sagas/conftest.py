"""A house with sagas on a real server, and steps that write down what is done to them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from soma_common.dlq.policy import LetterPolicy
from soma_common.events.store import EventStore
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.failpoints import Reached, pass_by
from soma_common.sagas.models import Direction, Saga, SagaDefinition, SagaStep, StepCall, Values
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.sagas.plan import Pace
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

QUICK = Pace(
    step=Backoff(first_seconds=0.01, longest_seconds=0.05),
    slow=Backoff(first_seconds=0.05, longest_seconds=0.1),
    undo=Backoff(first_seconds=0.01, longest_seconds=0.05, max_attempts=3),
)
NEVER_BY_ITSELF = LetterPolicy(later_times=0)


class Participant:
    """Does and undoes each effect once per key, and writes down in which order; fails where a test says so.

    As a fence would, it undoes what nobody knows to be done only if it is.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.effects: dict[UUID, str] = {}
        self.problems: dict[str, list[Exception]] = {}
        self.pauses: dict[str, asyncio.Event] = {}

    def step(self, name: str, **more: object) -> SagaStep:
        """A step that can be undone."""
        return SagaStep(name, self.act, self.undo, **more)  # type: ignore[arg-type]

    def final(self, name: str, **more: object) -> SagaStep:
        """A step that cannot."""
        return SagaStep(name, self.act, **more)  # type: ignore[arg-type]

    async def act(self, call: StepCall) -> Values:
        return await self._have_effect(call, call.step)

    async def undo(self, call: StepCall) -> Values:
        return await self._have_effect(call, f"-{call.step}")

    async def _have_effect(self, call: StepCall, name: str) -> Values:
        self.calls.append(name)
        if name in self.pauses:
            await self.pauses[name].wait()
        if self.problems.get(name):
            raise self.problems[name].pop(0)
        is_back = call.direction is Direction.BACK
        if is_back and call.step not in call.results and call.action_key not in self.effects:
            return {}
        self.effects.setdefault(call.effect_key, name)
        return {"of": name, "attempt": call.attempt}

    def fails(self, name: str, *problems: Exception) -> None:
        self.problems.setdefault(name, []).extend(problems)

    @property
    def done(self) -> list[str]:
        """The effects, in order, each once."""
        return list(self.effects.values())

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.calls)


class Sagas:
    """A house that runs sagas."""

    def __init__(self, database: Database, urls: HouseDatabase) -> None:
        self.database = database
        self.urls = urls
        self.events = EventStore("chat")
        self.tenant = TenantId(uuid4())
        self.caller = Caller(self.tenant, "ada", frozenset(("member",)), frozenset(("chat:write",)))

    def orchestrator(
        self,
        *definitions: SagaDefinition,
        lease_seconds: float = 10.0,
        reached: Reached = pass_by,
        letters: LetterPolicy = NEVER_BY_ITSELF,
        pace: Pace = QUICK,
    ) -> SagaOrchestrator:
        conduct = Conduct(pace=pace, lease_seconds=lease_seconds, letters=letters)
        return SagaOrchestrator(self.database, self.events, definitions, Clock(), Ids(), conduct, reached)

    @asynccontextmanager
    async def running(self, orchestrator: SagaOrchestrator) -> AsyncIterator[SagaOrchestrator]:
        task = asyncio.create_task(orchestrator.run())
        await asyncio.sleep(0)
        try:
            yield orchestrator
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def start(self, orchestrator: SagaOrchestrator, name: str = "walk", saga_id: UUID | None = None) -> UUID:
        saga = await orchestrator.start_saga(self.tenant, self.caller, name, {"to": "sea"}, saga_id or uuid4())
        return saga.saga_id

    async def finished(self, orchestrator: SagaOrchestrator, saga_id: UUID) -> Saga:
        return await orchestrator.finished(self.tenant, saga_id, 20.0)

    async def go(self, definition: SagaDefinition) -> Saga:
        """One saga of this kind from its start to its rest."""
        async with self.running(self.orchestrator(definition)) as orchestrator:
            return await self.finished(orchestrator, await self.start(orchestrator, definition.name))

    async def told(self, saga_id: UUID) -> list[str]:
        """The types of the events of a saga, in order."""
        async with self.database.worker() as connection:
            rows = await connection.fetch(
                "select event_type from events where stream = $1 order by sequence", f"saga/{saga_id}"
            )
        return [row["event_type"] for row in rows]

    async def notes(self, saga_id: UUID) -> list[str]:
        """What the local steps of a saga have written, in order."""
        rows = await self.rows("select what from notes where saga_id = $1 order by number", saga_id)
        return [str(row["what"]) for row in rows]

    async def rows(self, query: str, *args: object) -> list[dict[str, object]]:
        async with self.database.worker() as connection:
            return [dict(row) for row in await connection.fetch(query, *args)]


def history(saga: Saga) -> list[str]:
    """The steps of a saga that are done, a compensation with a minus, in the order in which they were done."""
    done = [step for step in saga.steps if step.status.value == "done"]
    return [
        ("-" if it.direction is Direction.BACK else "") + it.step for it in sorted(done, key=lambda it: it.last_time)
    ]


async def note(call: StepCall) -> Values:
    """A local effect, in both directions; one that is had twice is seen twice."""
    name = call.step if call.direction is Direction.FORWARD else f"-{call.step}"
    await call.connection.execute("insert into notes (saga_id, what) values ($1, $2)", call.saga_id, name)
    return {"noted": name}


NOTES = (
    "create table notes (number bigserial, saga_id uuid, what text);"
    "grant select, insert on notes to chat_app, chat_worker; grant usage on notes_number_seq to chat_app"
)


@pytest.fixture
async def sagas(house_database: HouseDatabases, open_database: OpenDatabase) -> Sagas:
    urls = house_database("chat", None)
    owner = await asyncpg.connect(urls.owner_dsn)
    try:
        await owner.execute(NOTES)
    finally:
        await owner.close()
    return Sagas(await open_database(urls), urls)


@pytest.fixture
def participant() -> Participant:
    return Participant()
