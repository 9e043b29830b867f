"""Writing what has to be written although the database is away: it is tried until it is back.

Nothing here knows what is written.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger

Answer = TypeVar("Answer")

_LOG: Final = get_logger("soma.chat.turns")
_PAUSES: Final = Backoff(first_seconds=0.1, longest_seconds=1.0)
# What passes while one waits; every other failure to store something is a defect of what is stored.
PASSES: Final = frozenset((Reason.DATABASE_UNAVAILABLE, Reason.CONFLICT))


async def until_written(write: Callable[[bool], Awaitable[Answer]], what: str, turn_id: UUID) -> Answer:
    """What `write` answers; it is told if it was tried before: a commit whose answer was lost may have gone through.

    Raises what does not pass; the cancellation of the caller's task ends it.
    """
    failures = 0
    while True:
        try:
            return await write(failures > 0)
        except SomaError as error:
            if error.reason not in PASSES:
                raise
            failures += 1
            if failures == 1:
                _LOG.warning(f"{what} waits for the database", turn_id=str(turn_id), reason=error.reason.value)
        await asyncio.sleep(_PAUSES.limit_seconds(failures))
