"""The form of an API key, `soma_<id>_<secret>`: telling one from a token, taking it apart, putting one together.

Nothing here knows whether a key is valid: control does.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_PREFIX: Final = "soma_"
_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 16
# 50 letters of 36 are 258 bits; what is derived has 256.
_SECRET_LENGTH: Final = 50
_FORM: Final = re.compile(rf"soma_([0-9a-z]{{{_ID_LENGTH}}})_([0-9a-z]{{{_SECRET_LENGTH}}})")


@dataclass(frozen=True, slots=True)
class ApiKeyText:
    """An API key as its owner holds it; only the id may be shown."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"ApiKeyText(key_id={self.key_id!r})"

    @property
    def text(self) -> str:
        """The whole key."""
        return f"{_PREFIX}{self.key_id}_{self.secret}"


def is_api_key(credential: str) -> bool:
    """Whether a credential means to be an API key; a JWT never does, for it begins with `ey`."""
    return credential.startswith(_PREFIX)


def parse_api_key(credential: str) -> ApiKeyText | None:
    """The parts of a key; None for what has not its form."""
    match = _FORM.fullmatch(credential)
    return None if match is None else ApiKeyText(match[1], match[2])


def make_key_id() -> str:
    """A new id: 16 letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))


def derive_key_id(root: bytes, made_for: str) -> str:
    """The id of a key that a request makes, the same whenever it is derived again."""
    return _written(hmac.digest(root, f"id/{made_for}".encode(), sha256), _ID_LENGTH)


def derive_api_key(root: bytes, key_id: str, made_for: str) -> ApiKeyText:
    """The key of an id that a request makes, the same whenever it is derived again; 256 bits that only `root` gives.

    So a repeat of the request can be answered with the same text though nobody stores it.
    """
    return ApiKeyText(key_id, _written(hmac.digest(root, f"{key_id}/{made_for}".encode(), sha256), _SECRET_LENGTH))


def _written(digest: bytes, length: int) -> str:
    number, letters = int.from_bytes(digest, "big"), []
    for _ in range(length):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)
