"""How alike texts are in what they mean, asked without blocking the loop; loaded at the first action.

A process that never acts is spared 40 MB, and one that does waits a third of a second, once.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from servers.cognitive.acting.directions import Directions

_LONG_CHARACTERS: Final = 2000


class Meanings:
    """Directions of texts, opaque bytes, and their likenesses."""

    def __init__(self) -> None:
        self._loading: asyncio.Future[Directions] | None = None

    async def direction(self, text: str) -> bytes:
        """The direction of a text; a long one is read aside."""
        directions = await self._loaded()
        if len(text) > _LONG_CHARACTERS:
            return await asyncio.to_thread(directions.of, text)
        return directions.of(text)

    async def likenesses(self, direction: bytes, others: Sequence[tuple[bytes, str]]) -> list[float]:
        """How alike it is to each of the others, given with their texts, −1 to 1."""
        return (await self._loaded()).likenesses(direction, others)

    async def _loaded(self) -> "Directions":
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(_load))
        # Whoever is cancelled takes nothing from the others that wait for it.
        return await asyncio.shield(self._loading)


def _load() -> "Directions":
    from servers.cognitive.acting.directions import Directions

    return Directions()
