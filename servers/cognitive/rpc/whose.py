"""Whose state a request means: the caller's tenant, and an agent of it.

Nothing here knows whether the agent exists.
"""

from uuid import UUID

from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.rpc.call import current_call


def tenant() -> TenantId:
    """The caller's tenant."""
    return current_call().caller.tenant_id


def agent_of(agent_id: str) -> UUID:
    """The agent of this id; the tenant's default agent where it is empty."""
    return UUID(agent_id) if agent_id else default_agent_id(tenant())


def own_tenant(tenant_id: str) -> None:
    """Raises INVALID_FIELD where a former client names another tenant than its token does."""
    if tenant_id and tenant_id != str(tenant()):
        raise invalid_field("tenant_id", "must be that of your token, or be left out")
