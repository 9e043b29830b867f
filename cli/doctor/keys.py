"""The keys of this installation: whether each signs tokens that the public key set verifies.

Nothing here makes a key or needs a running stack.
"""

from cli.doctor.finding import START, Finding, bad, good, skipped
from config import SERVICES, IdentitySettings, Settings, SettingsError
from config.rules import not_started
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.security.keys import KeyFileError
from soma_common.security.tokens import ServiceSigner, TokenVerifier, UserSigner

_NAME = "keys"
_TTL_SECONDS = 60


def keys(settings: Settings) -> Finding:
    """Whether users' tokens and every service's tokens are verified by the key set."""
    try:
        identity = settings.identity
    except SettingsError as problem:
        if problem.problems == (not_started(),):
            return skipped(_NAME, "they are made at the first start", START)
        return bad(_NAME, problem.sentence, "somastack config show --all")
    try:
        verifier = TokenVerifier(identity.jwks_path)
    except (KeyFileError, OSError) as problem:
        return bad(_NAME, str(problem), f"rm -f {identity.jwks_path} && {START}")
    issuers = {"user": identity.user_key_path, "tokens": identity.token_key_path}
    for name in (*issuers, *SERVICES):
        if (reason := _refused(name, identity, verifier)) is not None:
            path = issuers.get(name) or identity.service_key_path(name)
            return bad(_NAME, reason, f"somastack down && rm -f {path} {identity.jwks_path} && {START}")
    return good(_NAME, f"the issuers' and those of {len(SERVICES)} services sign what the key set verifies")


def _refused(name: str, identity: IdentitySettings, verifier: TokenVerifier) -> str | None:
    """Why a token of this key is not accepted; None when it is."""
    tenant = TenantId(identity.tenant_id)
    try:
        if name in ("user", "tokens"):
            path = identity.user_key_path if name == "user" else identity.token_key_path
            token = UserSigner(path).mint(tenant, identity.owner_sub, ["viewer"], _TTL_SECONDS)
        else:
            token = ServiceSigner(name, identity.service_key_path(name)).token_for(service_caller(name, tenant))
        verifier.verify(token)
    except SomaError as problem:
        return f"A token of the key “{name}” is refused: {problem.sentence}"
    except (KeyFileError, ValueError, OSError) as problem:
        return str(problem)
    return None
