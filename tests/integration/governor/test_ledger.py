"""The ledger on a real server, under concurrency: never more than the limit, never a unit lost."""

import asyncio
from uuid import uuid4

import pytest

from servers.governor.domain.ledger import Amount
from servers.governor.domain.periods import Period
from servers.governor.ledger.holding import Holding, Owner
from servers.governor.ledger.store import LedgerStore
from servers.governor.metrics import GovernorMetrics
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.metrics import process_registry
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

NEED = Amount(100, 10)


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("governor", "servers.governor"))


class Ledger:
    """A tenant with a hard limit on its day."""

    def __init__(self, database: Database, limit: Amount) -> None:
        clock, ids = Clock(), Ids()
        self.tenant = TenantId(uuid4())
        self.caller = user("ada", self.tenant)
        self.database = database
        self.store = LedgerStore(limit)
        metrics = GovernorMetrics(process_registry(), clock)
        self.holding = Holding(database, self.store, metrics, clock, ids)

    async def hold(self, owner: Owner, leg: int = 1, timeout_seconds: float = 3600.0) -> bool:
        try:
            await self.holding.hold_leg(self.caller, owner, leg, NEED, timeout_seconds)
        except SomaError as error:
            if error.reason is not Reason.BUDGET_EXHAUSTED:
                raise
            return False
        return True

    async def settle(self, owner: Owner, used: Amount) -> None:
        async def work(connection: Connection) -> None:
            now = self.holding.clock.now()
            assert await self.store.settle(connection, self.tenant, owner.owner_id, {1: used}, now)

        await self.database.run(self.tenant, work)

    async def day(self) -> tuple[Amount, Amount, int]:
        """Used, held, and how many holds are open."""
        async with self.database.transaction(self.tenant) as connection:
            budgets, open_holds = await self.store.list_budgets(connection, self.tenant, self.holding.clock.now())
        day = next(budget for budget in budgets if budget.period is Period.DAY)
        return day.used, day.held, open_holds


def a_job() -> Owner:
    return Owner(uuid4(), is_turn=False)


async def test_200_parallel_holds_of_the_last_units_grant_exactly_what_fits(database: Database) -> None:
    ledger = Ledger(database, Amount(1750, 0))
    granted = await asyncio.gather(*(ledger.hold(a_job()) for _ in range(200)))
    assert sum(granted) == 17
    used, held, open_holds = await ledger.day()
    assert (used.tokens, held.tokens, open_holds) == (0, 1700, 17)


async def test_of_200_parallel_holds_of_the_very_last_unit_one_is_granted(database: Database) -> None:
    ledger = Ledger(database, Amount(0, 10))
    granted = await asyncio.gather(*(ledger.hold(a_job()) for _ in range(200)))
    assert sum(granted) == 1


async def test_parallel_repeats_of_one_hold_are_one_hold(database: Database) -> None:
    ledger, owner = Ledger(database, Amount(100_000, 0)), a_job()
    holds = await asyncio.gather(*(ledger.holding.hold_leg(ledger.caller, owner, 1, NEED, 60.0) for _ in range(50)))
    assert len({hold.hold_id for hold in holds}) == 1
    assert (await ledger.day())[1] == NEED


async def test_holds_and_settlements_at_once_end_with_the_true_sum(database: Database) -> None:
    ledger = Ledger(database, Amount(1000, 0))
    total = Amount()

    async def live(number: int) -> None:
        nonlocal total
        owner = a_job()
        if await ledger.hold(owner):
            used = Amount(number % 100, 1)
            await asyncio.gather(*(ledger.settle(owner, used) for _ in range(3)))
            total += used

    await asyncio.gather(*(live(number) for number in range(120)))
    used, held, open_holds = await ledger.day()
    assert used == total
    assert (held, open_holds) == (Amount(), 0)
    assert used.tokens <= 1000


async def test_sweepers_and_settlements_at_once_return_each_hold_once(database: Database) -> None:
    ledger = Ledger(database, Amount(100_000, 0))
    owners = [a_job() for _ in range(40)]
    await asyncio.gather(*(ledger.hold(owner, timeout_seconds=0.0) for owner in owners))
    await asyncio.gather(
        *(ledger.holding.return_expired() for _ in range(4)),
        *(ledger.settle(owner, Amount(70, 7)) for owner in owners[:20]),
        *(ledger.holding.return_expired() for _ in range(4)),
    )
    used, held, open_holds = await ledger.day()
    assert used == Amount(20 * 70, 20 * 7)
    assert (held, open_holds) == (Amount(), 0)
