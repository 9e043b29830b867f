"""What came for the one reader of a socket: in order, waited for, and not lost with a reader that gave up."""

import asyncio

import pytest

from edge.protocol import Inbox


async def test_what_came_is_read_in_order_and_waited_for() -> None:
    inbox = Inbox()
    assert inbox.empty()
    reading = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    for item in ("a", "b", "c"):
        inbox.put_nowait(item)
    assert [await reading, await inbox.get(), await inbox.get()] == ["a", "b", "c"]
    assert inbox.empty()


async def test_nothing_is_lost_with_a_reader_that_gives_up() -> None:
    inbox = Inbox()
    reading = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait("a")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    inbox.put_nowait("b")
    assert [await inbox.get(), await inbox.get()] == ["a", "b"]
