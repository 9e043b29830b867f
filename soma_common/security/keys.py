"""Signing keys and the public key set: making, storing and reading them.

Nothing here signs or verifies a token; `tokens.py` does.
"""

import hmac
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

_ALGORITHM_OF_KEY_TYPE: Final[Mapping[str, str]] = {"OKP": "EdDSA", "RSA": "RS256"}
_ISSUER: Final = "soma_issuer"
_CLASS: Final = "soma_class"


class KeyFileError(Exception):
    """A key file or key set that cannot be used; the text is one sentence without key material."""


class KeyClass(StrEnum):
    """Whose tokens a key may sign."""

    USER = "user"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key, bound to one issuer and one class of tokens."""

    kid: str
    issuer: str
    key_class: KeyClass
    private: Ed25519PrivateKey

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public part as a JWK that names its issuer and class."""
        jwk = OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {
            **_text(jwk),
            "kid": self.kid,
            "alg": "EdDSA",
            "use": "sig",
            _ISSUER: self.issuer,
            _CLASS: self.key_class,
        }

    def derived_secret(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, the same as long as the key is; they do not tell the key."""
        return hmac.digest(self.private.private_bytes_raw(), purpose.encode(), sha256)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key of the key set with the issuer, class and algorithm it is bound to."""

    kid: str
    issuer: str
    key_class: KeyClass
    algorithm: str
    key: jwt.PyJWK


def service_issuer(service: str) -> str:
    """The issuer name of a service's own tokens, which is also its subject."""
    return f"service:{service}"


def make_key(issuer: str, key_class: KeyClass) -> SigningKey:
    """A new key; its `kid` is the RFC 7638 thumbprint of the public part."""
    private = Ed25519PrivateKey.generate()
    return SigningKey(_thumbprint(private), issuer, key_class, private)


def make_user_key(issuer: str) -> SigningKey:
    """A new key for users' tokens of this issuer."""
    return make_key(issuer, KeyClass.USER)


def make_service_key(service: str) -> SigningKey:
    """A new key for the tokens of one service."""
    return make_key(service_issuer(service), KeyClass.SERVICE)


def write_key(path: Path, key: SigningKey) -> None:
    """Stores a private key as a JWK in a file of mode 0600, atomically."""
    jwk = OKPAlgorithm.to_jwk(key.private, as_dict=True)
    body = {**_text(jwk), "kid": key.kid, "alg": "EdDSA", _ISSUER: key.issuer, _CLASS: key.key_class}
    _write(path, json.dumps(body, indent=1, sort_keys=True), 0o600)


def read_key(path: Path) -> SigningKey:
    """Reads a private key; raises KeyFileError when the file is missing or is not one."""
    jwk = _read_json(path)
    try:
        private = OKPAlgorithm.from_jwk(jwk)
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileError(f"The key file {path} holds no private Ed25519 key.")
        return SigningKey(str(jwk["kid"]), str(jwk[_ISSUER]), KeyClass(str(jwk[_CLASS])), private)
    except (KeyError, ValueError, jwt.PyJWTError) as problem:
        raise KeyFileError(f"The key file {path} cannot be read as a signing key.") from problem


def write_jwks(path: Path, keys: Iterable[SigningKey]) -> None:
    """Stores the public key set of these keys, atomically; every process may read it."""
    body = {"keys": [key.public_jwk for key in keys]}
    _write(path, json.dumps(body, indent=1, sort_keys=True), 0o644)


def read_jwks(path: Path) -> dict[str, VerifyingKey]:
    """The key set by `kid`; a key that is not bound to an issuer and a class is refused with KeyFileError."""
    body = _read_json(path)
    listed = body.get("keys")
    if not isinstance(listed, list):
        raise KeyFileError(f"The key set {path} has no list of keys.")
    found: dict[str, VerifyingKey] = {}
    for jwk in listed:
        key = _verifying_key(path, jwk)
        if key.kid in found:
            raise KeyFileError(f"The key set {path} lists the key {key.kid} twice.")
        found[key.kid] = key
    return found


def _verifying_key(path: Path, jwk: object) -> VerifyingKey:
    if not isinstance(jwk, dict):
        raise KeyFileError(f"The key set {path} holds something that is not a key.")
    try:
        algorithm = _ALGORITHM_OF_KEY_TYPE[str(jwk["kty"])]
        return VerifyingKey(
            kid=str(jwk["kid"]),
            issuer=str(jwk[_ISSUER]),
            key_class=KeyClass(str(jwk[_CLASS])),
            algorithm=algorithm,
            key=jwt.PyJWK.from_dict(jwk, algorithm),
        )
    except (KeyError, ValueError, jwt.PyJWTError) as problem:
        raise KeyFileError(f"The key set {path} holds a key that is not bound to an issuer and a class.") from problem


def _thumbprint(private: Ed25519PrivateKey) -> str:
    jwk = _text(OKPAlgorithm.to_jwk(private.public_key(), as_dict=True))
    canonical = json.dumps({name: jwk[name] for name in ("crv", "kty", "x")}, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def _text(jwk: Mapping[str, object]) -> dict[str, str]:
    return {name: str(jwk[name]) for name in ("crv", "kty", "x", "d") if name in jwk}


def _read_json(path: Path) -> dict[str, object]:
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise KeyFileError(f"The key file {path} cannot be read.") from problem
    if not isinstance(body, dict):
        raise KeyFileError(f"The key file {path} is not a JSON object.")
    return body


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    partial.replace(path)
