"""Use case: hear what people said of answers, and move what was observed of them.

Whether somebody may rate is decided by chat, which tells of it; what feedback weighs stands in `domain/aiq.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from servers.governor.calibration.store import CalibrationStore
from servers.governor.domain.aiq import AiqObservation, Outcome, observe
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.consumption import Consumption
from soma_common.events.models import Event
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection

CONSUMER: Final = "governor.feedback"
RATED: Final = "turn.rated"
_MEANINGS: Final[dict[str, bool | None]] = {"good": True, "bad": False, "": None}


@dataclass(frozen=True, slots=True)
class SettledHalf:
    """How the second half of a receipt is read as an outcome, and written with other observations."""

    outcome: Callable[[bytes], Outcome]
    rated: Callable[[bytes, bool | None, AiqObservation], bytes]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Keeps the last thing that was said of each answer, so that hearing it again changes nothing."""

    store: CalibrationStore
    half: SettledHalf

    def consumption(self) -> Consumption:
        """What a process subscribes to."""
        return Consumption.of_types(CONSUMER, {RATED}, self.hear)

    async def hear(self, connection: Connection, event: Event) -> None:
        """Takes in one rating. Raises DecodeError for a payload that is none, ValueError for a rating of no meaning."""
        rated = payloads_pb.TurnRated.FromString(event.payload)
        if rated.rating not in _MEANINGS:
            raise ValueError(f"a turn was rated {rated.rating!r}, which means nothing here")
        await self.move(connection, event.tenant_id, UUID(rated.turn_id), _MEANINGS[rated.rating])

    async def move(
        self, connection: Connection, tenant: TenantId, turn_id: UUID, feedback: bool | None
    ) -> AiqObservation | None:
        """What is observed with the feedback, written down; None where nothing is observed yet, or was ever planned."""
        receipt = await self.store.lock_rated(connection, tenant, turn_id)
        if receipt is None:
            return None
        if receipt.settlement is None:
            await self.store.rate_receipt(connection, tenant, turn_id, feedback, None)
            return None
        outcome = replace(
            self.half.outcome(receipt.settlement),
            predicted_output_tokens=receipt.predicted_output_tokens,
            feedback=feedback,
        )
        observed = observe(outcome)
        written = self.half.rated(receipt.settlement, feedback, observed)
        await self.store.rate_receipt(connection, tenant, turn_id, feedback, (written, observed.value))
        return observed
