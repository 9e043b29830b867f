"""Waiting for a condition instead of sleeping for it.

Nothing here knows what is waited for.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], *, within_seconds: float = ..., every_seconds: float = ...
) -> T: ...
@overload
async def eventually(condition: Callable[[], T], *, within_seconds: float = ..., every_seconds: float = ...) -> T: ...
async def eventually(
    condition: Callable[[], T | Awaitable[T]], *, within_seconds: float = 5.0, every_seconds: float = 0.02
) -> T:
    """Calls `condition` until it gives something true and does not fail an assertion; gives what it gave.

    After `within_seconds` its last AssertionError is raised, or one that says what it gave.
    """
    ends_at = time.monotonic() + within_seconds
    while True:
        failed: AssertionError | None = None
        try:
            found = condition()
            value = await found if inspect.isawaitable(found) else found
            if value:
                return value
        except AssertionError as error:
            failed, value = error, None
        if time.monotonic() >= ends_at:
            raise failed or AssertionError(f"still {value!r} after {within_seconds} s")
        await asyncio.sleep(every_seconds)
