"""Work that holds the processor: done in a thread when it is long, so that the streams beside it go on.

Nothing here knows the work. Counting tokens lets go of the interpreter, so a thread really helps.
"""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

Result = TypeVar("Result")
Params = ParamSpec("Params")

# About two milliseconds of counting; a thread costs a tenth of one.
LONG_BYTES: Final = 8_192


async def aside(size_bytes: int, work: Callable[Params, Result], *args: Params.args, **named: Params.kwargs) -> Result:
    """The work's result; `size_bytes` says how much text it goes through."""
    if size_bytes <= LONG_BYTES:
        return work(*args, **named)
    return await asyncio.to_thread(work, *args, **named)
