"""The saga of a consolidation: snapshot, propose, check, commit. Until the commit nothing that recall sees has changed.

    snapshot   notes which memories are looked at, and what they say
    propose    keeps the facts that a model or the memories themselves propose; no transaction is open meanwhile
    check      proves that no source would be lost, before anything changes
    commit     in one transaction: the sources are looked at again under their locks, some rest, the facts are there

What undoes it later stands in `consolidating.py`.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.domain.consolidation import PlannedFact, Proposal, State, coverage, fact_memory, planned
from servers.memory.domain.memory import Memory
from servers.memory.domain.retention import UNDO
from servers.memory.indexing.indexer import Indexer
from servers.memory.upkeep.consolidation_rows import Consolidation, ConsolidationRows
from servers.memory.upkeep.proposers import Proposers, Wish
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Connection, Database
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall, Values
from soma_common.sagas.plan import may_pass

NAME: Final = "memory.consolidate"
PROPOSE_SECONDS: Final = 240.0
WHOLE_SECONDS: Final = 900.0
# A model that is away is asked so often; then the consolidation is refused.
TRIES: Final = 3
INTERRUPTED: Final = "It could not be done; nothing was changed."
NOTHING_FOUND: Final = "Nothing was said often enough to become a fact; nothing was changed."


class ConsolidationSaga:
    """The steps."""

    def __init__(
        self,
        database: Database,
        rows: ConsolidationRows,
        proposers: Proposers,
        indexer: Indexer,
        events: EventStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._rows = rows
        self._proposers = proposers
        self._indexer = indexer
        self._events = events
        self._clock = clock
        self._ids = ids

    def definition(self) -> SagaDefinition:
        """The saga."""
        return SagaDefinition(
            name=NAME,
            steps=(
                SagaStep("snapshot", self._snapshot, self._abandon, local=True),
                SagaStep("propose", self._propose, self._forget, timeout_seconds=PROPOSE_SECONDS, retries=TRIES),
                SagaStep("check", self._check, self._nothing, local=True),
                SagaStep("commit", self._commit, local=True),
            ),
            timeout_seconds=WHOLE_SECONDS,
        )

    async def _snapshot(self, call: StepCall) -> Values:
        now, before = self._clock.now(), call.input["before"]
        known_before = datetime.fromisoformat(before) if before else now
        # One that was begun by the release before this one names none.
        only = [UUID(each) for each in call.input.get("memory_ids", ())]
        memories = await self._rows.candidates(
            call.connection, call.input["namespace"], known_before, now, call.input["most"], only
        )
        await self._rows.note_sources(call.connection, call.tenant_id, call.saga_id, memories)
        return {"sources": len(memories)}

    async def _abandon(self, call: StepCall) -> None:
        await self._rows.drop_proposals(call.connection, call.tenant_id, call.saga_id)
        await self._rows.abandon(call.connection, call.tenant_id, call.saga_id, INTERRUPTED, self._clock.now())

    async def _propose(self, call: StepCall) -> Values:
        """A model that stays away, or does not want to, is no failure of the saga but its answer."""
        sources = await self._database.run(
            call.tenant_id, lambda it: self._rows.sources(it, call.tenant_id, call.saga_id)
        )
        wish = Wish(call.input["use_model"], call.input["model_id"], call.input["token_budget"])
        refused, used, method = "", 0, ""
        proposals: tuple[Proposal, ...] = ()
        try:
            proposed = await self._proposers.propose(tuple(sources.values()), wish, call.effect_key)
            proposals, method = proposed.proposals, proposed.method
            refused, used = proposed.refused, proposed.used_tokens
        except SomaError as problem:
            if may_pass(problem) and call.attempt < TRIES:
                raise
            refused = f"No model answered ({problem.reason.value}); nothing was changed."

        async def work(connection: Connection) -> None:
            told = (method, refused, used)
            await self._rows.propose(connection, call.tenant_id, call.saga_id, proposals, told)

        await self._database.run(call.tenant_id, work)
        return {"proposals": len(proposals), "refused": bool(refused)}

    async def _forget(self, call: StepCall) -> None:
        await self._database.run(call.tenant_id, lambda it: self._rows.drop_proposals(it, call.tenant_id, call.saga_id))

    async def _check(self, call: StepCall) -> Values:
        """Whether every source would stay live or be reachable; what would lose one is dropped whole."""
        facts, sources = await self._plan(call, hold=False)
        covered = coverage(sources.keys(), facts)
        if covered < 1:
            await self._rows.drop_proposals(call.connection, call.tenant_id, call.saga_id)
        return {"facts": len(facts), "covered": covered}

    async def _nothing(self, call: StepCall) -> None:
        """A check changed nothing."""

    async def _plan(self, call: StepCall, *, hold: bool) -> tuple[tuple[PlannedFact, ...], dict[UUID, Memory]]:
        sources = await self._rows.sources(call.connection, call.tenant_id, call.saga_id, hold=hold)
        proposals = await self._rows.proposals(call.connection, call.tenant_id, call.saga_id)
        return planned(proposals, sources), sources

    async def _commit(self, call: StepCall) -> Values:
        connection, tenant_id = call.connection, call.tenant_id
        begun = await self._rows.find(connection, tenant_id, call.saga_id, hold=True)
        if begun is None or begun.state is not State.RUNNING:
            return {}
        facts, sources = await self._plan(call, hold=True)
        now = self._clock.now()
        memories = [fact_memory(fact, sources, self._ids.uuid7(), now, begun.method) for fact in facts]
        made = []
        for fact, indexed in zip(facts, map(self._indexer.indexed, memories), strict=True):
            if await self._rows.make(connection, tenant_id, fact, indexed):
                made.append((fact, indexed.memory))
        rested = [key for fact, _ in made for key in fact.rested_ids]
        done = replace(
            begun,
            state=State.COMMITTED if made else State.REFUSED,
            sentence=begun.sentence or _outcome(len(made), len(rested)),
            source_count=int(call.results["snapshot"]["sources"]),
            rested_count=len(rested),
            coverage=coverage(sources.keys(), [fact for fact, _ in made]),
            fact_ids=tuple(memory.memory_id for _, memory in made),
            end_time=now,
            undo_until=now + UNDO if made else None,
        )
        await self._rows.drop_proposals(connection, tenant_id, call.saga_id)
        await self._rows.finish(connection, tenant_id, done, rested)
        stored = [_stored(call, memory) for _, memory in made]
        await self._events.append(
            connection, tenant_id, [*stored, told("memory.consolidated", done, call.correlation_id)]
        )
        return {"facts": len(made), "rested": len(rested)}


def told(event_type: str, done: Consolidation, correlation_id: str) -> EventDraft:
    """The event of a consolidation."""
    payload = payloads_pb2.MemoriesConsolidated(
        consolidation_id=str(done.consolidation_id),
        namespace=done.namespace,
        rested_count=done.rested_count,
        fact_count=len(done.fact_ids),
    )
    return EventDraft(event_type, f"consolidation/{done.consolidation_id}", payload, correlation_id)


def _stored(call: StepCall, memory: Memory) -> EventDraft:
    payload = payloads_pb2.MemoryChanged(
        memory_id=str(memory.memory_id), version=memory.version, namespace=memory.namespace
    )
    return EventDraft("memory.stored", f"memory/{memory.memory_id}", payload, call.correlation_id)


def _outcome(facts: int, rested: int) -> str:
    if not facts:
        return NOTHING_FOUND
    return f"{rested} memories became {facts} {'fact' if facts == 1 else 'facts'}."
