"""Identifiers, made only through an `Ids` that is handed in.

Nothing here knows a store, a message or a service.
"""

import os
import time
from uuid import UUID, uuid4


class Ids:
    """Makes identifiers; tests hand in a subclass that counts."""

    def uuid7(self) -> UUID:
        """A time-ordered UUID (RFC 9562, version 7): 48 bits of Unix milliseconds, 74 random bits."""
        milliseconds = time.time_ns() // 1_000_000
        random = int.from_bytes(os.urandom(10), "big")
        value = (milliseconds & 0xFFFFFFFFFFFF) << 80
        value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
        value |= 0b10 << 62 | random & 0x3FFFFFFFFFFFFFFF
        return UUID(int=value)

    def uuid4(self) -> UUID:
        """A random UUID (version 4)."""
        return uuid4()
