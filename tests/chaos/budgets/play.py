"""Many turns at once under hard budgets, with stops and kills, until nothing runs; then the checker's verdict."""

import asyncio
import random
import re
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script
from tests.chaos.budgets.checker import LATE, OWNERS, Sent, Watch, compare, watch
from tests.integration.chat.person import Person, said
from tests.integration.chat.stack import ChatStack

AT_ONCE: Final = 12
USERS: Final = ("ada", "bob", "eve")
STOPPED: Final = 0.25
_NUMBER: Final = re.compile(r"question (\d+)\.")
# What ends a turn for whoever asks; everything else is asked again.
REFUSED: Final = frozenset((Reason.BUDGET_EXHAUSTED, Reason.RATE_LIMITED))


@dataclass
class Outcome:
    """What became of the turns, and what the checker found."""

    answered: int = 0
    refused: int = 0
    kills: int = 0
    watch: Watch = field(default_factory=Watch)
    found: list[str] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """In a line."""
        return (
            f"{self.answered} answered, {self.refused} refused, {self.kills} kills, {self.watch.looks} looks "
            f"(at most {self.watch.most_share:.1%} of a limit), {self.sums}, {len(self.found)} violations"
        )


class Play:
    """One tenant's turns on a stack."""

    def __init__(self, stack: ChatStack, turns: int, kills: int, chance: random.Random) -> None:
        self._stack = stack
        self._turns = turns
        self._kills = kills
        self._chance = chance
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._requests = {number: str(UUID(int=chance.getrandbits(128), version=4)) for number in range(turns)}
        self._done = 0
        self.tenant = TenantId(uuid4())
        self.outcome = Outcome()
        self._running: set[int] = set()
        # turns that somebody stopped, and those that ran when chat was killed, with the number of such kills
        self._disturbed: Counter[int] = Counter()

    async def run(self) -> Outcome:
        """To the verdict."""
        await self._stack.upstream.aio.set_default(Script(chunks=8, gap_seconds=0.02))
        over, address = asyncio.Event(), self._stack.superuser_dsn("governor")
        async with AsyncExitStack() as opened:
            people = [await opened.enter_async_context(Person(self._stack, sub, self.tenant)) for sub in USERS]
            root = await opened.enter_async_context(Person(self._stack, "root", self.tenant, "admin"))
            await self._set_limits(root)
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(watch(address, self.tenant, self.outcome.watch, over))
                killing = group.create_task(self._kill())
                await asyncio.gather(
                    *(self._turn(number, people[number % len(people)]) for number in range(self._turns))
                )
                await killing
                await self._drained(address)
                over.set()
                await looking
        await self._judge(address)
        return self.outcome

    async def _set_limits(self, root: Person) -> None:
        """Tight enough that turns are refused, wide enough that most are answered."""
        day, total = budget_pb.BUDGET_PERIOD_DAY, budget_pb.BUDGET_PERIOD_TOTAL
        limits = (
            (budget_pb.BUDGET_SCOPE_TENANT, total, 6_000 + 160 * self._turns),
            (budget_pb.BUDGET_SCOPE_USER, day, 4_000 + 60 * self._turns),
            (budget_pb.BUDGET_SCOPE_CONVERSATION, total, 4_000),
        )
        for scope, period, limit in limits:
            request = governor_pb.SetBudgetRequest(
                scope=scope, period=period, limit_tokens=limit, hard=True, request_id=str(uuid4())
            )
            with root.acting():
                await root.governor.SetBudget(request)

    async def _turn(self, number: int, person: Person) -> None:
        async with self._gate:
            stops = self._chance.random() < STOPPED
            request = said(f"This is question {number}. Say something.", request_id=self._requests[number])

            async def asked() -> bool:
                try:
                    async for event in person.stream(request):
                        if stops and event.HasField("text"):
                            await person.cancel(event.turn_id)
                except SomaError as error:
                    if error.reason in REFUSED:
                        self.outcome.refused += 1
                        return True
                    return False
                self.outcome.answered += 1
                return True

            self._running.add(number)
            if stops:
                self._disturbed[number] += 0
            await eventually(asked, within_seconds=90)
            self._running.discard(number)
            self._done += 1

    async def _kill(self) -> None:
        """Kills when so many turns are done, evenly, so that the last kill meets turns too."""
        for kill in range(self._kills):
            due = self._turns * (kill + 1) // (self._kills + 2)
            while self._done < due:
                await asyncio.sleep(0.02)
            service = self._chance.choice(("governor", "chat"))
            if service == "chat":
                # A governor that dies disturbs no count: chat knows what was said, and tells it until it is heard.
                self._disturbed.update(self._running)
            await asyncio.to_thread(self._stack.kill, service)
            await asyncio.to_thread(self._stack.start, service)
            self.outcome.kills += 1

    async def _drained(self, address: str) -> None:
        governor, chat = await asyncpg.connect(address), await asyncpg.connect(self._stack.superuser_dsn("chat"))

        async def empty() -> bool:
            late = await chat.fetchval(LATE, self.tenant)
            running = "select count(*) from chat.turns where tenant_id = $1 and status = 'running'"
            rows = await governor.fetch(OWNERS, self.tenant)
            return not late and not await chat.fetchval(running, self.tenant) and not any(row["open"] for row in rows)

        try:
            await eventually(empty, within_seconds=60)
        finally:
            await governor.close()
            await chat.close()

    async def _judge(self, address: str) -> None:
        governor, chat = await asyncpg.connect(address), await asyncpg.connect(self._stack.superuser_dsn("chat"))
        try:
            rows = await governor.fetch(OWNERS, self.tenant)
            used = "select used_tokens from governor.budgets where tenant_id = $1 and period = 'total'"
            counter = await governor.fetchval(used, self.tenant)
            asked = await chat.fetch("select turn_id, request_id from chat.turns where tenant_id = $1", self.tenant)
        finally:
            await governor.close()
            await chat.close()
        numbers = {request: number for number, request in self._requests.items()}
        of_turn = {row["turn_id"]: numbers.get(str(row["request_id"])) for row in asked}
        ledger = {number: row["used"] for row in rows if (number := of_turn.get(row["owner_id"])) is not None}
        found, self.outcome.sums = compare(ledger, await self._sent(), self._disturbed)
        if counter != sum(row["used"] for row in rows):
            found.append(f"the counter has {counter} tokens, the holds {sum(row['used'] for row in rows)}")
        self.outcome.found = [*self.outcome.watch.found, *found]

    async def _sent(self) -> list[Sent]:
        found = []
        for each in await self._stack.upstream.aio.requests():
            # What was said before may be recalled; the question itself comes last, or before the wish to go on.
            said_by_user = [str(message["content"]) for message in each.body["messages"] if message["role"] == "user"]
            number = next((match for text in reversed(said_by_user) if (match := _NUMBER.search(text))), None)
            if number is not None:
                whole = each.outcome == "finished"
                found.append(Sent(int(number[1]), each.prompt_tokens, each.completion_tokens, whole))
        return found
