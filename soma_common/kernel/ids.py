"""Identifiers, made only through an `Ids` that is handed in.

Nothing here knows a store, a message or a service.
"""

import os
import time
from typing import Final
from uuid import UUID, uuid4

_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM_BITS: Final = 62


class Ids:
    """Makes identifiers; tests hand in a subclass that counts."""

    def __init__(self) -> None:
        self._last_tick = 0

    def uuid7(self) -> UUID:
        """A time-ordered UUID (RFC 9562, version 7, method 3), larger than every one that this object made before.

        48 bits of Unix milliseconds, 12 bits of the fraction of a millisecond, 62 random bits.
        """
        self._last_tick = max(self._last_tick + 1, (time.time_ns() << 12) // 1_000_000)
        milliseconds, fraction = self._last_tick >> 12, self._last_tick & 0xFFF
        random = int.from_bytes(os.urandom(8), "big") & ((1 << _RANDOM_BITS) - 1)
        return UUID(int=(milliseconds & 0xFFFFFFFFFFFF) << 80 | _VERSION | fraction << 64 | _VARIANT | random)

    def uuid4(self) -> UUID:
        """A random UUID (version 4)."""
        return uuid4()
