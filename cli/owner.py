"""The owner of this installation as one who calls its services.

Nothing here calls anything.
"""

from typing import Final

from cli.commands.token import mint
from config import IdentitySettings
from soma_common.kernel.tenancy import Caller, TenantId

_TOKEN_SECONDS: Final = 3600


class OwnerToken:
    """Signs calls with a token of this installation's owner, made anew for every turn."""

    def __init__(self, identity: IdentitySettings, role: str = "admin") -> None:
        self._identity = identity
        self._role = role
        self.caller = Caller(TenantId(identity.tenant_id), identity.owner_sub, frozenset((role,)))

    def token_for(self, caller: Caller) -> str:
        """The token; the caller is always the owner."""
        return mint(self._identity, caller.sub, self._role, _TOKEN_SECONDS)
