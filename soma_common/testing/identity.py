"""Identities for tests: keys in a folder of their own, tokens of users and services, callers.

Nothing here is used outside of tests.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

import jwt

from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.security.keys import SigningKey, make_service_key, make_user_key, write_jwks, write_key
from soma_common.security.roles import scopes_for
from soma_common.security.tokens import ServiceSigner, TokenVerifier, UserSigner

TENANT: Final = TenantId(UUID("0198c0de-0000-7000-8000-00000000000a"))
OTHER_TENANT: Final = TenantId(UUID("0198c0de-0000-7000-8000-00000000000b"))
ISSUER: Final = "soma-test"
SERVICES: Final = ("edge", "cli", "chat", "governor", "memory", "cognitive", "control", "voice")


def user(sub: str = "ada", tenant_id: TenantId = TENANT, roles: Iterable[str] = ("member",)) -> Caller:
    """A verified user, without a token: for `acting_as` and for use cases."""
    held = frozenset(roles)
    return Caller(tenant_id=tenant_id, sub=sub, roles=held, scopes=scopes_for(held))


class TestIdentity:
    """A user key, the key of API keys' tokens, a key per service and their public key set, in a folder."""

    __test__ = False

    def __init__(self, folder: Path, services: Iterable[str] = SERVICES, clock: Clock | None = None) -> None:
        self._clock = clock
        self.folder: Final = folder
        self.jwks_path: Final = folder / "jwks.json"
        self.user_key_path: Final = folder / "user.jwk"
        self.token_key_path: Final = folder / "tokens.jwk"
        self.user_key: Final[SigningKey] = make_user_key(ISSUER)
        self.token_key: Final[SigningKey] = make_user_key(f"{ISSUER}:api-keys")
        self.service_keys: Final = {name: make_service_key(name) for name in services}
        write_key(self.user_key_path, self.user_key)
        write_key(self.token_key_path, self.token_key)
        for name, key in self.service_keys.items():
            write_key(self.service_key_path(name), key)
        write_jwks(self.jwks_path, [self.user_key, self.token_key, *self.service_keys.values()])

    def service_key_path(self, service: str) -> Path:
        """Where the private key of a service is."""
        return self.folder / f"{service}.jwk"

    def verifier(self) -> TokenVerifier:
        """A verifier of this key set."""
        return TokenVerifier(self.jwks_path, self._clock)

    def signer(self, service: str) -> ServiceSigner:
        """The signer of a service."""
        return ServiceSigner(service, self.service_key_path(service), self._clock)

    def user_token(
        self,
        sub: str = "ada",
        tenant_id: TenantId = TENANT,
        roles: Iterable[str] = ("member",),
        ttl_seconds: float = 600,
        sid: str | None = None,
    ) -> str:
        """A token of a user."""
        return UserSigner(self.user_key_path, self._clock).mint(tenant_id, sub, roles, ttl_seconds, sid)

    def signed(self, claims: Mapping[str, object], key: SigningKey | None = None) -> str:
        """A token with exactly these claims, by the user key or another one: for tokens that must be refused."""
        signer = key or self.user_key
        return jwt.encode(dict(claims), signer.private, algorithm="EdDSA", headers={"kid": signer.kid})
