"""Which models answer in the place of one that cannot: kept beside the profiles, as those of settings have some.

Nothing here raises a catalogue's version or tells of a change; `editing.py` does.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from servers.chat.domain.catalogue import Catalogue, fallback_problem
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/models.sql")


async def stored_fallbacks(connection: Connection, tenant: TenantId) -> Mapping[str, tuple[str, ...]]:
    """The lists of a tenant by the model they are for."""
    rows = await connection.fetch(_SQL.list_fallbacks, tenant)
    return {row["profile_id"]: tuple(row["fallback_ids"]) for row in rows}


async def set_fallbacks(
    connection: Connection, tenant: TenantId, profile_id: str, wanted: Sequence[str], known: Catalogue
) -> bool:
    """Keeps a model's list; whether it changed. Raises INVALID_FIELD for one that cannot be."""
    if tuple(wanted) == known.models[profile_id].fallback_ids:
        return False
    problem = fallback_problem(profile_id, wanted, known)
    if problem is not None:
        raise invalid_field("model.fallback_profile_ids", problem)
    await connection.execute(_SQL.set_fallbacks, tenant, profile_id, list(wanted))
    return True


async def forget_as_fallback(connection: Connection, tenant: TenantId, profile_id: str) -> None:
    """A model that is gone stands in for nobody, and nobody for it."""
    await connection.execute(_SQL.forget_as_fallback, tenant, profile_id)
