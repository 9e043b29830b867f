"""Streams that a person follows without end: what comes, over as many connections as it takes.

Nothing here knows what is streamed.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.replies import following

_AGAIN_SECONDS: Final = 1.0
_AWAY: Final = frozenset((Reason.SHUTTING_DOWN, Reason.DEPENDENCY_DOWN))


async def without_end(
    call: Callable[[], Any], on_away: Callable[[], None], again_seconds: float = _AGAIN_SECONDS
) -> AsyncGenerator[Any, None]:
    """What the calls of a stream tell; a service that goes away once it was heard is waited for. Raises SomaError."""
    begun = away = False
    while True:
        try:
            async with following(call()) as stream:
                async for message in stream:
                    begun, away = True, False
                    yield message
        except SomaError as failure:
            if failure.reason not in _AWAY or not begun:
                raise
            if not away:
                on_away()
            away = True
        await asyncio.sleep(again_seconds)
