"""Sessions that are open and say nothing, and what they take of the memory of who holds them.

Nothing here knows a protocol.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from bench.load.job import Job, Outcome
from bench.load.socket_door import SocketTalker
from bench.load.talk import TurnError
from bench.processes import proportional_mib

_AT_ONCE: Final = 50
_KEPT_FAILURES: Final = 5


async def hold(job: Job, open_talker: Callable[[str], SocketTalker]) -> Outcome:
    """Open all sessions, wait, and weigh the processes before and after."""
    outcome = Outcome(memory_before_mib=proportional_mib(job.roots))
    talkers = [open_talker(job.tokens[number % len(job.tokens)]) for number in range(job.sessions)]
    doorway = asyncio.Semaphore(_AT_ONCE)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def stay(talker: SocketTalker) -> None:
        async with doorway:
            await talker.greet()
        outcome.open_sessions += 1
        await talker.listen()
        outcome.open_sessions -= 1

    staying = [asyncio.create_task(stay(talker)) for talker in talkers]
    while outcome.open_sessions < job.sessions and not any(task.done() for task in staying):
        await asyncio.sleep(0.1)
    outcome.seconds = loop.time() - begun
    await asyncio.sleep(job.settle_seconds)
    outcome.memory_mib = proportional_mib(job.roots)
    gone = [task for task in staying if task.done()]
    problems = [problem for task in gone if (problem := task.exception()) is not None]
    outcome.failures = [f"{type(problem).__name__}: {problem}" for problem in problems[:_KEPT_FAILURES]]
    if gone and not problems:
        outcome.failures = [str(TurnError(f"{len(gone)} sessions were closed"))]
    for task in staying:
        task.cancel()
    await asyncio.gather(*staying, return_exceptions=True)
    return outcome
