"""The saga that deletes a conversation: hidden, its memories forgotten, everything that was said in it erased.

Who may delete it, and the transaction in which it is hidden, stand in `keeping.py`.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.chat.intents.intent import CONSUMER
from soma.events.v1 import payloads_pb2
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import service_caller
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as, current_call
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall, Values

_SQL: Final = Queries.of("servers.chat", "sql/resources.sql")
NAME: Final = "conversation.delete"
FORGET_SECONDS: Final = 60.0
# An hour of tries every few seconds, so that the memories go soon after their service is back; then ever more seldom.
QUICK_TRIES: Final = 400
# After a week without the memory service a person has to look.
PATIENCE_SECONDS: Final = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class DeletionOrder:
    """Which conversation to delete, for which request, and whether what was learned in it stays."""

    conversation_id: UUID
    request_id: UUID
    keep_memories: bool = False

    def input(self, status_before: str) -> Values:
        """What the saga is told."""
        return {
            "conversation_id": str(self.conversation_id),
            "status_before": status_before,
            "keep_memories": self.keep_memories,
        }


class Deletion:
    """The steps. Before the memories are forgotten it can be shown again; afterwards there is no way back."""

    def __init__(self, events: EventStore, memory: MemoryServiceStub, clock: Clock) -> None:
        self._events = events
        self._memory = memory
        self._clock = clock

    def definition(self) -> SagaDefinition:
        """The saga."""
        return SagaDefinition(
            name=NAME,
            steps=(
                SagaStep("hide_conversation", self._hide, self._show_again, local=True),
                SagaStep("forget_memories", self._forget, timeout_seconds=FORGET_SECONDS, retries=QUICK_TRIES),
                SagaStep("erase_messages", self._erase, local=True),
            ),
            timeout_seconds=PATIENCE_SECONDS,
        )

    async def _hide(self, call: StepCall) -> None:
        """It is hidden by the transaction that began the saga; it only must not have been shown since."""
        await call.connection.execute(_SQL.set_status, _conversation(call), "deleted", self._clock.now())

    async def _show_again(self, call: StepCall) -> None:
        values = (_conversation(call), call.input["status_before"], self._clock.now())
        if await call.connection.fetchval(_SQL.set_status, *values) is not None:
            await self._tell(call, "conversation.restored")

    async def _forget(self, call: StepCall) -> Values:
        """As chat itself: what was learned in it goes, whoever told it."""
        if call.input["keep_memories"]:
            return {}
        request = memory_pb.DeleteBySourceRequest(
            conversation_id=call.input["conversation_id"], ended=True, request_id=str(call.effect_key)
        )
        left = current_call().remaining_seconds()
        with acting_as(service_caller("chat", call.tenant_id), call.correlation_id, left):
            done = await self._memory.DeleteBySource(request)
        return {"forgotten": done.forgotten_count, "kept": done.kept_count}

    async def _erase(self, call: StepCall) -> None:
        forgets = not call.input["keep_memories"]
        values = (_conversation(call), self._clock.now(), forgets, CONSUMER)
        await call.connection.execute(_SQL.erase_conversation, *values)
        await self._tell(call, "conversation.erased")

    async def _tell(self, call: StepCall, event_type: str) -> None:
        payload = payloads_pb2.ResourceChanged(
            resource="conversation", resource_id=call.input["conversation_id"], changed_by=call.caller.sub
        )
        stream = f"conversation/{call.input['conversation_id']}"
        draft = EventDraft(event_type, stream, payload, call.correlation_id)
        await self._events.append(call.connection, call.tenant_id, [draft])


def _conversation(call: StepCall) -> UUID:
    return UUID(call.input["conversation_id"])
