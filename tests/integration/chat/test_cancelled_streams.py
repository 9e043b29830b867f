"""Streams that are stopped leave nothing behind; `python -m tests.chaos.cancelled` stops ten thousand of them."""

from soma_common.testing.upstream import ScriptedUpstream
from tests.chaos.cancelled import judged
from tests.integration.chat.stack import ChatStack

STREAMS = 120


async def test_stopped_streams_leave_nothing_behind(stack: ChatStack, model: ScriptedUpstream) -> None:
    assert await judged(stack, STREAMS, at_once=8, seed=7, warm_up=40) == []
