"""The steady work on sessions of all tenants: what nobody has used for a week is forgotten, and answers after a day.

Several processes may do it at once; it is the same whoever does.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from servers.cognitive.acting.store import ActStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger
from soma_common.rpc.idempotency import KEPT

_LOG: Final = get_logger("soma.cognitive.acting")
UNUSED: Final = timedelta(days=7)
EVERY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Pruning:
    """Forgets sessions and actions that are old."""

    store: ActStore
    clock: Clock

    async def run(self) -> None:
        """Repeats it until cancelled."""
        while True:
            try:
                await self.prune()
            except SomaError as error:
                _LOG.info("pruning sessions waits for the database", reason=error.reason.value)
            await asyncio.sleep(EVERY_SECONDS)

    async def prune(self) -> None:
        """Once. Raises DATABASE_UNAVAILABLE."""
        now = self.clock.now()
        await self.store.prune(now - UNUSED, now - KEPT)
