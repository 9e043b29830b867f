"""Argon2id over the secrets of API keys: off the loop, a bounded number at a time.

Nothing here knows a key's id or a table.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

# The least that OWASP advises for Argon2id; what is hashed has 256 bits and is no word of a person.
_PASSES: Final = 2
_MEMORY_KIB: Final = 19_456
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 64
_RETRY_SECONDS: Final = 1.0

Result = TypeVar("Result")


class KeyHasher:
    """Hashes and compares. Raises RATE_LIMITED when too much waits already."""

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self.nobodys: Final = self._argon2.hash("nobody has this")

    async def hash(self, secret: str) -> str:
        """The hash of a secret, in the PHC form."""
        return await self._aside(lambda: self._argon2.hash(secret))

    async def matching(self, hashes: tuple[str, ...], secret: str) -> str | None:
        """The hash that the secret belongs to; all of them are computed, whichever it is."""
        found = await self._aside(lambda: [each for each in hashes if self._is_of(each, secret)])
        return found[0] if found else None

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_of(self, hashed: str, secret: str) -> bool:
        try:
            return self._argon2.verify(hashed, secret)
        except VerificationError:
            return False

    async def _aside(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= _MOST_WAITING:
            raise SomaError(
                Reason.RATE_LIMITED, {"limit": f"{_MOST_WAITING} keys looked at"}, retry_after_seconds=_RETRY_SECONDS
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
