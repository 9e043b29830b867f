"""A turn begins to wait for a person: what is asked becomes durable and is told, and nobody runs it from then on.

What it holds of the budget is given back by an intent, so that the person does not wait for that. Who decides, and how
it goes on, stands in `tools/approvals.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from servers.chat.domain.permission import why_asked
from servers.chat.domain.turn import Step
from servers.chat.intents.delivery import Intents
from servers.chat.intents.intent import RELEASE
from servers.chat.means import Means
from servers.chat.tools.effects import LedgerCall, call_columns
from servers.chat.tools.messages import call_message
from servers.chat.turns.journal import Journal
from servers.chat.turns.patience import until_written
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn, Stop
from servers.chat.turns.settlement import settlement_draft
from servers.chat.turns.store import TurnStore
from servers.chat.turns.stream import Numbered, numbered, pack
from soma.chat.v1 import turn_event_pb2
from soma.events.v1 import payloads_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.events.models import EventDraft
from soma_common.logging import get_logger
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/tools.sql")
_LOG: Final = get_logger("soma.chat.waiting")


class Waiting:
    """Lets turns wait."""

    def __init__(self, means: Means, store: TurnStore, journal: Journal, intents: Intents, approval_hours: int) -> None:
        self._database = means.database
        self._events = means.events
        self._clock = means.clock
        self._ids = means.ids
        self._intents = intents
        self._store = store
        self._journal = journal
        self._lapse = timedelta(hours=approval_hours)

    async def begin(self, turn: RunningTurn, progress: Progress, asked: Sequence[LedgerCall]) -> None:
        """Stores what is asked, and what was used so far, and tells it; it keeps trying while the database is away."""
        await self._journal.flush(turn)
        if turn.lost:
            return
        now = self._clock.now()
        expire = now + self._lapse
        events = _asking(turn, progress, asked, now, expire)
        draft = settlement_draft(progress, None)
        values = (
            turn.turn_id,
            turn.lease_epoch,
            now,
            *call_columns(asked),
            [_why(progress, call) for call in asked],
            expire,
            events[0].sequence,
            events[-1].sequence,
            pack(events),
            draft.SerializeToString(),
            *self._events.values([_requested(progress, call) for call in asked]),
            *self._release(progress, draft),
        )
        if not await self._persist(turn, values):
            return
        turn.wait(events)
        self._intents.wake()
        _LOG.info("a turn waits for consent", turn_id=str(turn.turn_id), calls=len(asked))
        if turn.stop is Stop.CANCELLED:
            # The stop came while this was being written; whoever looks after waiting turns ends it.
            await self._store.ask_to_cancel(progress.accepted.tenant, turn.turn_id)

    def _release(self, progress: Progress, draft: governor_pb.SettleTurnRequest) -> tuple[object, ...]:
        """The intent by which the governor learns what was used, and that nothing more is held for it."""
        last_leg = progress.next_leg - 1
        request = governor_pb.ReleaseReservationRequest(
            turn_id=draft.turn_id,
            legs=draft.legs,
            request_id=str(uuid5(progress.accepted.turn_id, f"release/{last_leg}")),
            last_leg=last_leg,
        )
        caller, correlation = progress.accepted.order.caller, str(progress.accepted.order.request_id)
        asker = (caller.sub, sorted(caller.roles), sorted(caller.scopes), correlation)
        return (self._ids.uuid7(), *asker, RELEASE, request.SerializeToString())

    async def _persist(self, turn: RunningTurn, values: tuple[object, ...]) -> bool:
        tenant = turn.order.caller.tenant_id

        async def write(again: bool) -> bool:
            rows = await self._database.tenant_statement(tenant, _SQL.wait_turn, *values)
            if rows[0]["waiting"]:
                return True
            # Either the commit whose answer was lost had gone through, or another process has the turn.
            found = await self._store.find_turn(tenant, turn.turn_id, None) if again else None
            return found is not None and found.status == "waiting"

        return await until_written(write, "a request for consent", turn.turn_id)


def _asking(
    turn: RunningTurn, progress: Progress, asked: Sequence[LedgerCall], now: datetime, expire: datetime
) -> list[Numbered]:
    events: list[Numbered] = []
    state = turn.state
    for call in asked:
        state = state.after(Step.APPROVAL)
        request = turn_event_pb2.ApprovalRequested(
            call=call_message(call.call), arguments_hash=call.hash, sentence=_why(progress, call)
        )
        request.expire_time.FromDatetime(expire)
        events.append(numbered(str(turn.turn_id), state.sequence, now, Step.APPROVAL, request))
    return events


def _why(progress: Progress, call: LedgerCall) -> str:
    agent = progress.accepted.agent
    return why_asked(call.call.name, agent.tool_rules, agent.autonomy)


def _requested(progress: Progress, call: LedgerCall) -> EventDraft:
    accepted = progress.accepted
    payload = payloads_pb2.ApprovalChanged(
        turn_id=str(accepted.turn_id),
        conversation_id=str(accepted.conversation_id or ""),
        agent_id=str(accepted.agent.agent_id),
        call_id=call.call.call_id,
        tool=call.call.name,
        arguments_hash=call.hash,
    )
    return EventDraft("approval.requested", accepted.stream, payload, str(accepted.order.request_id))
