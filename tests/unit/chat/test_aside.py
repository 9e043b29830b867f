"""Long work does not hold the loop, short work does not pay for a thread."""

import threading

from servers.chat.aside import LONG_BYTES, aside


async def test_only_long_work_goes_to_a_thread() -> None:
    here = threading.get_ident()
    assert await aside(LONG_BYTES, threading.get_ident) == here
    assert await aside(LONG_BYTES + 1, threading.get_ident) != here
