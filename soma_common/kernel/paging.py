"""Opaque page tokens: where the next page starts, bound to the filter they were made for.

Nothing here knows a store; a token holds no secret, only a position.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from soma_common.kernel.errors import SomaError, invalid_field

Position = str | int
DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200
_FORM: Final = 1
_LONGEST_TOKEN: Final = 2048
_BEYOND_ANY_NUMBER: Final = 2**63


@dataclass(frozen=True, slots=True)
class Page:
    """One request for a page: how many rows, and after which position (None for the first page)."""

    size: int
    after: tuple[Position, ...] | None


def filter_hash(filters: Mapping[str, object]) -> str:
    """A short hash of what a list is filtered and sorted by; equal filters have equal hashes."""
    text = json.dumps(filters, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(text.encode("utf-8"), digest_size=9).hexdigest()


def page_of(page_size: int, page_token: str, filters: Mapping[str, object]) -> Page:
    """Reads a request's fields; size 0 means the default, more than the maximum means the maximum.

    Raises INVALID_FIELD for a token that we did not make or made for another filter.
    """
    if page_size < 0:
        raise invalid_field("page_size", "it must not be negative")
    size = min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    return Page(size, _position(page_token, filters) if page_token else None)


def next_page_token(last: Sequence[Position], filters: Mapping[str, object]) -> str:
    """The token of the page after the row at this position (its sort keys)."""
    body = json.dumps([_FORM, filter_hash(filters), *last], separators=(",", ":")).encode("utf-8")
    return urlsafe_b64encode(body).rstrip(b"=").decode("ascii")


def _position(token: str, filters: Mapping[str, object]) -> tuple[Position, ...]:
    if len(token) > _LONGEST_TOKEN:
        raise unreadable_token()
    try:
        padded = token + "=" * (-len(token) % 4)
        body = json.loads(urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, RecursionError):
        raise unreadable_token() from None
    if not isinstance(body, list) or len(body) < 3 or body[0] != _FORM:
        raise unreadable_token()
    if body[1] != filter_hash(filters):
        raise invalid_field("page_token", "it belongs to a list with another filter; start again without it")
    position = tuple(part for part in body[2:] if _is_position(part))
    if len(position) != len(body) - 2:
        raise unreadable_token()
    return position


def _is_position(part: object) -> bool:
    if isinstance(part, str):
        return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in part)
    return isinstance(part, int) and not isinstance(part, bool) and abs(part) < _BEYOND_ANY_NUMBER


def unreadable_token() -> SomaError:
    """The error for a page token that we did not make, or whose position is none of this list."""
    return invalid_field("page_token", "it is not a token of this list; take next_page_token from the last answer")
