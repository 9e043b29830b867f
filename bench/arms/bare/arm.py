"""Starts and stops the bare path."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.arms.arm import Arm, Child
from bench.load.job import Door


@contextmanager
def bare_path(base_url: str) -> Iterator[Arm]:
    """The bare path in front of an upstream."""
    with ExitStack() as stack:
        chat = Child("bench.arms.bare.chat", base_url)
        stack.callback(chat.stop)
        edge = Child("bench.arms.bare.edge", f"127.0.0.1:{chat.port}")
        stack.callback(edge.stop)
        url = f"ws://127.0.0.1:{edge.port}/chat"
        yield Arm("bare path", "bare", {Door.SOCKET: url}, ("nobody",), (chat.process.pid, edge.process.pid))
