"""Receipts that this process opened a moment ago, so that whoever settles them need not read them again.

What is here never changes until the turn is settled; whether it was, the statement that settles it finds out.
"""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from servers.governor.ledger.store import OpenReceipt
from soma_common.kernel.tenancy import TenantId

# Turns of a few minutes on a busy process.
MOST: Final = 4096


class RecentReceipts:
    """Open receipts by turn, the oldest forgotten first."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[TenantId, UUID], OpenReceipt] = OrderedDict()

    def put(self, tenant: TenantId, turn_id: UUID, receipt: OpenReceipt) -> None:
        """Keeps one."""
        self._found[tenant, turn_id] = receipt
        if len(self._found) > MOST:
            self._found.popitem(last=False)

    def take(self, tenant: TenantId, turn_id: UUID) -> OpenReceipt | None:
        """The receipt of a turn, once."""
        return self._found.pop((tenant, turn_id), None)
