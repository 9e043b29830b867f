"""Who calls, and for which tenant.

Nothing here reads a token or a database: it only names what they say.
"""

from dataclasses import dataclass
from typing import Final, NewType
from uuid import UUID, uuid5

TenantId = NewType("TenantId", UUID)

# Owns global flags, levels and their events; no person belongs to it.
SYSTEM_TENANT: Final = TenantId(UUID("00000000-0000-7000-8000-000000000001"))

ROLES: Final = ("viewer", "member", "operator", "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified identity.

    `sub` is the user, or `service:<name>` for work without one; `service` is the service that acts, if any.
    """

    tenant_id: TenantId
    sub: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    service: str | None = None
    sid: str | None = None

    @property
    def sees_all(self) -> bool:
        """Whether rows of other people of the same tenant are visible."""
        return not self.roles.isdisjoint(("operator", "admin")) or self.sub.startswith("service:")

    @property
    def owner_filter(self) -> str | None:
        """The `owner_sub` to which rows are limited, or None for all rows of the tenant."""
        return None if self.sees_all else self.sub


def service_caller(service: str, tenant_id: TenantId = SYSTEM_TENANT) -> Caller:
    """The identity of a service that works without a user."""
    return Caller(tenant_id=tenant_id, sub=f"service:{service}", roles=frozenset(("operator",)), service=service)


def default_agent_id(tenant_id: TenantId) -> UUID:
    """The id of the tenant's default agent, the same in every service without asking."""
    return uuid5(tenant_id, "soma.chat.v1.Agent/default")
