"""Bringing a turn to its end: settle it, make the end durable, tell it. It keeps trying while the database is away.

Nothing here answers a turn; it only closes what was begun.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from servers.chat.answering.minds import weights_values
from servers.chat.domain.turn import Step
from servers.chat.intents.delivery import Intents
from servers.chat.intents.extraction import FEATURE as EXTRACTION
from servers.chat.means import Means
from servers.chat.turns.acceptance import Accepted, refusal_fact
from servers.chat.turns.aftermath import after_turn
from servers.chat.turns.endings import STATUS, End, Endings, Intent
from servers.chat.turns.handover import Handover
from servers.chat.turns.journal import Journal
from servers.chat.turns.patience import until_written
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.settlement import empty_settlement, settlement, turn_cost, turn_usage
from servers.chat.turns.store import error_columns
from servers.chat.turns.stream import Numbered, numbered
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.features import Features

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")
_LOG: Final = get_logger("soma.chat.turns")
SETTLE_SECONDS: Final = 1.5
# A plan whose answer never came may still be made; what it held is given back a little later.
_LATE_PLAN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the work on a turn ended."""

    step: Step
    finish_reason: str
    error: SomaError | None = None


class Ending:
    """Ends turns."""

    def __init__(
        self,
        means: Means,
        endings: Endings,
        journal: Journal,
        governor: GovernorServiceStub,
        features: Features,
        intents: Intents,
        handover: Handover,
    ) -> None:
        self.handover: Final = handover
        self._database = means.database
        self._events = means.events
        self._metrics = means.metrics
        self._clock = means.clock
        self._ids = means.ids
        self._endings = endings
        self._journal = journal
        self._governor = governor
        self._features = features
        self._intents = intents

    async def end(self, turn: RunningTurn, progress: Progress, outcome: Outcome) -> None:
        """Settles, stores and tells the end; returns when it is told or when the turn is lost to another process."""
        if turn.lost:
            turn.end()
            return
        progress.error = outcome.error
        (aiq, unsettled), _ = await asyncio.gather(
            self._settle(progress, outcome.finish_reason, turn.told_events), self._journal.flush(turn)
        )
        if turn.lost:
            turn.end()
            return
        end = self._end(turn, progress, outcome, aiq, unsettled)
        try:
            await self._conclude(turn, end, self._weights(progress))
        except Exception as problem:  # noqa: BLE001 - the net: what cannot be kept must not keep the turn from its end
            error_id = str(self._ids.uuid4())
            _LOG.error("an answer cannot be kept", turn_id=str(turn.turn_id), error_id=error_id, exc_info=problem)
            await self._conclude(turn, end.bare(SomaError(Reason.INTERNAL, {"error_id": error_id})), None)

    async def _conclude(self, turn: RunningTurn, end: End, weights: tuple[float, ...] | None) -> None:
        terminal = numbered(str(turn.turn_id), end.sequence, end.now, end.step, end.payload())
        if await self._persist(end, terminal, weights):
            turn.tell_end(terminal)
            self._metrics.ended(STATUS[end.step])
            self._intents.wake()
        else:
            turn.end()

    async def refuse(self, turn: RunningTurn, accepted: Accepted, error: SomaError) -> None:
        """Stores a refusal, takes the message back, and tells it; what may pass frees its request_id."""

        async def write(again: bool) -> None:
            if again:
                # Whoever asks need not wait for the database.
                turn.refuse(error)
            await self._database.run(accepted.tenant, lambda it: self._store_refusal(it, accepted, error))

        await until_written(write, "a refusal", turn.turn_id)
        self._metrics.ended("refused")
        turn.refuse(error)
        self._look(accepted.tenant, accepted.conversation_id)

    async def _settle(
        self, progress: Progress, finish_reason: str, told_events: int
    ) -> tuple[float | None, Intent | None]:
        """AIQ as observed, and an intent when the governor could not be told now."""
        now = self._clock.now()
        if progress.plan is None and (progress.before is None or progress.before.draft is None):
            empty = empty_settlement(
                progress.accepted.turn_id, "" if progress.error is None else progress.error.reason.value
            )
            return None, Intent("settle_turn", empty.SerializeToString(), now + _LATE_PLAN)
        request = settlement(progress, finish_reason)
        request.outcome.told_events = told_events
        try:
            answer: governor_pb.SettleTurnResponse = await self._governor.SettleTurn(request, timeout=SETTLE_SECONDS)
        except SomaError as error:
            _LOG.info("the settlement is sent later", turn_id=request.turn_id, reason=error.reason.value)
            return None, Intent("settle_turn", request.SerializeToString(), now)
        return answer.aiq_observed.value, None

    def _end(
        self, turn: RunningTurn, progress: Progress, outcome: Outcome, aiq: float | None, unsettled: Intent | None
    ) -> End:
        accepted, now = progress.accepted, self._clock.now()
        learn = self._features.enabled(accepted.tenant, "memory")
        extract = learn and self._features.enabled(accepted.tenant, EXTRACTION)
        intents = list(after_turn(progress, outcome.finish_reason, aiq, now, learn=learn, extract=extract))
        if unsettled is not None:
            intents.append(unsettled)
        return End(
            turn_id=accepted.turn_id,
            caller=accepted.order.caller,
            agent_id=accepted.agent.agent_id,
            conversation_id=accepted.conversation_id,
            user_message_id=accepted.user_message_id,
            assistant_message_id=accepted.assistant_message_id,
            lease_epoch=accepted.lease_epoch,
            step=outcome.step,
            sequence=turn.state.after(outcome.step).sequence,
            finish_reason=outcome.finish_reason,
            text=progress.answer,
            calls=tuple(progress.told),
            usage=turn_usage(progress),
            cost_micros=turn_cost(progress),
            receipt_id=progress.receipt_id,
            model=progress.speaker.profile_id,
            tokenizer=accepted.profile.tokenizer,
            now=now,
            correlation_id=str(accepted.order.request_id),
            error=outcome.error,
            aiq_observed=aiq,
            intents=intents,
        )

    def _weights(self, progress: Progress) -> tuple[float, ...] | None:
        gathered = progress.gathered
        if gathered is None or gathered.modulation.neutral or not gathered.modulation.HasField("retrieval_weights"):
            return None
        return weights_values(gathered.modulation.retrieval_weights)

    async def _persist(self, end: End, terminal: Numbered, weights: tuple[float, ...] | None) -> bool:
        """Stores the end, waiting for the database; False when the turn is not ours any more."""

        async def write(again: bool) -> bool:
            written = await self._endings.write_alone(self._database, end, terminal, weights)
            if written.queue:
                self._look(end.caller.tenant_id, end.conversation_id)
            # Not written again: the commit whose answer was lost had gone through, or another process ended the turn.
            return written.ended or (again and await self._had_ended(end))

        return await until_written(write, "the end of a turn", end.turn_id)

    def _look(self, tenant: TenantId, conversation_id: UUID | None) -> None:
        if conversation_id is not None:
            self.handover.queue.look(tenant, conversation_id)

    async def _had_ended(self, end: End) -> bool:
        found = await self._database.run(end.caller.tenant_id, lambda it: it.fetchval(_SQL.find_end, end.turn_id))
        return bool(found == STATUS[end.step])

    async def _store_refusal(self, connection: Connection, accepted: Accepted, error: SomaError) -> None:
        now = self._clock.now()
        may_pass = error.kind is Kind.UNAVAILABLE
        status = await connection.execute(
            _SQL.refuse_turn, accepted.turn_id, *error_columns(error), now, may_pass, accepted.lease_epoch
        )
        if status != "UPDATE 1":
            return
        if accepted.conversation_id is not None:
            await _withdraw(connection, accepted, self._clock)
        if error.reason is Reason.DEPENDENCY_DOWN:
            empty = empty_settlement(accepted.turn_id, error.reason.value)
            intent = Intent("settle_turn", empty.SerializeToString(), now + _LATE_PLAN)
            caller, correlation = accepted.order.caller, str(accepted.order.request_id)
            await self._endings.insert_intents(connection, caller, correlation, accepted.turn_id, now, [intent])
        await self._events.append(connection, accepted.tenant, [refusal_fact(accepted, error)])


async def _withdraw(connection: Connection, accepted: Accepted, clock: Clock) -> None:
    """Takes back the message, unless it was there before, and the conversation that was made for it."""
    if not accepted.asks_anew:
        await connection.execute(_SQL.withdraw_message, accepted.user_message_id)
    if accepted.new_conversation:
        await connection.execute(_SQL.withdraw_conversation, accepted.conversation_id, accepted.turn_id)
        return
    withdrawn = int(not accepted.asks_anew)
    values = (accepted.conversation_id, accepted.turn_id, accepted.leaf_before, clock.now(), withdrawn)
    await connection.execute(_SQL.free_refused_conversation, *values)
