"""The port for wake-ups between processes. A signal is a hint: it may be lost, doubled or late, and carries no truth.

Nothing here knows PostgreSQL, Redis, or what is woken.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from soma_common.kernel.tenancy import TenantId

LONGEST_PAYLOAD: Final = 256
_LONGEST_NAME: Final = 128
# A subscriber that is further behind has to look at everything anyway.
_MOST_UNHEARD: Final = 1024


class SignalsDownError(Exception):
    """Signals do not arrive; the text is a sentence without addresses."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a signal is about. Topics of different tenants never meet; None is a topic of the house itself."""

    tenant_id: TenantId | None
    name: str

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"a topic's name has 1 to {_LONGEST_NAME} printable characters")

    @property
    def wire(self) -> str:
        """The name under which every process of the installation knows it."""
        return f"{self.tenant_id or 'house'}/{self.name}"


def checked_payload(payload: str) -> str:
    """The payload. Raises ValueError for one that a signal cannot carry."""
    if len(payload.encode()) > LONGEST_PAYLOAD or "\0" in payload:
        raise ValueError(f"a signal carries at most {LONGEST_PAYLOAD} bytes of text without U+0000")
    return payload


class Subscription:
    """What one subscriber has not heard yet. Equal payloads that wait are one. Use it as a `with` block.

    The empty payload says only: look. Everybody hears it whenever the connection was made (anew), for what it missed.
    """

    def __init__(self, forget: Callable[["Subscription"], None]) -> None:
        self._forget = forget
        self._unheard: dict[str, None] = {}
        self._arrived = asyncio.Event()

    def hear(self, payload: str) -> None:
        """Notes a signal; of too many the eldest is forgotten."""
        self._unheard[payload] = None
        if len(self._unheard) > _MOST_UNHEARD:
            del self._unheard[next(iter(self._unheard))]
        self._arrived.set()

    async def wait(self, timeout_seconds: float | None = None) -> str | None:
        """The next payload, or None when none came in time."""
        if not self._unheard:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        payload = next(iter(self._unheard))
        del self._unheard[payload]
        if not self._unheard:
            self._arrived.clear()
        return payload

    def close(self) -> None:
        """Hears nothing from now on. Safe to repeat."""
        self._forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


class Signals(ABC):
    """Wakes subscribers in any process of the installation. No call waits for a server."""

    @abstractmethod
    def publish(self, topic: Topic, payload: str = "") -> None:
        """Hints, soon. Equal signals that wait together are one. Raises ValueError for a payload of over 256 bytes."""

    @abstractmethod
    def subscribe(self, topic: Topic) -> Subscription:
        """Hears what is published from soon on; the first thing heard is the empty payload: from now on."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether signals arrive now, as far as this process knows."""

    @abstractmethod
    async def check(self) -> None:
        """Raises SignalsDownError while signals do not arrive."""

    @abstractmethod
    async def close(self) -> None:
        """Ends the connection; subscribers hear nothing more."""
