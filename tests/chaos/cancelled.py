"""`python -m tests.chaos.cancelled [--streams 10000] [--at-once 16]`: streams that are stopped, and what is left of it.

Half is stopped by the person, half by whoever hangs up; some before the first token, some amid the answer. Ends with 1
when memory, open files or calls of the provider are left behind, or when a stop came late.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_event_pb2 import TurnEvent
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script
from tests.chaos.stage import Stage
from tests.integration.chat.person import Person, said
from tests.integration.chat.stack import ChatStack

SCRIPT: Final = Script(chunks=400, gap_seconds=0.02, first_token_seconds=0.1)
STOP_SECONDS: Final = 0.5
# So many may come later where the machine has other things to do.
LATE_SHARE: Final = 0.02
PATIENCE: Final = 5
# So many streams come first: until then a process still grows into its work.
WARM_UP: Final = 100
BATCH: Final = 100
# What a process may keep of a stream: bytes of RSS, averaged. The allocator gives nothing back at once.
KEPT_BYTES: Final = 1024
SLACK_BYTES: Final = 12 * 1024 * 1024


@dataclass
class Left:
    """What is left in a process."""

    resident_bytes: int
    open_files: int

    @classmethod
    def of(cls, pid: int) -> "Left":
        """A process as it is now."""
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd")))


@dataclass
class Crowd:
    """Persons who stop what they asked for."""

    stack: ChatStack
    person: Person
    chance: random.Random
    at_once: int = 16
    stops: list[float] = field(default_factory=list)  # seconds until the provider saw it
    repeated: int = 0
    asked: dict[str, float] = field(default_factory=dict)  # by the words of the message

    async def cancel(self, streams: int) -> None:
        """Starts and stops so many streams."""
        for begin in range(0, streams, BATCH):
            await self._batch(min(BATCH, streams - begin))

    async def _batch(self, streams: int) -> None:
        some = asyncio.Semaphore(self.at_once)

        async def one() -> None:
            async with some:
                await self._stream(uuid4().hex)

        await asyncio.gather(*(one() for _ in range(streams)))
        rows = await self.stack.upstream.aio.wait_for(
            lambda found: all(row.outcome != "running" for row in found), timeout_seconds=30
        )
        for row in rows:
            words = str(row.messages[-1]["content"])
            if words in self.asked and row.disconnect_time is not None:
                self.stops.append(row.disconnect_time - self.asked[words])
        self.asked.clear()
        await self.stack.upstream.aio.reset()
        await self.stack.upstream.aio.set_default(SCRIPT)

    async def _stream(self, words: str) -> None:
        hangs_up, texts = self.chance.random() < 0.5, self.chance.randrange(4)
        policy = turn_pb.ON_DISCONNECT_CANCEL if hangs_up else turn_pb.ON_DISCONNECT_CONTINUE
        seen, asked = 0, False
        events = cast("AsyncGenerator[TurnEvent, None]", self.person.stream(said(words, on_disconnect=policy)))
        async with aclosing(events):
            async for event in events:
                seen += event.HasField("text")
                if seen < texts or asked:
                    continue
                asked = True
                self.asked[words] = time.time()
                if hangs_up:
                    return
                await self._cancel(event.turn_id)

    async def _cancel(self, turn_id: str) -> None:
        """Stops a turn; on a busy machine the database may need a second call."""
        for _ in range(PATIENCE):
            try:
                await self.person.cancel(turn_id)
                return
            except SomaError as error:
                if error.kind is not Kind.UNAVAILABLE:
                    raise
                self.repeated += 1

    async def quiet(self) -> None:
        """Returns when nothing runs any more."""
        await eventually(lambda: "soma_chat_running_turns 0.0" in self.stack.metrics_of("chat"), within_seconds=30)


async def judged(stack: ChatStack, streams: int, at_once: int, seed: int, warm_up: int = WARM_UP) -> list[str]:
    """Runs the streams; what was wrong afterwards, after a line with the figures."""
    await stack.upstream.aio.set_default(SCRIPT)
    async with Person(stack, "ada", TenantId(uuid4())) as person:
        crowd = Crowd(stack, person, random.Random(seed), at_once)
        await crowd.cancel(warm_up)
        await crowd.quiet()
        pids = {"chat": stack.pid("chat"), "upstream": stack.upstream.pid}
        before = {name: Left.of(pid) for name, pid in pids.items()}
        begin = time.monotonic()
        await crowd.cancel(streams)
        await crowd.quiet()
        seconds = time.monotonic() - begin
        after = {name: Left.of(pid) for name, pid in pids.items()}
    late = sorted(crowd.stops)
    middle, most = (late[int(len(late) * share)] * 1000 for share in (0.5, 0.99))
    words = f"median {middle:.0f} ms, p99 {most:.0f} ms, longest {late[-1] * 1000:.0f} ms"
    sys.stdout.write(f"{streams} streams in {seconds:.0f} s; {len(late)} stops at the provider: {words}\n")
    sys.stdout.write(f"{crowd.repeated} stops asked for again\n" if crowd.repeated else "")
    behind = sum(stop > STOP_SECONDS for stop in late)
    wrong = [f"{behind} stops came late"] if behind > LATE_SHARE * len(late) else []
    for name in pids:
        grown = after[name].resident_bytes - before[name].resident_bytes
        files = after[name].open_files - before[name].open_files
        sys.stdout.write(
            f"{name}: {before[name].resident_bytes >> 20} MiB, {grown / 2**20:+.1f} MiB, {files:+d} files\n"
        )
        if grown > SLACK_BYTES + KEPT_BYTES * streams:
            wrong.append(f"{name} kept {grown / streams:.0f} bytes of each stream")
        if files > at_once:
            wrong.append(f"{name} kept {files} files open")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.cancelled", description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000, help="streams that are stopped")
    parser.add_argument("--at-once", type=int, default=16, help="streams beside one another")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    with Stage() as stage, tempfile.TemporaryDirectory(prefix="soma-cancelled-") as folder:
        stack = ChatStack(stage.server, Path(folder))
        try:
            stack.start_all()
            wrong = asyncio.run(judged(stack, given.streams, given.at_once, given.seed))
        finally:
            stack.stop_all()
    sys.stdout.writelines(f"  {line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
