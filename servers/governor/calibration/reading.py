"""Use case: read how well AIQ was predicted.

It is written where a receipt is closed, and moved where its answer is rated.
"""

from dataclasses import dataclass

from servers.governor.calibration.store import CalibrationStore
from servers.governor.domain.calibration import Calibration
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Reads calibrations."""

    database: Database
    store: CalibrationStore

    async def of(self, tenant: TenantId) -> tuple[Calibration, ...]:
        """The calibration of each model of which a turn was settled, by name."""
        return await self.database.run(tenant, lambda connection: self.store.list_calibration(connection, tenant))
