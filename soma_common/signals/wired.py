"""What both adapters share: who subscribed, what waits to be sent, and a connection that is made anew by itself.

Nothing here knows what the wire is.
"""

import asyncio
import random
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Literal, Protocol

from soma_common.kernel.backoff import Backoff
from soma_common.logging import get_logger
from soma_common.signals.port import Signals, SignalsDownError, Subscription, Topic, checked_payload

_LOG: Final = get_logger("soma.signals")
# What is published meanwhile goes as one: signals cost the server at most a hundred batches a second and process.
PACE_SECONDS: Final = 0.01
_PATIENCE: Final = Backoff(first_seconds=0.1, longest_seconds=2.0)
_STEP_SECONDS: Final = 3.0
_IDLE_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 1.0
# While the server is away, hints beyond this are forgotten: whoever missed them looks by itself.
_MOST_WAITING: Final = 4096

Hear = Callable[[str, str], None]
Signal = tuple[str, str]  # the topic's name on the wire, and the payload


class Wire(Protocol):
    """One connection to a server. Everything but `lost` may raise what the adapter calls `broken`."""

    lost: asyncio.Event

    async def listen(self, names: Sequence[str]) -> None:
        """Hears these topics from now on; says so by the empty payload of each."""

    async def unlisten(self, names: Sequence[str]) -> None:
        """Hears them no more."""

    async def send(self, batch: Sequence[Signal]) -> None:
        """Sends signals."""

    async def ping(self) -> None:
        """Proves that the server answers."""

    async def close(self) -> None:
        """Ends the connection, however the server is. Raises nothing."""


class WiredSignals(Signals):
    """Signals over a connection that one task of this process keeps. The task begins with the first use."""

    broken: ClassVar[tuple[type[Exception], ...]] = (OSError, TimeoutError)

    def __init__(self) -> None:
        self._subscribers: dict[str, set[Subscription]] = defaultdict(set)
        self._heard: set[str] = set()
        self._waiting: dict[Signal, None] = {}
        self._work = asyncio.Event()
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @abstractmethod
    async def _connect(self, hear: Hear) -> Wire:
        """A new connection that tells what it hears; raises what is in `broken`."""

    def publish(self, topic: Topic, payload: str = "") -> None:
        """Puts it into the next batch."""
        self._waiting[topic.wire, checked_payload(payload)] = None
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._begin()

    def subscribe(self, topic: Topic) -> Subscription:
        """Counts in; the connection follows."""
        name = topic.wire
        subscription = Subscription(lambda it: self._forget(name, it))
        if name in self._heard:
            subscription.hear("")
        self._subscribers[name].add(subscription)
        self._begin()
        return subscription

    def _forget(self, name: str, subscription: Subscription) -> None:
        subscribers = self._subscribers.get(name)
        if subscribers is not None:
            subscribers.discard(subscription)
            if not subscribers:
                del self._subscribers[name]
                self._work.set()

    @property
    def connected(self) -> bool:
        """Whether there is a connection that works."""
        return self._up.is_set()

    async def check(self) -> None:
        """Gives a connection that is just being made a moment."""
        self._start()
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._up.wait()
        except TimeoutError:
            raise SignalsDownError("the server of signals does not answer") from None

    async def close(self) -> None:
        """Ends the task and with it the connection; where a library swallows the cancellation, it ends by itself."""
        self._closed = True
        task, self._task = self._task, None
        if task is not None:
            self._work.set()
            task.cancel()
            await asyncio.wait((task,))

    def _begin(self) -> None:
        self._work.set()
        self._start()

    def _start(self) -> None:
        """No work is no reason to take the server for one that answers: whoever only checks leaves it to be asked."""
        if self._closed or (self._task is not None and not self._task.done()):
            return
        self._task = asyncio.get_running_loop().create_task(self._keep_connected(), name="signals")

    def _hear(self, name: str, payload: str) -> None:
        for subscription in tuple(self._subscribers.get(name, ())):
            subscription.hear(payload)

    async def _keep_connected(self) -> None:
        failures, chance = 0, random.SystemRandom()
        while not self._closed:
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    wire = await self._connect(self._hear)
                failures = 0
                await self._serve(wire)
            except self.broken as problem:
                failures += 1
                if failures == 1:
                    _LOG.warning("signals do not arrive; trying on", problem=type(problem).__name__)
            if self._closed:
                return
            await asyncio.sleep(_PATIENCE.wait_seconds(max(1, failures), chance.random()) or 0.0)

    async def _serve(self, wire: Wire) -> None:
        """Work off what is wanted until the connection is lost. Raises what is in `broken`."""
        lost = asyncio.create_task(wire.lost.wait())
        try:
            while not (lost.done() or self._closed):
                self._work.clear()
                await self._work_off(wire)
                self._up.set()
                await self._pause(wire, lost)
            if lost.done():
                raise ConnectionResetError
        finally:
            self._up.clear()
            self._heard.clear()
            lost.cancel()
            await wire.close()

    async def _work_off(self, wire: Wire) -> None:
        wanted = set(self._subscribers)
        more, less = sorted(wanted - self._heard), sorted(self._heard - wanted)
        self._heard = wanted
        async with asyncio.timeout(_STEP_SECONDS):
            if more:
                await wire.listen(more)
            if less:
                await wire.unlisten(less)
            batch, self._waiting = list(self._waiting), {}
            if batch:
                await wire.send(batch)

    async def _pause(self, wire: Wire, lost: "asyncio.Task[Literal[True]]") -> None:
        """The pace, then until there is work; a server that nothing was heard of for a while is asked."""
        await asyncio.sleep(PACE_SECONDS)
        work = asyncio.create_task(self._work.wait())
        try:
            done, _ = await asyncio.wait((work, lost), timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
        if not done:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await wire.ping()
