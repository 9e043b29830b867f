"""The tables of calibration and feedback, read and written by named statements.

Nothing here computes what is observed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from servers.governor.domain.calibration import Calibration, CalibrationBin
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/queries.sql")


@dataclass(frozen=True, slots=True)
class RatedReceipt:
    """What a rating needs of a receipt; `settlement` is None until the turn is settled."""

    settlement: bytes | None
    predicted_output_tokens: int


class CalibrationStore:
    """Every statement on feedback and calibration; each runs in the caller's transaction."""

    async def lock_rated(self, connection: Connection, tenant: TenantId, turn_id: UUID) -> RatedReceipt | None:
        """The receipt of a turn, locked until the transaction ends; None where the turn had no plan."""
        row: Any = await connection.fetchrow(_SQL.lock_rated, tenant, turn_id)
        return None if row is None else RatedReceipt(**row)

    async def rate_receipt(
        self,
        connection: Connection,
        tenant: TenantId,
        turn_id: UUID,
        feedback: bool | None,
        observed: tuple[bytes, float] | None,
    ) -> None:
        """Keeps what was said; `observed` is the receipt's second half and AIQ by it, once the turn is settled."""
        settlement, value = observed or (None, None)
        await connection.execute(_SQL.rate_receipt, tenant, turn_id, feedback, settlement, value)

    async def list_calibration(self, connection: Connection, tenant: TenantId) -> tuple[Calibration, ...]:
        """The calibration of each model that has settled turns, by name."""
        rows: Iterable[Any] = await connection.fetch(_SQL.list_calibration, tenant)
        return tuple(
            Calibration(model, tuple(_bin(row) for row in of_model))
            for model, of_model in groupby(rows, key=lambda row: str(row["model"]))
        )


def _bin(row: Any) -> CalibrationBin:
    return CalibrationBin(row["bin"], row["turns"], row["predicted"], row["observed"], row["absolute_error"])
