"""Results of tools that the client runs: kept beside the answer that asked for them; the last one lets it go on.

How the turn that goes on is answered is not known here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from google.protobuf.message import Message

from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.means import Means
from servers.chat.tools.stored_calls import results_json, results_of, told_calls_of
from servers.chat.turns.engine import Turns
from servers.chat.turns.order import Deed, Order, read_order
from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.chat", "sql/tools.sql")
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Given:
    """A result that a client gives: of which call of which turn, what the tool said, and whether it failed."""

    turn_id: UUID
    call_id: str
    content: str
    failed: bool

    def result(self, name: str) -> CallResult:
        """As it is kept."""
        status = CallStatus.FAILED if self.failed else CallStatus.DONE
        return CallResult(self.call_id, name, status, self.content.replace("\x00", ""))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is missing yet, and the order of the turn that goes on where nothing is."""

    missing: tuple[str, ...]
    order: Order | None = None


class ToolResults:
    """Keeps results and lets turns go on."""

    def __init__(self, means: Means, turns: Turns) -> None:
        self._database = means.database
        self._events = means.events
        self._turns = turns

    async def submit(self, caller: Caller, given: Given, reply: Callable[[Sequence[str], UUID | None], Reply]) -> Reply:
        """Keeps a result; with the last one of its turn the turn that goes on begins.

        Raises RESOURCE_NOT_FOUND, CALL_RESOLVED, and what refuses the turn that goes on: the result is kept even so,
        and the same request tries again.
        """
        once = Once.current()

        async def keep(connection: Connection) -> tuple[_Kept, Reply | None]:
            kept = await self._keep(connection, caller, given)
            answer = None if kept.order is not None else reply(kept.missing, None)
            if answer is not None:
                await once.record(connection, answer)
            return kept, answer

        kept, answer = await self._database.run(caller.tenant_id, keep)
        if answer is None and kept.order is not None:
            answer = reply((), await self._turns.begin(kept.order))
            done = answer
            await self._database.run(caller.tenant_id, lambda it: once.record(it, done))
        assert answer is not None
        return answer

    async def _keep(self, connection: Connection, caller: Caller, given: Given) -> _Kept:
        row = await connection.fetchrow(_SQL.lock_answer, given.turn_id, caller.owner_filter)
        if row is None:
            raise not_found("turn that waits for results", given.turn_id)
        asked = {told.call.call_id: told.call.name for told in told_calls_of(row["tool_calls"]) if told.by_client}
        if given.call_id not in asked:
            raise not_found("tool call", given.call_id)
        known = {result.call_id: result for result in results_of(row["tool_results"])}
        result = given.result(asked[given.call_id])
        before = known.get(given.call_id)
        if before is not None and before != result:
            raise SomaError(Reason.CALL_RESOLVED, {"call_id": given.call_id})
        if before is None:
            await connection.execute(_SQL.add_result, row["message_id"], results_json([result]))
            await self._tell(connection, caller, row, given, result.name)
        missing = tuple(call_id for call_id in asked if call_id not in known and call_id != given.call_id)
        if missing:
            return _Kept(missing)
        return _Kept((), await self._order(connection, caller, row, given.turn_id))

    async def _tell(self, connection: Connection, caller: Caller, row: Any, given: Given, tool: str) -> None:
        payload = payloads_pb2.ToolResultGiven(
            turn_id=str(given.turn_id),
            conversation_id=str(row["conversation_id"]),
            agent_id=str(row["agent_id"]),
            call_id=given.call_id,
            tool=tool,
            failed=given.failed,
        )
        draft = EventDraft("turn.tool_result", f"conversation/{row['conversation_id']}", payload, row["correlation_id"])
        await self._events.append(connection, caller.tenant_id, [draft])

    async def _order(self, connection: Connection, caller: Caller, row: Any, turn_id: UUID) -> Order:
        """The order of the turn that goes on: as the one that asked, with the same tools, behind its answer."""
        question = await connection.fetchrow(_SQL.find_question, row["message_id"])
        if question is None:
            raise not_found("message", row["message_id"])
        request = turn_pb.SendMessageRequest.FromString(row["request"] or b"")
        request.agent_id = str(row["agent_id"])
        request.conversation_id = str(row["conversation_id"])
        request.parent_message_id = str(row["message_id"])
        request.request_id = str(uuid5(turn_id, "results"))
        request.while_busy = turn_pb.WHILE_BUSY_ENQUEUE
        request.on_disconnect = turn_pb.ON_DISCONNECT_CONTINUE
        # What had to be called was called.
        request.ClearField("tool_choice")
        del request.content[:]
        request.content.extend(message_pb2.ContentPart(text=part) for part in question["parts"])
        person = Caller(
            caller.tenant_id, row["owner_sub"], frozenset(row["caller_roles"]), frozenset(row["caller_scopes"])
        )
        return replace(read_order(request, person), deed=Deed.CONTINUE)
