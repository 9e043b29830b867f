"""Ending turns whose process is gone: failed, with what was written kept, settled, and told to whoever resumes.

It may be repeated and run beside a process that thinks it is alive: the epoch decides.
"""

from typing import Final
from uuid import UUID

from servers.chat.domain.model import ModelProfile
from servers.chat.domain.turn import Step
from servers.chat.endings import PASSES, End, Endings, Intent
from servers.chat.instance import Instance
from servers.chat.models import Models
from servers.chat.retelling import told_calls
from servers.chat.settlement import empty_settlement
from servers.chat.store import TurnRow, journal_rows, lock_turn
from servers.chat.stream import Numbered, numbered, unpack, usage_message
from soma.chat.v1 import turn_event_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Price, Usage, cost
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/journal.sql")
_LOG: Final = get_logger("soma.chat.recovery")


class Recovery:
    """Ends turns that nobody runs any more."""

    def __init__(self, database: Database, instance: Instance, endings: Endings, models: Models, clock: Clock) -> None:
        self._database = database
        self._instance = instance
        self._endings = endings
        self._models = models
        self._clock = clock

    async def end_abandoned(self) -> int:
        """Ends every turn whose instance has a newer epoch than the turn; returns how many."""
        ended = 0
        while rows := await self._database.worker_statement(_SQL.list_abandoned):
            for row in rows:
                ended += await self.end(TenantId(row["tenant_id"]), row["turn_id"], row["lease_epoch"])
        return ended

    async def end(self, tenant: TenantId, turn_id: UUID, lease_epoch: int) -> bool:
        """Ends one turn as interrupted; False when it had ended already."""
        try:
            done = await self._try(tenant, turn_id, lease_epoch, keeps_answer=True)
        except Exception as problem:
            if isinstance(problem, SomaError) and problem.reason in PASSES:
                raise
            _LOG.error("an interrupted answer cannot be kept", turn_id=str(turn_id), exc_info=problem)
            done = await self._try(tenant, turn_id, lease_epoch, keeps_answer=False)
        if done:
            _LOG.warning("an interrupted turn was ended", turn_id=str(turn_id))
        return done

    async def _try(self, tenant: TenantId, turn_id: UUID, lease_epoch: int, *, keeps_answer: bool) -> bool:
        async def work(connection: Connection) -> bool:
            row = await lock_turn(connection, turn_id, lease_epoch)
            if row is None:
                return False
            events, settlement = await _read(connection, turn_id)
            profile = await self._models.look(connection, tenant, row.model)
            profile = profile or await self._models.profile(connection, tenant, "")
            end = self._end(row, events, settlement, profile)
            if not keeps_answer and end.error is not None:
                end = end.bare(end.error)
            terminal = numbered(str(turn_id), end.sequence, end.now, end.step, end.payload())
            return await self._endings.write(connection, end, terminal)

        return await self._database.run(tenant, work)

    def _end(self, row: TurnRow, events: list[Numbered], settlement: bytes | None, profile: ModelProfile) -> End:
        now = self._clock.now()
        text = "".join(event.text for event in events)
        tokenizer = profile.tokenizer
        # A profile that is gone is billed by nobody's prices.
        price = profile.price if profile.profile_id == row.model else Price()
        request = empty_settlement(row.turn_id, Reason.TURN_INTERRUPTED.value)
        if settlement is not None:
            request = governor_pb.SettleTurnRequest.FromString(settlement)
            request.outcome.error_reason = Reason.TURN_INTERRUPTED.value
        usage = _bill(request, text, tokenizer, price)
        sequence = events[-1].sequence if events else 0
        started = next(
            (turn_event_pb2.TurnEvent.FromString(it.data).started for it in events if it.step is Step.STARTED), None
        )
        return End(
            turn_id=row.turn_id,
            caller=row.caller,
            agent_id=row.agent_id,
            conversation_id=row.conversation_id,
            user_message_id=row.user_message_id,
            assistant_message_id=row.assistant_message_id,
            lease_epoch=row.lease_epoch,
            step=Step.FAILED,
            sequence=sequence + 1,
            finish_reason="error",
            text=text,
            calls=told_calls(events),
            usage=usage,
            cost_micros=cost(price, usage),
            receipt_id=UUID(started.receipt_id) if started is not None and started.receipt_id else None,
            model=row.model,
            tokenizer=tokenizer,
            now=now,
            correlation_id=row.correlation_id,
            error=SomaError(Reason.TURN_INTERRUPTED, {"turn_id": str(row.turn_id)}),
            intents=[Intent("settle_turn", request.SerializeToString(), now)],
        )


async def _read(connection: Connection, turn_id: UUID) -> tuple[list[Numbered], bytes | None]:
    events: list[Numbered] = []
    settlement: bytes | None = None
    position = 0
    while batch := await journal_rows(connection, turn_id, position):
        for entry in batch:
            settlement = settlement or entry.settlement
            events.extend(unpack(entry.events))
        position = batch[-1].last_sequence
    return events, settlement


def _bill(request: governor_pb.SettleTurnRequest, text: str, tokenizer: str, price: Price) -> Usage:
    """Writes what was used into the settlement: the input of the plan and what stands in the journal."""
    if not request.legs:
        return Usage()
    leg = request.legs[0]
    usage = Usage(leg.usage.input_tokens, 0, tokenizer_for(tokenizer).count(text), 0, estimated=True)
    leg.usage.CopyFrom(usage_message(usage))
    leg.cost_micros = cost(price, usage)
    return usage
