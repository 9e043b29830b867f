"""Use cases: one-use tickets that are claimed, sessions that are ended, and what every edge has to know of them.

Tickets and sessions are made by the edge; here only what was used up is remembered, until it would expire anyway.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/sessions.sql")
_TICKET, _SESSION = "ticket", "session"
_LONGEST: Final = timedelta(days=400)
# The clocks of the edges may go a little differently: an id is remembered for longer than its proof is worth anything.
_KEPT_BEYOND: Final = timedelta(minutes=5)
_MOST_LISTED: Final = 10_000
_SWEPT_EVERY_SECONDS: Final = 60.0
_MOST_SWEPT: Final = 1000


class Sessions:
    """Remembers what was used up."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sweep_at = clock.monotonic() + _SWEPT_EVERY_SECONDS

    async def claim_ticket(self, tenant: TenantId, ticket_id: str, request_id: str, expire_time: datetime) -> None:
        """Takes a ticket for the one request that may use it. Raises INVALID_TOKEN when another one was first."""
        if not await self._spend(tenant, _TICKET, ticket_id.lower(), request_id, expire_time):
            raise SomaError(Reason.INVALID_TOKEN, {"problem": "the ticket was used before"})

    async def end(self, tenant: TenantId, session_id: str, request_id: str, expire_time: datetime) -> None:
        """Ends a session for good."""
        await self._spend(tenant, _SESSION, session_id, request_id, expire_time)

    async def ended(self, limit: int) -> list[str]:
        """The ids of ended sessions of all tenants, as long as a token of theirs could still be shown."""
        most = limit or _MOST_LISTED
        return [row["proof_id"] for row in await self._database.worker_statement(_SQL.list_ended, self._now(), most)]

    async def _spend(self, tenant: TenantId, kind: str, proof_id: str, request_id: str, expire_time: datetime) -> bool:
        if expire_time > self._now() + _LONGEST:
            raise invalid_field("expire_time", f"it must be within {_LONGEST.days} days")
        await self._sweep()
        kept_until = expire_time + _KEPT_BEYOND
        values = (tenant, kind, proof_id, UUID(request_id), kept_until)
        return await self._database.run(tenant, lambda it: it.fetchval(_SQL.spend, *values)) is not None

    async def _sweep(self) -> None:
        """Forgets what has expired, a bounded number at a time; what is left over goes with the next one."""
        now = self._clock.monotonic()
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEPT_EVERY_SECONDS
        if len(await self._database.worker_statement(_SQL.sweep, self._now(), _MOST_SWEPT)) == _MOST_SWEPT:
            self._sweep_at = now

    def _now(self) -> datetime:
        return self._clock.now()
