"""The use case of giving a conversation its title after its first exchange: by a model, else by its first words.

It happens after the turn and beside it; a title that a person gave is never touched.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.chat.conversations.stored import change_of
from servers.chat.domain.catalogue import OFFLINE
from servers.chat.domain.model import ModelProfile
from servers.chat.domain.titles import MOST_OUTPUT_TOKENS, first_words, title_of, title_prompt
from servers.chat.intents.intent import DueIntent
from servers.chat.models.port import Models
from servers.chat.models.single_call import Question, Reply, SingleCalls
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.features import Features
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/titles.sql")
_INTENTS: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.titles")
FEATURE: Final = "titles"
# About two minutes of trying; then the first words are the title.
TRIES: Final = 8
_TIMEOUT_SECONDS: Final = 15
_TEMPERATURE: Final = 0.2
_GIVEN_BY: Final = "service:chat"
# What may pass while one waits: the budget of the day, a model or a governor that is away.
_PASSES: Final = frozenset((Kind.UNAVAILABLE, Kind.RESOURCE_EXHAUSTED, Kind.DEADLINE_EXCEEDED, Kind.ABORTED))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """The beginning of a conversation that has no title; `model` is the profile that answered."""

    person: str
    assistant: str
    model: str


class Titles:
    """Gives titles."""

    def __init__(
        self,
        database: Database,
        events: EventStore,
        models: Models,
        calls: SingleCalls,
        features: Features,
        clock: Clock,
        changed: Callable[[UUID], None],
    ) -> None:
        """`changed` is told of a conversation that has a new title."""
        self._database = database
        self._events = events
        self._models = models
        self._calls = calls
        self._features = features
        self._clock = clock
        self._changed = changed

    async def give(self, intent: DueIntent) -> None:
        """Give the conversation of an intent its title, once. Raises what may pass, so that it is tried again."""
        tenant = TenantId(intent.tenant_id)
        request = conversation_pb.GetConversationRequest.FromString(intent.payload)
        conversation_id = UUID(request.conversation_id)
        exchange = await self._exchange(tenant, conversation_id, intent)
        if exchange is None:
            return
        title, unsettled = await self._made(tenant, exchange, intent)
        await self._write(tenant, conversation_id, title or first_words(exchange.person), intent, unsettled)

    async def _exchange(self, tenant: TenantId, conversation_id: UUID, intent: DueIntent) -> _Exchange | None:
        """What was said, where the conversation is there, has no title, and no turn before this one wants it."""
        values = (conversation_id, intent.turn_id, intent.payload)
        rows = await self._database.run(tenant, lambda it: it.fetch(_SQL.read_exchange, *values))
        said = {row["role"]: row for row in rows}
        if "user" not in said:
            return None
        answer = said.get("assistant")
        text, model = ("", "") if answer is None else (answer["text"], answer["model"])
        return _Exchange(said["user"]["text"], text, model)

    async def _made(
        self, tenant: TenantId, exchange: _Exchange, intent: DueIntent
    ) -> tuple[str, governor_pb.SettleTurnRequest | None]:
        """The model's title, empty where it makes none, and its settlement where that is still to be told."""
        if not exchange.assistant or intent.attempts > TRIES or not self._features.enabled(tenant, FEATURE):
            return "", None
        profile = await self._profile(tenant, exchange.model)
        if profile.protocol == OFFLINE:
            return "", None
        try:
            reply = await self._ask(profile, exchange, uuid5(intent.intent_id, str(intent.attempts)))
        except SomaError as error:
            return self._put_up_with(error, intent), None
        if reply.error is not None:
            if reply.unsettled is not None:
                kept = self._settle_later(tenant, intent, reply.unsettled)
                await self._database.run(tenant, kept)
            return self._put_up_with(reply.error, intent), None
        return title_of(reply.text), reply.unsettled

    def _put_up_with(self, error: SomaError, intent: DueIntent) -> str:
        """No title by a model; what may pass is raised until it was tried often enough."""
        if error.kind in _PASSES and intent.attempts < TRIES:
            raise error
        _LOG.info("a title is made of the first words", turn_id=str(intent.turn_id), reason=error.reason.value)
        return ""

    async def _profile(self, tenant: TenantId, profile_id: str) -> ModelProfile:
        """The model that answered, or the default one where that is gone."""

        async def work(connection: Connection) -> ModelProfile:
            found = await self._models.look(connection, tenant, profile_id)
            return found or await self._models.profile(connection, tenant, "")

        return await self._database.run(tenant, work)

    async def _ask(self, profile: ModelProfile, exchange: _Exchange, job_id: UUID) -> Reply:
        messages = title_prompt(exchange.person, exchange.assistant, tokenizer_for(profile.tokenizer))
        question = Question(
            profile, messages, MOST_OUTPUT_TOKENS, _TIMEOUT_SECONDS, _TEMPERATURE, job_id=job_id, settles_later=True
        )
        return await self._calls.ask(question)

    def _settle_later(
        self, tenant: TenantId, intent: DueIntent, request: governor_pb.SettleTurnRequest
    ) -> Callable[[Connection], Awaitable[None]]:
        """What writes an intent for a settlement that could not be told."""
        values = (tenant, UUID(request.job_id), request.SerializeToString(), self._clock.now(), intent.intent_id)

        async def work(connection: Connection) -> None:
            await connection.execute(_INTENTS.settle_later, *values)

        return work

    async def _write(
        self,
        tenant: TenantId,
        conversation_id: UUID,
        title: str,
        intent: DueIntent,
        unsettled: governor_pb.SettleTurnRequest | None,
    ) -> None:
        """The title unless there is one by now, its event, and the settlement that is still to be told."""

        async def work(connection: Connection) -> bool:
            if unsettled is not None:
                await self._settle_later(tenant, intent, unsettled)(connection)
            if await connection.fetchval(_SQL.give_title, conversation_id, title) is None:
                return False
            draft = change_of("conversation.titled", conversation_id, _GIVEN_BY, ("title",))
            await self._events.append(connection, tenant, [draft])
            return True

        if await self._database.run(tenant, work):
            self._changed(conversation_id)
