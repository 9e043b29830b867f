"""The owner of this installation as one who calls its services.

Nothing here calls anything.
"""

from typing import Final
from uuid import UUID

from cli.commands.token import mint
from config import IdentitySettings
from soma_common.kernel.tenancy import Caller, TenantId

_TOKEN_SECONDS: Final = 3600


class OwnerToken:
    """Signs calls with a token of this installation's owner, made anew for every turn.

    With `tenant_id` it is one of an administrator of that tenant: whose key signs tokens looks after every tenant.
    """

    def __init__(self, identity: IdentitySettings, role: str = "admin", tenant_id: UUID | None = None) -> None:
        self._identity = identity
        self._role = role
        self._tenant_id = tenant_id
        self.caller = Caller(TenantId(identity.tenant_id), identity.owner_sub, frozenset((role,)))

    def token_for(self, caller: Caller) -> str:
        """The token; the caller is always the owner."""
        return mint(self._identity, caller.sub, self._role, _TOKEN_SECONDS, self._tenant_id)
