"""Ending turns that cannot be gone on with: failed, with what was written kept, settled, and told to whoever resumes.

It may be repeated and run beside a process that thinks it is alive: the epoch decides.
"""

from typing import Final
from uuid import UUID

from servers.chat.domain.model import ModelProfile
from servers.chat.domain.turn import Step
from servers.chat.models.port import Models
from servers.chat.turns.aftermath import interrupted
from servers.chat.turns.endings import End, Endings, Intent
from servers.chat.turns.journaled import Journaled, read_journaled
from servers.chat.turns.patience import PASSES
from servers.chat.turns.retelling import told_calls
from servers.chat.turns.settlement import empty_settlement
from servers.chat.turns.store import TurnRow, lock_turn
from servers.chat.turns.stream import numbered, usage_message
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Usage, cost
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.tokens import tokenizer_for

_LOG: Final = get_logger("soma.chat.recovery")


class Recovery:
    """Ends turns whose process is gone."""

    def __init__(self, database: Database, endings: Endings, models: Models, clock: Clock) -> None:
        self._database = database
        self._endings = endings
        self._models = models
        self._clock = clock

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
            journaled = await read_journaled(connection, row)
            profiles = await self._profiles(connection, row, journaled)
            end = self._end(row, journaled, profiles)
            if not keeps_answer and end.error is not None:
                end = end.bare(end.error)
            terminal = numbered(str(turn_id), end.sequence, end.now, end.step, end.payload())
            return await self._endings.write(connection, end, terminal)

        return await self._database.run(tenant, work)

    async def _profiles(self, connection: Connection, row: TurnRow, journaled: Journaled) -> dict[str, ModelProfile]:
        """The models of the turn that are still there, and the default one under an empty name."""
        names = {row.model, *(leg.model for leg in ([] if journaled.draft is None else journaled.draft.legs))}
        found = {name: await self._models.look(connection, row.tenant_id, name) for name in sorted(names)}
        default = await self._models.profile(connection, row.tenant_id, "")
        return {"": default, **{name: profile for name, profile in found.items() if profile is not None}}

    def _end(self, row: TurnRow, journaled: Journaled, profiles: dict[str, ModelProfile]) -> End:
        now = self._clock.now()
        request = empty_settlement(row.turn_id, Reason.TURN_INTERRUPTED.value)
        if journaled.draft is not None:
            request.CopyFrom(journaled.draft)
            request.outcome.error_reason = Reason.TURN_INTERRUPTED.value
        usage, cost_micros = _bill(request, journaled, profiles)
        started = journaled.started
        return End(
            turn_id=row.turn_id,
            caller=row.caller,
            agent_id=row.agent_id,
            conversation_id=row.conversation_id,
            user_message_id=row.user_message_id,
            assistant_message_id=row.assistant_message_id,
            lease_epoch=row.lease_epoch,
            step=Step.FAILED,
            sequence=len(journaled.events) + 1,
            finish_reason="error",
            text=journaled.text,
            calls=told_calls(journaled.events),
            usage=usage,
            cost_micros=cost_micros,
            receipt_id=UUID(started.receipt_id) if started is not None and started.receipt_id else None,
            model=row.model,
            tokenizer=profiles.get(row.model, profiles[""]).tokenizer,
            now=now,
            correlation_id=row.correlation_id,
            error=SomaError(Reason.TURN_INTERRUPTED, {"turn_id": str(row.turn_id)}),
            intents=[
                Intent("settle_turn", request.SerializeToString(), now),
                Intent("observe_turn", interrupted(row).SerializeToString(), now),
            ],
        )


def _bill(
    request: governor_pb.SettleTurnRequest, journaled: Journaled, profiles: dict[str, ModelProfile]
) -> tuple[Usage, int]:
    """Writes into the settlement what the calls used; the sum of it, and what it cost in micros."""
    total, micros = Usage(), 0
    for leg in request.legs:
        profile = profiles.get(leg.model)
        usage = journaled.usage(leg, tokenizer_for((profile or profiles[""]).tokenizer))
        leg.usage.CopyFrom(usage_message(usage))
        # A profile that is gone is billed by nobody's prices.
        leg.cost_micros = 0 if profile is None else cost(profile.price, usage)
        total, micros = total + usage, micros + leg.cost_micros
    return total, micros
