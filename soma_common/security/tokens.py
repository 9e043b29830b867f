"""Tokens: minting a user's, minting a service's, and verifying both against the public key set.

Nothing here knows methods or scopes' meaning; no text of a token reaches an error.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

import jwt

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT, Caller, TenantId
from soma_common.security.keys import (
    KeyClass,
    KeyFileError,
    SigningKey,
    VerifyingKey,
    read_jwks,
    read_key,
    service_issuer,
)
from soma_common.security.roles import scopes_for

AUDIENCE: Final = "soma"
LEEWAY_SECONDS: Final = 5
_REQUIRED: Final = ["iss", "aud", "sub", "tenant_id", "iat", "exp"]
_LONGEST_TOKEN: Final = 8192
_KEPT_TOKENS: Final = 1024
_REREAD_SECONDS: Final = 1.0
_SERVICE_TTL_SECONDS: Final = 300
_RENEW_SECONDS: Final = 60


def _invalid(problem: str) -> SomaError:
    return SomaError(Reason.INVALID_TOKEN, {"problem": problem})


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    expires_at: float


class TokenVerifier:
    """Verifies users' and services' tokens with a key set in a file; the file is read again when it changes.

    Only EdDSA and RS256 count, each key only with its own algorithm, issuer and class, so that a service's key can
    never sign a user's token. Raises SomaError INVALID_TOKEN or EXPIRED_TOKEN.
    """

    def __init__(self, jwks_path: Path, clock: Clock | None = None) -> None:
        self._path = jwks_path
        self._clock = clock or Clock()
        self._kept: OrderedDict[tuple[str, str], _Verified] = OrderedDict()
        self._stamp = self._file_stamp()
        self._looked_at = self._clock.monotonic()
        self._keys = read_jwks(jwks_path)

    def verify(self, token: str, audience: str = AUDIENCE) -> Caller:
        """The identity that a valid token states."""
        self._reread_if_changed()
        kept = self._kept.get((token, audience))
        if kept is not None:
            if kept.expires_at + LEEWAY_SECONDS <= self._clock.now().timestamp():
                raise SomaError(Reason.EXPIRED_TOKEN)
            return kept.caller
        claims, key = self._decode(token, audience)
        caller = _caller_of(claims, key)
        self._kept[token, audience] = _Verified(caller, float(str(claims["exp"])))
        if len(self._kept) > _KEPT_TOKENS:
            self._kept.popitem(last=False)
        return caller

    def _decode(self, token: str, audience: str) -> tuple[Mapping[str, object], VerifyingKey]:
        if len(token) > _LONGEST_TOKEN:
            raise _invalid("it is too long")
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise _invalid("it is signed by a key that is not known here")
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=audience,
                issuer=key.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError:
            raise SomaError(Reason.EXPIRED_TOKEN) from None
        except jwt.PyJWTError as problem:
            raise _invalid(_problem_of(problem)) from None
        except ValueError:
            raise _invalid("it is not a JWT") from None
        return claims, key

    def _reread_if_changed(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at < _REREAD_SECONDS:
            return
        self._looked_at = now
        stamp = self._file_stamp()
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_jwks(self._path)
        except KeyFileError as problem:
            # Signing a token is what short commands do; they have no use for the log's libraries.
            from soma_common.logging import get_logger

            log = get_logger("soma.security")
            log.error("the changed key set cannot be used; the former one still counts", problem=str(problem))
        else:
            self._kept.clear()

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


_PROBLEMS: Final[tuple[tuple[type[jwt.PyJWTError], str], ...]] = (
    (jwt.InvalidSignatureError, "its signature does not match"),
    (jwt.InvalidAudienceError, "it is meant for another audience"),
    (jwt.InvalidIssuerError, "its issuer may not use this key"),
    (jwt.InvalidAlgorithmError, "its algorithm is not accepted"),
    (jwt.ImmatureSignatureError, "it is not valid yet"),
    (jwt.MissingRequiredClaimError, "a claim is missing"),
    (jwt.DecodeError, "it is not a JWT"),
)


def _problem_of(error: jwt.PyJWTError) -> str:
    return next((text for kind, text in _PROBLEMS if isinstance(error, kind)), "its claims are not acceptable")


def _caller_of(claims: Mapping[str, object], key: VerifyingKey) -> Caller:
    subject = str(claims["sub"])
    service = _acting_service(claims)
    if key.key_class is KeyClass.USER and (service is not None or subject.startswith("service:")):
        raise _invalid("a user's key may not speak for a service")
    if key.key_class is KeyClass.SERVICE and (service is None or service_issuer(service) != key.issuer):
        raise _invalid("it does not name the service whose key signed it")
    try:
        tenant = TenantId(UUID(str(claims["tenant_id"])))
    except ValueError:
        raise _invalid("its tenant is not a UUID") from None
    if key.key_class is KeyClass.USER and tenant == SYSTEM_TENANT:
        raise _invalid("no user belongs to the system tenant")
    roles = claims.get("roles", [])
    sid = claims.get("sid")
    return Caller(
        tenant_id=tenant,
        sub=subject,
        roles=_shared(frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()),
        scopes=_shared(frozenset(str(claims.get("scope", "")).split())),
        service=service,
        sid=None if sid is None else str(sid),
    )


@lru_cache(maxsize=256)
def _shared(names: frozenset[str]) -> frozenset[str]:
    """Equal names as one value: thousands of idle callers hold them, and they weigh more than a kilobyte each."""
    return names


def _acting_service(claims: Mapping[str, object]) -> str | None:
    acting = claims.get("act")
    if acting is None:
        return None
    subject = acting.get("sub") if isinstance(acting, dict) else None
    if not isinstance(subject, str) or not subject.startswith("service:"):
        raise _invalid("its acting party is not a service")
    return subject.removeprefix("service:")


class UserSigner:
    """Mints users' tokens with a key of their class: that of a standalone installation, or the one of control."""

    def __init__(self, key_path: Path, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self._key = _key_of_class(key_path, KeyClass.USER)
        self._clock = clock or Clock()
        self._ids = ids or Ids()

    def mint(
        self,
        tenant_id: TenantId,
        sub: str,
        roles: Iterable[str],
        ttl_seconds: float,
        sid: str | None = None,
        *,
        scopes: Iterable[str] | None = None,
    ) -> str:
        """A token for one user; its scopes follow from the roles unless they are given."""
        held = sorted(set(roles))
        granted = scopes_for(held) if scopes is None else scopes
        claims = _claims(self._key, self._clock, ttl_seconds, tenant_id, sub)
        claims |= {"roles": held, "scope": " ".join(sorted(granted)), "jti": str(self._ids.uuid7())}
        if sid is not None:
            claims["sid"] = sid
        return _sign(self._key, claims)


class ServiceSigner:
    """Mints the short-lived tokens with which one service calls others, for a user or for itself."""

    def __init__(self, service: str, key_path: Path, clock: Clock | None = None) -> None:
        self._key = _key_of_class(key_path, KeyClass.SERVICE)
        if self._key.issuer != service_issuer(service):
            raise ValueError(f"The key in {key_path} belongs to {self._key.issuer}, not to service:{service}.")
        self.service: Final = service
        self._clock = clock or Clock()
        self._kept: OrderedDict[Caller, tuple[str, float]] = OrderedDict()

    def token_for(self, caller: Caller) -> str:
        """A token that acts for `caller`; the same one until it is near its end."""
        now = self._clock.now().timestamp()
        kept = self._kept.get(caller)
        if kept is not None and kept[1] - _RENEW_SECONDS > now:
            return kept[0]
        claims = _claims(self._key, self._clock, _SERVICE_TTL_SECONDS, caller.tenant_id, caller.sub)
        claims |= {
            "roles": sorted(caller.roles),
            "scope": " ".join(sorted(caller.scopes)),
            "act": {"sub": service_issuer(self.service)},
        }
        if caller.sid is not None:
            claims["sid"] = caller.sid
        token = _sign(self._key, claims)
        self._kept[caller] = (token, now + _SERVICE_TTL_SECONDS)
        self._kept.move_to_end(caller)
        if len(self._kept) > _KEPT_TOKENS:
            self._kept.popitem(last=False)
        return token


def _key_of_class(path: Path, key_class: KeyClass) -> SigningKey:
    key = read_key(path)
    if key.key_class is not key_class:
        raise ValueError(f"The key in {path} signs tokens of the class {key.key_class}, not {key_class}.")
    return key


def _claims(key: SigningKey, clock: Clock, ttl_seconds: float, tenant_id: TenantId, sub: str) -> dict[str, object]:
    now = clock.now()
    return {
        "iss": key.issuer,
        "aud": AUDIENCE,
        "sub": sub,
        "tenant_id": str(tenant_id),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=ttl_seconds)).timestamp()),
    }


def _sign(key: SigningKey, claims: dict[str, object]) -> str:
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.kid})
