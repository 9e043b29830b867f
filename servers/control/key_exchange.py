"""Use case: exchange the text of an API key for a short token, and make guessing one vain.

How keys are kept stands in `key_store.py`; who asks is a door of the mesh.
"""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from servers.control.domain.keys import ApiKey, WrongTries
from servers.control.hashing import KeyHasher
from servers.control.key_store import FoundKey, KeyStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.security.api_keys import ApiKeyText, parse_api_key
from soma_common.security.tokens import UserSigner

# A revoked key passes no longer than this, plus what a socket waits until it asks again: together under a minute.
LONGEST_TOKEN: Final = timedelta(seconds=30)
_USE_NOTED_EVERY: Final = timedelta(minutes=10)
_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A token for a key; it may be used for `lifetime` from now on."""

    token: str
    expire_time: datetime
    lifetime: timedelta


class KeyExchanging:
    """Exchanges keys. A text that was compared once is known by its digest as long as its hash stays."""

    def __init__(
        self, database: Database, store: KeyStore, hasher: KeyHasher, signer: UserSigner, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._hasher = hasher
        self._signer = signer
        self._clock = clock
        self._tries = WrongTries()
        self._compared: OrderedDict[bytes, str] = OrderedDict()

    async def exchange(self, text: str) -> Exchanged:
        """A token for the key. Raises INVALID_TOKEN, the same for every key that is not good, and RATE_LIMITED."""
        given = parse_api_key(text)
        if given is None:
            raise _refused()
        found = await self._store.find(self._database, given.key_id)
        now = self._clock.now()
        if not await self._is_right(given, found, now) or found is None or not found.key.in_force(now):
            raise _refused()
        await self._note_use(found.key, now)
        return self._token(found.key, now)

    async def _is_right(self, given: ApiKeyText, found: FoundKey | None, now: datetime) -> bool:
        hashes = _hashes(found, now)
        digest = sha256(given.text.encode()).digest()
        if self._compared.get(digest) in hashes:
            self._compared.move_to_end(digest)
            return True
        ticks = self._clock.monotonic()
        wait = self._tries.wait(given.key_id, ticks)
        if wait is not None:
            raise SomaError(Reason.RATE_LIMITED, {"limit": "10 wrong keys a minute"}, retry_after_seconds=wait)
        # Always two, so that the time does not tell whether there is such a key.
        compared = (*hashes, self._hasher.nobodys, self._hasher.nobodys)[:2]
        matching = await self._hasher.matching(compared, given.secret)
        if matching is None or matching not in hashes:
            self._tries.note(given.key_id, ticks)
            return False
        self._compared[digest] = matching
        if len(self._compared) > _KEPT:
            self._compared.popitem(last=False)
        return True

    async def _note_use(self, key: ApiKey, now: datetime) -> None:
        if key.last_used_time is not None and now - key.last_used_time < _USE_NOTED_EVERY:
            return
        with suppress(SomaError):
            await self._store.note_use(self._database, key.key_id, now)

    def _token(self, key: ApiKey, now: datetime) -> Exchanged:
        ends = [time for time in (key.expire_time, key.previous_expire_time) if time is not None and time > now]
        lifetime = min([LONGEST_TOKEN, *(time - now for time in ends)])
        token = self._signer.mint(
            TenantId(key.tenant_id), key.sub, [key.role], lifetime.total_seconds(), key.key_id, scopes=key.scopes
        )
        return Exchanged(token, now + lifetime, lifetime)


def _hashes(found: FoundKey | None, now: datetime) -> tuple[str, ...]:
    if found is None:
        return ()
    previous = found.previous_hash if found.key.has_previous(now) else None
    return (found.hash,) if previous is None else (found.hash, previous)


def _refused() -> SomaError:
    return SomaError(Reason.INVALID_TOKEN, {"problem": "no API key that is in force has this text"})
