"""The fence of a participant: a step that comes after its compensation is refused, one that never came is not undone.

It stands in the participant's own tables and is set in the transaction of the effect. For calls by gRPC the idempotency
stage and `Once` do that by the mark that the call carries.
"""

from uuid import UUID

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.sagas", "sql/fences.sql")


class Fences:
    """What a participant that is not called by gRPC (a consumer's effect) says in the transaction of its effect.

    `effect_key` is always that of the action: `StepCall.action_key`.
    """

    @staticmethod
    async def act(connection: Connection, tenant_id: TenantId, effect_key: UUID) -> None:
        """The step is done here. Raises SomaError(SAGA_STEP_FENCED) when its compensation was here first."""
        if not await connection.fetchval(_SQL.act, tenant_id, effect_key):
            raise step_fenced(effect_key)

    @staticmethod
    async def undo(connection: Connection, tenant_id: TenantId, effect_key: UUID) -> bool:
        """The step is not to be done any more from now on; says whether it was, and so has to be undone."""
        return bool(await connection.fetchval(_SQL.undo, tenant_id, effect_key))


def step_fenced(effect_key: UUID) -> SomaError:
    """The error for a step that came after its compensation."""
    return SomaError(Reason.SAGA_STEP_FENCED, {"effect_key": str(effect_key)})
