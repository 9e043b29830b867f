"""The use cases: forget a person, and see how far that is.

What happens then, step by step, stands in `saga.py`.
"""

from contextlib import suppress
from typing import Final
from uuid import UUID, uuid5

from servers.memory.erasure.rows import Erasure, ErasureRows
from servers.memory.erasure.saga import NAME
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, service_caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.sagas.orchestrator import SagaOrchestrator

ADMIN: Final = "admin"
# How long an answer waits for the end; whoever wants to know more looks again.
WAIT_SECONDS: Final = 8.0
_MARGIN_SECONDS: Final = 1.0


class Subjects:
    """Forgets persons."""

    def __init__(self, database: Database, rows: ErasureRows, sagas: SagaOrchestrator, clock: Clock) -> None:
        self._database = database
        self._rows = rows
        self._sagas = sagas
        self._clock = clock

    async def forget(self, caller: Caller, sub: str, confirm_sub: str, request_id: UUID) -> Erasure:
        """Begin an erasure, or find the one of this request; as it stands when it is over, or after some seconds.

        Raises INVALID_FIELD where the names differ, SCOPE_MISSING for another person unless an admin asks,
        REQUEST_ID_REUSED for a request that was for somebody else.
        """
        if sub != confirm_sub:
            raise invalid_field("confirm_sub", "it is not the same name as sub, so nobody is forgotten")
        if sub.startswith("service:"):
            raise invalid_field("sub", "it names a service, and services are no persons")
        if caller.sub != sub and ADMIN not in caller.roles:
            raise SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": ADMIN})
        erasure_id = uuid5(request_id, f"soma.memory.erasure/{caller.tenant_id}")

        async def work(connection: Connection) -> None:
            tenant_id = caller.tenant_id
            if await self._rows.begin(connection, tenant_id, erasure_id, sub, self._clock.now()):
                asker = service_caller("memory", tenant_id)
                await self._sagas.start_saga(tenant_id, asker, NAME, {}, erasure_id, connection)

        await self._database.run(caller.tenant_id, work)
        before = await self._found(caller, erasure_id, sub)
        if not before.of_asker and before.sub != sub:
            raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(request_id)})
        if before.end_time is None:
            await self._wait(caller, erasure_id)
        return await self._found(caller, erasure_id, sub)

    async def get(self, caller: Caller, erasure_id: UUID) -> Erasure:
        """An erasure as it stands, for the person and for admins. Raises RESOURCE_NOT_FOUND."""
        erasure = await self._found(caller, erasure_id, caller.sub)
        if not erasure.of_asker and ADMIN not in caller.roles:
            raise not_found("erasure", erasure_id)
        return erasure

    async def _wait(self, caller: Caller, erasure_id: UUID) -> None:
        left = current_call().remaining_seconds()
        seconds = WAIT_SECONDS if left is None else max(0.0, min(WAIT_SECONDS, left - _MARGIN_SECONDS))
        with suppress(SomaError):
            await self._sagas.finished(caller.tenant_id, erasure_id, seconds)

    async def _found(self, caller: Caller, erasure_id: UUID, asker: str) -> Erasure:
        found = await self._database.run(caller.tenant_id, lambda it: self._rows.find(it, erasure_id, asker))
        if found is None:
            raise not_found("erasure", erasure_id)
        return found
