"""An end by signal that cleans up after itself: SIGTERM and SIGHUP end a piece of work as Ctrl-C does.

Nothing here knows the work.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def ended_by_signals(work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work; a signal to end cancels it, so that it can remove what is not whole. Raises KeyboardInterrupt."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    asked = False

    def end() -> None:
        nonlocal asked
        asked = True
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    try:
        return await task
    except asyncio.CancelledError:
        if asked:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
