"""Use case: settle what a turn or a job really used, close the receipt, learn from it and tell of it.

One transaction, and one statement for a turn that went as planned. Formulas stand in `domain/aiq.py`; messages are made
by the encoder that is handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from google.protobuf.message import Message

from servers.governor.calibration.feedback import Feedback
from servers.governor.domain.aiq import AiqObservation, Outcome, observe
from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.request import CallCounts
from servers.governor.domain.rules import Lane
from servers.governor.ledger.holding import Owner
from servers.governor.ledger.store import Booking, LedgerStore, OpenReceipt
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.store import Closing, Lessons, PlanStore, SettledTurn
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import RpcCall
from soma_common.rpc.idempotency import Once


@dataclass(frozen=True, slots=True)
class SettleOrder:
    """What was used: by leg, by lane, by tool, and how it ended."""

    owner: Owner
    legs: Mapping[int, Amount]
    lanes_used: Mapping[Lane, int]
    tool_calls: Mapping[str, CallCounts]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement; `observed` and `receipt_id` are None for a job. `given` is the receipt's half of an earlier one."""

    settle_time: datetime
    booking: Booking
    budgets: tuple[BudgetState, ...]
    open_holds: int
    observed: AiqObservation | None = None
    receipt_id: UUID | None = None
    given: bytes | None = None


@dataclass(frozen=True, slots=True)
class SettleEncoder:
    """Makes the second half of the receipt, and the answer."""

    receipt: Callable[[datetime, AiqObservation], bytes]
    response: Callable[[Settled], Message]


@dataclass(frozen=True, slots=True)
class Settlement:
    """Settles turns and jobs."""

    database: Database
    ledger: LedgerStore
    plans: PlanStore
    feedback: Feedback
    events: EventStore
    metrics: GovernorMetrics
    clock: Clock

    async def settle_turn(self, call: RpcCall, order: SettleOrder, encode: SettleEncoder) -> Message:
        """The answer to SettleTurn; a repeat for the same owner books nothing again.

        Raises RESOURCE_NOT_FOUND where nothing was held.
        """
        with self.metrics.timed("SettleTurn"):
            answer = await self._settle_as_planned(call, order, encode) if order.owner.is_turn else None
            if answer is not None:
                return answer
            return await self.database.run(
                call.caller.tenant_id, lambda connection: self._settle(connection, call, order, encode)
            )

    async def _settle_as_planned(self, call: RpcCall, order: SettleOrder, encode: SettleEncoder) -> Message | None:
        """The answer for a turn that went as planned, which nearly all do: its answer is known before it is booked."""
        tenant, turn_id, now = call.caller.tenant_id, order.owner.owner_id, self.clock.now()
        receipt = await self.plans.find_open_receipt(tenant, turn_id)
        if receipt is None:
            return None
        used = sum(order.legs.values(), Amount())
        observed = observe(replace(order.outcome, predicted_output_tokens=receipt.predicted_output_tokens))
        settled = Settled(now, Booking(used, 0, 0, False), (), 0, observed, receipt.receipt_id)
        kept = Once.current().columns(encode.response(settled))
        if kept is None:
            return None
        turn = SettledTurn(turn_id, order.legs, replace(receipt, settlement=encode.receipt(now, observed)))
        events = self.events.values([_told(call, order.owner, settled)])
        closing = Closing(observed.value, now, Lessons(order.tool_calls, order.outcome.output_tokens), events)
        done = await self.plans.settle_as_planned(tenant, turn, closing, kept)
        if done is None:
            return None
        self.metrics.observed(observed.value, dict(zip(Lane, receipt.lanes_planned, strict=True)), order.lanes_used)
        self.metrics.drifted(done.held_tokens, used.tokens)
        return encode.response(replace(settled, budgets=done.budgets, open_holds=done.open_holds))

    async def _settle(
        self, connection: Connection, call: RpcCall, order: SettleOrder, encode: SettleEncoder
    ) -> Message:
        tenant, owner, now = call.caller.tenant_id, order.owner, self.clock.now()
        found = await self.ledger.settle(connection, tenant, owner.owner_id, order.legs, now)
        if found is None or (found.receipt is not None) is not owner.is_turn:
            raise not_found(owner.kind, owner.owner_id)
        receipt, booking = found.receipt, found.booking
        settled = Settled(now, booking, found.budgets, found.open_holds)
        if receipt is not None:
            settled = replace(settled, receipt_id=receipt.receipt_id, given=receipt.settlement)
        if not booking.repeated:
            if receipt is None:
                await self.events.append(connection, tenant, [_told(call, owner, settled)])
            else:
                observed = await self._close(connection, call, order, receipt, encode, settled)
                settled = replace(settled, observed=observed)
            self.metrics.drifted(booking.held_tokens, booking.used.tokens)
        response = encode.response(settled)
        if booking.repeated:
            await Once.current().record_repeat(connection, response)
        else:
            await Once.current().record(connection, response)
        return response

    async def _close(
        self,
        connection: Connection,
        call: RpcCall,
        order: SettleOrder,
        receipt: OpenReceipt,
        encode: SettleEncoder,
        settled: Settled,
    ) -> AiqObservation:
        observed = observe(replace(order.outcome, predicted_output_tokens=receipt.predicted_output_tokens))
        closed = replace(receipt, settlement=encode.receipt(settled.settle_time, observed))
        lessons = Lessons(order.tool_calls, order.outcome.output_tokens)
        events = self.events.values([_told(call, order.owner, settled)])
        closing = Closing(observed.value, settled.settle_time, lessons, events)
        tenant, turn_id = call.caller.tenant_id, order.owner.owner_id
        said = await self.plans.close_receipt(connection, tenant, turn_id, closed, closing)
        if said is not None:
            observed = await self.feedback.move(connection, tenant, turn_id, said) or observed
        planned = dict(zip(Lane, receipt.lanes_planned, strict=True))
        self.metrics.observed(observed.value, planned, order.lanes_used)
        return observed


def _told(call: RpcCall, owner: Owner, settled: Settled) -> EventDraft:
    payload = payloads_pb.BudgetSettled(
        owner_id=str(owner.owner_id),
        receipt_id="" if settled.receipt_id is None else str(settled.receipt_id),
        tokens=settled.booking.used.tokens,
        cost_micros=settled.booking.used.micros,
        debt_tokens=settled.booking.debt_tokens,
    )
    return EventDraft("governor.settled", f"budget/{call.caller.tenant_id}", payload, call.correlation_id)
