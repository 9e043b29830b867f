"""The steady work on sessions of all tenants: what nobody has used for a week is forgotten, and answers after a day.

Several processes may do it at once; it is the same whoever does.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from servers.cognitive.acting.store import ActStore
from soma_common.kernel.clock import Clock
from soma_common.rpc.idempotency import KEPT

UNUSED: Final = timedelta(days=7)
PRUNE_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Pruning:
    """Forgets sessions and actions that are old."""

    store: ActStore
    clock: Clock

    async def prune(self) -> None:
        """Once. Raises DATABASE_UNAVAILABLE."""
        now = self.clock.now()
        await self.store.prune(now - UNUSED, now - KEPT)
