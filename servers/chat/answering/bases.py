"""The bases of model calls in the database: each once for all turns that have it, under its digest.

It is kept so that prompts can be made again, and no turn waits or fails for it.
"""

import asyncio
import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from servers.chat.answering.basis import Basis
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_LOG: Final = get_logger("soma.chat.bases")
_SQL: Final = Queries.of("servers.chat", "sql/prompts.sql")
# How long after its last use one is kept: longer than any tenant may keep its receipts.
KEPT: Final = timedelta(days=3700)
# After so long a use is written down again.
USED_FOR_SECONDS: Final = 86_400.0
MOST_KNOWN: Final = 10_000


class Bases:
    """Keeps bases and finds them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # which ones are known to be kept, and when that was written
        self._known: OrderedDict[tuple[TenantId, bytes], float] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    def keep(self, tenant: TenantId, basis: Basis) -> bytes:
        """Sees to it that a basis is kept, beside whatever else is done; answers its digest."""
        data = basis.to_bytes()
        digest = hashlib.sha256(data).digest()
        written = self._known.get((tenant, digest))
        if written is None or self._clock.monotonic() - written > USED_FOR_SECONDS:
            self._note(tenant, digest)
            values = (tenant, digest, data, self._clock.now(), basis.conversation or None)
            task = asyncio.create_task(self._write(values), name="keep the basis of a call")
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        return digest

    def _note(self, tenant: TenantId, digest: bytes) -> None:
        self._known[(tenant, digest)] = self._clock.monotonic()
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    async def _write(self, values: tuple[TenantId, bytes, bytes, datetime, str | None]) -> None:
        tenant, digest, *_ = values
        try:
            await self._database.run(tenant, lambda it: it.execute(_SQL.keep_basis, *values))
        except SomaError as error:
            # The next turn that has it tries again.
            self._known.pop((tenant, digest), None)
            _LOG.info("the basis of a call is not kept", reason=error.reason.value)

    async def find(self, tenant: TenantId, digest: bytes) -> Basis | None:
        """The basis of this digest, if it is kept. Raises DATABASE_UNAVAILABLE."""
        data: bytes | None = await self._database.run(tenant, lambda it: it.fetchval(_SQL.find_basis, digest))
        return None if data is None else Basis.from_bytes(data)

    async def sweep(self) -> None:
        """Forgets those that no turn has used for longer than receipts are kept. Raises DATABASE_UNAVAILABLE."""
        await self._database.worker_statement(_SQL.sweep_bases, KEPT.total_seconds())
