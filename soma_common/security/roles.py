"""What each role may do: the one table from roles to scopes, and the order of roles.

Nothing here knows tokens or methods.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from soma_common.kernel.tenancy import ROLES

_VIEWER: Final = frozenset(
    ("chat:read", "models:read", "memory:read", "governor:read", "cognitive:read", "control:read"),
)
_MEMBER: Final = _VIEWER | {"chat:write", "memory:write", "cognitive:write"}
_OPERATOR: Final = _MEMBER | {"control:write", "models:write", "keys:read", "keys:write"}
_ADMIN: Final = _OPERATOR | {"governor:write"}
# No role of a tenant gives these: they are for who runs the installation, whose own key signs tokens with them.
INSTALLATION_SCOPES: Final = frozenset(("tenants:read", "tenants:write"))

ROLE_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "viewer": _VIEWER,
    "member": _MEMBER,
    "operator": _OPERATOR,
    "admin": _ADMIN,
}


def scopes_for(roles: Iterable[str]) -> frozenset[str]:
    """All scopes the roles give together; an unknown role gives none."""
    return frozenset[str]().union(*(ROLE_SCOPES.get(role, frozenset()) for role in roles))


def installation_scopes_for(roles: Iterable[str]) -> frozenset[str]:
    """The scopes that roles give in the tenant of the installation's owner: its admins run the tenants too."""
    held = frozenset(roles)
    return scopes_for(held) | (INSTALLATION_SCOPES if "admin" in held else frozenset())


def reaches(roles: Iterable[str], needed: str) -> bool:
    """Whether one of the roles is `needed` or a higher one; an unknown role reaches nothing."""
    return any(role in ROLES and ROLES.index(role) >= ROLES.index(needed) for role in roles)
