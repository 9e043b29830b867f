"""Texts that tell nothing and that nobody else can make: bytes sealed under a secret, for one purpose.

Nothing here knows what is sealed.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


class BrokenSealError(ValueError):
    """It was not sealed here, or was changed."""


class Seal:
    """AES-GCM with a random nonce; a secret of 32 bytes is good for far more texts than are ever made."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._cipher = AESGCM(secret)
        self._purpose = purpose.encode()

    def close(self, inside: bytes) -> str:
        """The bytes as letters, digits, dashes and underscores."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, inside, self._purpose)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str) -> bytes:
        """What was sealed. Raises BrokenSealError."""
        try:
            sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._purpose)
        except (UnicodeEncodeError, Base64Error, ValueError, InvalidTag):
            raise BrokenSealError from None
