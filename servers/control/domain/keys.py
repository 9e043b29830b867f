"""API keys by their rules: what one may be allowed, whether one is in force, how many wrong tries one id has.

Nothing here knows a row, a hash, a message or a clock.
"""

from collections import OrderedDict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import ROLES, Caller

DEFAULT_ROLE: Final = "member"
_SERVICE: Final = "service:"
_WRONG_TRIES: Final = 10.0
_REFILL_PER_SECOND: Final = 10.0 / 60
_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its text; the times after `create_time` are None where it did not happen or does not end."""

    key_id: str
    tenant_id: UUID
    name: str
    sub: str
    role: str
    scopes: tuple[str, ...]
    created_by: str
    create_time: datetime
    expire_time: datetime | None = None
    last_used_time: datetime | None = None
    rotate_time: datetime | None = None
    previous_expire_time: datetime | None = None
    revoke_time: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoke_time is None and (self.expire_time is None or now < self.expire_time)

    def has_previous(self, now: datetime) -> bool:
        """Whether the text from before the last rotation works too."""
        return self.previous_expire_time is not None and now < self.previous_expire_time


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key may do."""

    role: str
    scopes: tuple[str, ...]


def grant(caller: Caller, role: str, scopes: Set[str], role_scopes: Mapping[str, Set[str]]) -> Grant:
    """What a new key of this caller may do; without scopes what the role gives. Raises SCOPE_MISSING for too much."""
    wanted = role or DEFAULT_ROLE
    given = Grant(wanted, tuple(sorted(scopes or (role_scopes[wanted] & caller.scopes))))
    demand_within(caller, given)
    return given


def demand_within(caller: Caller, given: Grant) -> None:
    """Refuses to hand on more than the caller has. Raises SCOPE_MISSING."""
    lacking = sorted(set(given.scopes) - caller.scopes)
    held = max((ROLES.index(role) for role in caller.roles if role in ROLES), default=-1)
    if lacking or held < ROLES.index(given.role):
        raise SomaError(Reason.SCOPE_MISSING, {"scope": lacking[0] if lacking else "keys:write", "role": given.role})


def checked_sub(sub: str, field: str) -> str:
    """The name of a user, or INVALID_FIELD."""
    name = sub.strip()
    if not name or not name.isprintable() or name.startswith(_SERVICE):
        raise invalid_field(field, "it must be a name in one line, and not that of a service")
    return name


@dataclass(slots=True)
class _Tries:
    left: float
    filled_at: float


class WrongTries:
    """How often an id may be tried in vain: ten times at once, then every six seconds."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, key_id: str, now: float) -> float | None:
        """How many seconds until the id may be tried; None for at once."""
        tries = self._filled(key_id, now)
        return None if tries is None or tries.left >= 1 else (1 - tries.left) / _REFILL_PER_SECOND

    def note(self, key_id: str, now: float) -> None:
        """Counts a wrong try."""
        tries = self._filled(key_id, now) or self._tries.setdefault(key_id, _Tries(_WRONG_TRIES, now))
        tries.left -= 1
        self._tries.move_to_end(key_id)
        if len(self._tries) > _KEPT:
            self._tries.popitem(last=False)

    def _filled(self, key_id: str, now: float) -> _Tries | None:
        tries = self._tries.get(key_id)
        if tries is not None:
            tries.left = min(_WRONG_TRIES, tries.left + max(0.0, now - tries.filled_at) * _REFILL_PER_SECOND)
            tries.filled_at = now
        return tries
