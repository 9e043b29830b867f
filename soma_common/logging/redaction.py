"""Taking secrets out of what is about to be written, and cutting what is too long.

Pure: nothing here knows a logger, a format or a stream.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final

REDACTED: Final = "[redacted]"
TRUNCATED: Final = "[truncated]"
MAX_TEXT: Final = 2000
MAX_STACK: Final = 8000
MAX_ITEMS: Final = 50
MAX_DEPTH: Final = 6
# JSON readers keep whole numbers of 64 bits; wider ones are written as text, absurd ones as their width.
_WIDEST: Final = 2**63 - 1
_WIDEST_SHOWN: Final = 4096

_SECRET_WORDS: Final = frozenset(
    (
        "authorization",
        "apikey",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "dsn",
        "jwt",
        "passwd",
        "password",
        "privatekey",
        "secret",
        "token",
    )
)
# Words beside `token` that make it a number of tokens or the name of a thing, not a secret.
_HARMLESS: Final = re.compile(
    r"(tokens?_(count|limit|budget|kind|name)|(max|min|input|output|used|prompt)_tokens?|tokens)$"
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_URL_PASSWORD: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*):[^\s/]*@")
_DSN_PASSWORD: Final = re.compile(
    r"(?i)(?P<name>password|passwd|pwd|api[_-]?key|secret|token)(?P<equals>['\"]?\s*[=:]\s*)"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
)
_BEARER: Final = re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{6,}")
_PROVIDER_KEY: Final = re.compile(r"\b(?:sk|pk|rk|gsk|xox[abp])[-_][A-Za-z0-9_-]{12,}")
# One look at a text that decides whether the others are worth their time: every pattern above needs one of these.
_SUSPECT: Final = re.compile(
    r"(?i)eyJ|://|bearer|passw|pwd|api[_-]?key|secret|token|\b(?:sk|pk|rk|gsk|xox[abp])[-_][A-Za-z0-9_-]{12}"
)


def redact(value: object, depth: int = 0) -> object:
    """A copy without secrets, of plain types only, with long texts and deep or long collections cut."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, int) and abs(value) > _WIDEST:
        return str(value)[:MAX_TEXT] if value.bit_length() < _WIDEST_SHOWN else f"<{value.bit_length()} bits>"
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= MAX_DEPTH:
        return TRUNCATED
    if isinstance(value, Mapping):
        return _redact_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        kept: list[object] = [redact(item, depth + 1) for item, _ in zip(value, range(MAX_ITEMS), strict=False)]
        return [*kept, TRUNCATED] if len(value) > MAX_ITEMS else kept
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return redact_text(str(value))


def _redact_mapping(value: Mapping[object, object], depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for position, (key, item) in enumerate(value.items()):
        if position == MAX_ITEMS:
            found["…"] = TRUNCATED
            break
        name = redact_text(str(key))
        found[name] = REDACTED if is_secret_name(name) and item not in (None, "") else redact(item, depth + 1)
    return found


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "_".join(words)
    if _HARMLESS.search(joined):
        return False
    pairs = {"".join(pair) for pair in pairwise(words)}
    return not _SECRET_WORDS.isdisjoint({*words, *pairs})


def redact_text(text: str) -> str:
    """The text without tokens, keys and passwords, cut to MAX_TEXT characters."""
    cut = text if len(text) <= MAX_TEXT * 4 else text[: MAX_TEXT * 4]
    if not cut.isascii():
        # Half of a surrogate pair is no character and cannot be written.
        cut = cut.encode("utf-8", "replace").decode("utf-8")
    clean = _without_secrets(cut) if _SUSPECT.search(cut) else cut
    return clean if len(clean) <= MAX_TEXT else f"{clean[:MAX_TEXT]}{TRUNCATED}"


def redact_stack(text: str) -> str:
    """A stack without secrets; of a long one the end is kept, where the failure is."""
    clean = _without_secrets(text[-MAX_STACK:])
    return clean if len(text) <= MAX_STACK else f"{TRUNCATED}{clean}"


def _without_secrets(text: str) -> str:
    clean = _JWT.sub(REDACTED, text)
    clean = _URL_PASSWORD.sub(rf"\g<scheme>:{REDACTED}@", clean)
    clean = _BEARER.sub(f"Bearer {REDACTED}", clean)
    clean = _DSN_PASSWORD.sub(rf"\g<name>\g<equals>{REDACTED}", clean)
    return _PROVIDER_KEY.sub(REDACTED, clean)
