"""The use case of asking a model what of a message is worth keeping, at most once a turn; else the rules' result stays.

It happens after the turn and beside it. What is found goes on as an intent of its own, which memory is told.
"""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from servers.chat.domain.catalogue import OFFLINE
from servers.chat.domain.extraction import MOST_OUTPUT_TOKENS, extraction_prompt, found_in
from servers.chat.domain.learning import Learned, Sort
from servers.chat.domain.model import ModelProfile
from servers.chat.intents.intent import EXTRACT, LEARN, DueIntent
from servers.chat.models.port import Models
from servers.chat.models.single_call import Question, SingleCalls
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as store_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/learning.sql")
_INTENTS: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.learning")
FEATURE: Final = "extraction"
_TIMEOUT_SECONDS: Final = 20
_KINDS: Final = {
    Sort.EPISODIC: memory_pb.MEMORY_KIND_EPISODIC,
    Sort.SEMANTIC: memory_pb.MEMORY_KIND_SEMANTIC,
    Sort.PROCEDURAL: memory_pb.MEMORY_KIND_PROCEDURAL,
}


def filled(frame: store_pb.NewMemory, learned: Learned) -> store_pb.NewMemory:
    """A memory of something learned, with what the frame says of where it was."""
    memory = store_pb.NewMemory()
    memory.CopyFrom(frame)
    memory.text, memory.importance, memory.kind = learned.text, learned.importance, _KINDS[learned.sort]
    if learned.fact is not None:
        memory.predicate, memory.object = learned.fact.predicate, learned.fact.object
    return memory


class Extraction:
    """Asks models for what is worth keeping."""

    def __init__(self, database: Database, models: Models, calls: SingleCalls, clock: Clock) -> None:
        self._database = database
        self._models = models
        self._calls = calls
        self._clock = clock

    async def extract(self, intent: DueIntent) -> None:
        """Put what is to be stored in the place of this intent: its first memory is the frame, then the rules' result.

        The importance of the frame is the least that is kept.

        Raises DATABASE_UNAVAILABLE only.
        """
        tenant = TenantId(intent.tenant_id)
        batch = store_pb.BatchStoreMemoriesRequest.FromString(intent.payload)
        frame, unsettled = batch.memories.pop(0), None
        # A try that did not come to its end may have called the model.
        if intent.attempts == 1:
            found, unsettled = await self._asked(tenant, intent)
            if found is not None:
                del batch.memories[:]
                batch.memories.extend(filled(frame, each) for each in found if each.importance >= frame.importance)
        await self._database.run(tenant, lambda it: self._go_on(it, intent, batch, unsettled))

    async def _asked(
        self, tenant: TenantId, intent: DueIntent
    ) -> tuple[list[Learned] | None, governor_pb.SettleTurnRequest | None]:
        """What a model finds, None for nothing that can be believed; a settlement that is still to be told."""
        row = await self._database.run(tenant, lambda it: it.fetchrow(_SQL.read_said, intent.turn_id))
        if row is None:
            return None, None
        profile = await self._profile(tenant, row["model"])
        if profile.protocol == OFFLINE:
            return None, None
        messages = extraction_prompt(row["text"], tokenizer_for(profile.tokenizer))
        job_id = uuid5(intent.turn_id, EXTRACT)
        question = Question(
            profile, messages, MOST_OUTPUT_TOKENS, _TIMEOUT_SECONDS, 0.0, job_id=job_id, settles_later=True
        )
        try:
            reply = await self._calls.ask(question)
        except SomaError as error:
            _left_to_rules(intent, error)
            return None, None
        if reply.error is not None:
            _left_to_rules(intent, reply.error)
            return None, reply.unsettled
        return found_in(reply.text, row["text"]), reply.unsettled

    async def _profile(self, tenant: TenantId, profile_id: str) -> ModelProfile:
        async def work(connection: Connection) -> ModelProfile:
            found = await self._models.look(connection, tenant, profile_id)
            return found or await self._models.profile(connection, tenant, "")

        return await self._database.run(tenant, work)

    async def _go_on(
        self,
        connection: Connection,
        intent: DueIntent,
        batch: store_pb.BatchStoreMemoriesRequest,
        unsettled: governor_pb.SettleTurnRequest | None,
    ) -> None:
        """What memory is to be told, the settlement that is still to be told, and the end of this intent, at once."""
        now = self._clock.now()
        if unsettled is not None:
            values = (UUID(unsettled.job_id), unsettled.SerializeToString(), now, intent.intent_id)
            await connection.execute(_INTENTS.settle_later, intent.tenant_id, *values)
        if batch.memories:
            await connection.execute(_SQL.learn_later, *_successor(intent, batch, now))
        await connection.execute(_SQL.extracted, intent.intent_id)


def _left_to_rules(intent: DueIntent, error: SomaError) -> None:
    _LOG.info("what is learned is found by rules", turn_id=str(intent.turn_id), reason=error.reason.value)


def _successor(intent: DueIntent, batch: store_pb.BatchStoreMemoriesRequest, now: datetime) -> tuple[object, ...]:
    who = (intent.owner_sub, list(intent.caller_roles), list(intent.caller_scopes), intent.correlation_id)
    return (intent.turn_id, uuid5(intent.intent_id, LEARN), *who, batch.SerializeToString(), now)
