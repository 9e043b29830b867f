"""Plays one leg: sessions that ask by a pace, and the window in which counts.

Nothing here knows a protocol.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bench.load.job import Job, Outcome, Pace
from bench.load.schedule import arrivals, questions
from bench.load.talk import Seen, Talker, TurnError
from bench.processes import cpu_seconds

_DRAIN_SECONDS: Final = 30.0
_LEAVE_SECONDS: Final = 2.0
_KEPT_FAILURES: Final = 5
_KEPT_GAPS: Final = 200_000


@dataclass(slots=True)
class _Window:
    """What is counted while it is open."""

    job: Job
    outcome: Outcome = field(default_factory=Outcome)
    open: bool = False
    _begun: float = 0.0

    def begin(self) -> None:
        self.outcome.cpu_seconds -= cpu_seconds(self.job.roots)
        self.outcome.own_cpu_seconds -= time.process_time()
        self._begun = time.perf_counter()
        self.open = True

    def end(self) -> None:
        self.open = False
        self.outcome.seconds = time.perf_counter() - self._begun
        self.outcome.own_cpu_seconds += time.process_time()
        self.outcome.cpu_seconds += cpu_seconds(self.job.roots)

    def text(self, chunks: int, gap_seconds: float | None) -> None:
        if self.open:
            self.outcome.chunks += chunks
            self.outcome.messages += 1
            if gap_seconds is not None and len(self.outcome.gap_ms) < _KEPT_GAPS:
                self.outcome.gap_ms.append(gap_seconds * 1000)

    def ended(self, seen: Seen, due: float) -> None:
        if not self.open:
            return
        self.outcome.turns += 1
        if seen.times:
            self.outcome.first_token_ms.append((seen.times[0] - due) * 1000)

    def failed(self, problem: Exception) -> None:
        if len(self.outcome.failures) < _KEPT_FAILURES:
            self.outcome.failures.append(f"{type(problem).__name__}: {problem}")


async def play(job: Job, open_talker: Callable[[str], Talker]) -> Outcome:
    """Play the leg; failed turns are told in the outcome."""
    window = _Window(job)
    asked = questions(job.question_words, job.seed)
    players = {Pace.SERIAL: _serial, Pace.CLOSED: _closed, Pace.OPEN: _open}
    await asyncio.sleep(job.delay_seconds)
    async with asyncio.timeout(job.seconds + job.warm_seconds + job.settle_seconds + 4 * _DRAIN_SECONDS):
        await players[job.pace](job, window, open_talker, asked)
    return window.outcome


async def _turn(window: _Window, talker: Talker, question: str, due: float | None = None) -> None:
    seen = Seen(window.text)
    try:
        await talker.ask(question, seen)
    except (TurnError, OSError, TimeoutError) as problem:
        window.failed(problem)
        await asyncio.sleep(0.05)
    else:
        window.ended(seen, seen.begun if due is None else due)


async def _serial(job: Job, window: _Window, open_talker: Callable[[str], Talker], asked: Iterator[str]) -> None:
    talker = open_talker(job.tokens[0])
    if job.warm_seconds:
        await _turn(window, talker, next(asked))
        await asyncio.sleep(job.warm_seconds)
    window.begin()
    for _ in range(job.turns):
        await _turn(window, talker, next(asked))
    await asyncio.sleep(job.settle_seconds)
    window.end()
    await talker.close()


async def _closed(job: Job, window: _Window, open_talker: Callable[[str], Talker], asked: Iterator[str]) -> None:
    stopping = False

    async def session(number: int) -> None:
        talker = open_talker(job.tokens[number % len(job.tokens)])
        while not stopping:
            await _turn(window, talker, next(asked))
        await talker.close()

    sessions = [asyncio.create_task(session(number)) for number in range(job.sessions)]
    await asyncio.sleep(job.warm_seconds)
    window.begin()
    await asyncio.sleep(job.seconds)
    window.end()
    stopping = True
    _, late = await asyncio.wait(sessions, timeout=_LEAVE_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)


async def _open(job: Job, window: _Window, open_talker: Callable[[str], Talker], asked: Iterator[str]) -> None:
    idle = [open_talker(job.tokens[number % len(job.tokens)]) for number in range(job.sessions)]
    await asyncio.gather(*(_turn(window, talker, next(asked)) for talker in idle))
    begun = time.perf_counter()
    running: set[asyncio.Task[None]] = set()

    async def one(due: float) -> None:
        talker = idle.pop() if idle else open_talker(job.tokens[len(running) % len(job.tokens)])
        await _turn(window, talker, next(asked), due)
        idle.append(talker)

    window.begin()
    for after in arrivals(job.rate, job.seconds, job.seed):
        due = begun + after
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(due))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running, timeout=_DRAIN_SECONDS)
    window.end()
    for talker in idle:
        await talker.close()
