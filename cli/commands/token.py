"""`somastack token`: prints a token for one's own programs.

Nothing here reaches a service: the key of this installation signs it.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit, damaged_key
from cli.spans import seconds_of

if TYPE_CHECKING:
    from uuid import UUID

    from config import IdentitySettings

_LONGEST = 366 * 86_400


def token(
    role: Annotated[str, typer.Option(help="viewer, member, operator or admin.")] = "admin",
    ttl: Annotated[str, typer.Option(help="How long it is valid: 90s, 30m, 1h, 7d.")] = "1h",
    sub: Annotated[str | None, typer.Option(help="For whom; without it for the owner of this installation.")] = None,
) -> None:
    """Print a token (a JWT) that opens every public door: page, REST, OpenAI, WebSocket, gRPC.

    Only the token is printed, so that it can be used in place.

    Examples:  somastack token  ·  somastack token --role viewer --ttl 7d  ·
    curl -H "Authorization: Bearer $(somastack token)" …
    """
    from config import load_settings
    from soma_common.kernel.tenancy import ROLES

    if role not in ROLES:
        raise CommandError(f"There is no role {role}. It may be {', '.join(ROLES)}.", Exit.WRONG_USE)
    if sub is not None and not _is_name(sub):
        raise CommandError("A subject is a name of 1 to 200 characters and not that of a service.", Exit.WRONG_USE)
    seconds = seconds_of(ttl, _LONGEST)
    identity = load_settings().identity
    print(mint(identity, sub or identity.owner_sub, role, seconds))


def _is_name(sub: str) -> bool:
    return bool(sub.strip()) and sub.isprintable() and not sub.startswith("service:") and len(sub) <= 200


def mint(identity: "IdentitySettings", sub: str, role: str, seconds: int, tenant_id: "UUID | None" = None) -> str:
    """A token for one person of this installation's tenant, or of another one."""
    from soma_common.kernel.tenancy import TenantId
    from soma_common.security.keys import KeyFileError
    from soma_common.security.roles import installation_scopes_for
    from soma_common.security.tokens import UserSigner

    try:
        signer = UserSigner(identity.user_key_path)
    except (KeyFileError, ValueError) as problem:
        raise damaged_key(problem) from problem
    if tenant_id is not None and tenant_id != identity.tenant_id:
        return signer.mint(TenantId(tenant_id), sub, [role], seconds)
    return signer.mint(TenantId(identity.tenant_id), sub, [role], seconds, scopes=installation_scopes_for([role]))
