"""What the programs beside it share: the form that they ask for, and how the outcome of each step is told.

Imports nothing of ours: it runs in other people's environments.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import BaseModel

Outcome = dict[str, Any]


class River(BaseModel):
    """A river."""

    because: str
    name: str
    length: int


def print_steps(steps: Sequence[Callable[[], Awaitable[Outcome]]], *synchronous: Callable[[], Outcome]) -> None:
    """Takes the steps one after another, in one loop and then without one, and prints each outcome under its name."""
    asyncio.run(_print_each(steps))
    for step in synchronous:
        print(json.dumps({step.__name__: step()}), flush=True)


async def _print_each(steps: Sequence[Callable[[], Awaitable[Outcome]]]) -> None:
    for step in steps:
        print(json.dumps({step.__name__: await step()}), flush=True)
