"""A show of streams: people ask and follow, connections are cut, replicas are killed; then it is judged."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from soma_common.testing.upstream import ReceivedRequest
from tests.chaos.streams.doors import BrokenError, Doors, Wanted, whole
from tests.chaos.streams.stand import Stand

TERMINAL: Final = frozenset(("completed", "failed", "cancelled"))
SESSIONS: Final = 4
# How long a turn may take with every death that it survives.
PATIENCE_SECONDS: Final = 120.0
STATUS: Final = {
    turn_pb.TURN_STATUS_COMPLETED: "completed",
    turn_pb.TURN_STATUS_FAILED: "failed",
    turn_pb.TURN_STATUS_CANCELLED: "cancelled",
}


@dataclass
class Show:
    """So many cuts and kills."""

    stand: Stand
    history: Path
    cuts: int
    kills: int
    chance: random.Random
    # how long a replica that was killed may be away; others take its turns over after six
    longest_absence_seconds: float = 8.0
    cut: int = 0
    killed: int = 0
    asked: list[Wanted] = field(default_factory=list)
    under_way: int = 0

    async def play(self) -> list[str]:
        """Everything; what the checker says of it."""
        self.history.mkdir()
        with (self.history / "heard").open("w", buffering=1) as heard:
            await asyncio.gather(self._kill(), *(self._session(number, heard) for number in range(SESSIONS)))
        await self._write_down()
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, str(Path(__file__).parent / "checker.py"), str(self.history)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.splitlines()

    async def _session(self, number: int, heard: Any) -> None:
        doors = Doors(self.stand, f"user-{number}")
        try:
            while self.cut < self.cuts or self.killed < self.kills:
                wanted = Wanted(str(uuid4()), f"Tell me a story, please. [{uuid4().hex}]")
                self.asked.append(wanted)
                self.under_way += 1
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.gather(
                        self._follow(doors, wanted, "sender", heard), self._follow_later(doors, wanted, heard)
                    )
                self.under_way -= 1
        finally:
            await doors.close()

    async def _follow_later(self, doors: Doors, wanted: Wanted, heard: Any) -> None:
        await eventually(lambda: wanted.turn_id, within_seconds=PATIENCE_SECONDS)
        await self._follow(doors, wanted, "follower", heard)

    async def _follow(self, doors: Doors, wanted: Wanted, client: str, heard: Any) -> None:
        """One client to the end of the turn, through one door after another."""
        after = 0
        while True:
            name = self.chance.choice(sorted(doors.by_name))
            left = self.chance.randint(1, 12)
            try:
                async with aclosing(doors.by_name[name](wanted, after)) as events:
                    async for event in events:
                        wanted.turn_id = event.turn
                        after = event.last
                        heard.write(json.dumps({"client": client, "door": name, **asdict(event)}) + "\n")
                        if event.kind in TERMINAL:
                            return
                        left -= 1
                        if not left:
                            break
                self.cut += 1
            except BrokenError:
                await asyncio.sleep(0.1)

    async def _kill(self) -> None:
        """One replica after the other, each while turns run; it is started again at once, or only after a while."""
        for _ in range(self.kills):
            await eventually(lambda: self.under_way, within_seconds=30)
            await asyncio.sleep(self.chance.uniform(0.1, 2.5))
            replica = self.chance.randrange(2)
            await asyncio.to_thread(self.stand.kill_replica, replica)
            self.killed += 1
            await asyncio.sleep(self.chance.choice((0.0, self.chance.uniform(0.0, self.longest_absence_seconds))))
            await asyncio.to_thread(self.stand.spawn_replica, replica)
            await asyncio.to_thread(self.stand.wait_replica, replica)

    async def _write_down(self) -> None:
        """What is stored, billed and was asked of the provider, once nothing is under way."""
        book = _Book(self)
        await book.open()
        try:
            await book.settled()
            rows = [await book.turn(wanted) for wanted in self.asked]
            self._note("turns", (row for row, _ in rows))
            self._note("billed", (leg for _, legs in rows for leg in legs))
            self._note("ledger", [await book.ledger()])
            self._note("calls", book.calls({wanted.words: wanted.turn_id for wanted in self.asked}))
        finally:
            await book.close()

    def _note(self, name: str, rows: Any) -> None:
        (self.history / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


class _Book:
    """Reads what is left of a show."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._stand = show.stand
        self._caller = user("user-0", TENANT, ("admin",))

    async def open(self) -> None:
        self._chat, self._governor = self._stand.channel("chat"), self._stand.channel("governor")
        self._turns: Any = self._chat.stub(TurnServiceStub)
        self._money: Any = self._governor.stub(GovernorServiceStub)
        settings = {"search_path": "chat"}
        self._rows = await asyncpg.connect(self._stand.superuser_dsn("chat"), server_settings=settings)
        self._doors = Doors(self._stand, "user-0")

    async def close(self) -> None:
        await self._doors.close()
        await self._rows.close()
        await self._chat.close()
        await self._governor.close()

    async def settled(self) -> None:
        """Until nothing is held: the last settlements are delivered."""

        async def look() -> bool:
            return not (await self.ledger())["open_holds"]

        await eventually(look, within_seconds=30)

    async def ledger(self) -> dict[str, int]:
        with acting_as(self._caller, "judge"):
            (budget,) = (await self._money.GetBudget(governor_pb.GetBudgetRequest())).budgets
        return {"used_tokens": budget.used_tokens, "open_holds": budget.open_holds}

    async def turn(self, wanted: Wanted) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A turn as it is stored, with its journal read once more from the beginning, and the calls of its receipt."""
        with acting_as(self._caller, "judge"):
            turn = (await self._turns.GetTurn(turn_pb.GetTurnRequest(turn_id=wanted.turn_id))).turn
            found = await self._money.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=wanted.turn_id))
        with (self._show.history / "heard").open("a") as heard:
            for event in await whole(self._doors.by_name["grpc-0"], wanted):
                heard.write(json.dumps({"client": "judge", "door": "grpc-0", **asdict(event)}) + "\n")
        takeovers = await self._rows.fetchval("select takeovers from turns where turn_id = $1", wanted.turn_id)
        row = {
            "turn": wanted.turn_id,
            "status": STATUS.get(turn.status, str(turn.status)),
            "text": turn.text,
            "last_sequence": turn.last_sequence,
            "takeovers": takeovers,
        }
        legs = [
            {
                "turn": wanted.turn_id,
                "leg": leg.leg,
                "input_tokens": leg.usage.input_tokens,
                "output_tokens": leg.usage.output_tokens,
                "estimated": leg.usage.estimated,
            }
            for leg in found.receipt.legs
        ]
        return row, legs

    def calls(self, turns: dict[str, str]) -> Iterator[dict[str, Any]]:
        """What the provider was asked, by the words of the person."""
        for request in self._stand.upstream.requests():
            yield {
                "turn": turns[_words(request)],
                "whole": request.outcome == "finished",
                "input_tokens": request.prompt_tokens,
                "output_tokens": request.completion_tokens,
            }


def _words(request: ReceivedRequest) -> str:
    said = (str(message["content"]) for message in reversed(request.messages) if message["role"] == "user")
    return next(text for text in said if text.endswith("]"))


def summary(show: Show, found: list[str]) -> str:
    """One line for people."""
    turns = [json.loads(line) for line in (show.history / "turns").read_text().splitlines()]
    calls = len((show.history / "calls").read_text().splitlines())
    taken = sum(turn["takeovers"] for turn in turns)
    ends = Counter(turn["status"] for turn in turns)
    ended = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
    said = f"{len(found)} violations" if found else "no gap, no repeat, one end and one bill each"
    return (
        f"{show.cut} cuts and {show.killed} kills over {len(turns)} turns ({ended}), "
        f"{taken} takeovers, {calls} model calls: {said}"
    )
