"""The ledger's statements do what its arithmetic says: the same random story told to both ends in the same counters."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.governor.domain.ledger import Amount, BudgetState, Refusal, place_hold
from servers.governor.domain.periods import Period
from servers.governor.domain.scopes import Subject
from servers.governor.ledger.store import Hold, HoldOwner, LedgerStore, Placed
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database, HouseDatabase
from soma_common.testing.postgres import HouseDatabases
from tests.property.governor.strategies import NOW, fresh

LEASE = timedelta(hours=20)
needs = st.builds(Amount, st.integers(0, 400), st.integers(0, 40))


@dataclass(frozen=True)
class Step:
    """One event of a story: hold, settle with a use, or wait for some hours."""

    kind: str
    owner: int
    amount: Amount
    hours: int


steps = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(("hold", "hold", "settle", "wait")),
        owner=st.integers(0, 5),
        amount=needs,
        hours=st.integers(1, 30),
    ),
    min_size=1,
    max_size=25,
)


class Told:
    """The story as values: budgets, and for each owner its open hold with the end of its lease."""

    def __init__(self, budgets: tuple[BudgetState, ...]) -> None:
        self.now = NOW
        self.budgets = budgets
        self.holds: dict[int, tuple[Amount, datetime] | None] = {}
        self.settled: set[int] = set()

    def renew(self) -> None:
        self.budgets = tuple(budget.at(self.now) for budget in self.budgets)

    def hold(self, owner: int, need: Amount) -> bool:
        """Whether it was granted or had been before."""
        self.renew()
        known = self.holds.get(owner)
        if owner in self.settled:
            return False
        if known is not None and known[1] > self.now:
            return True
        for other, hold in self.holds.items():
            if hold is not None and hold[1] <= self.now:
                self.budgets = tuple(budget.without_hold(hold[0]) for budget in self.budgets)
                self.holds[other] = None
        placed = place_hold(self.budgets, need)
        # What is given back before a refusal stays given back.
        if isinstance(placed, Refusal):
            return False
        self.budgets = placed
        self.holds[owner] = (need, self.now + LEASE)
        return True

    def settle(self, owner: int, used: Amount) -> None:
        self.renew()
        if owner not in self.holds or owner in self.settled:
            return
        hold = self.holds[owner]
        held = Amount() if hold is None else hold[0]
        self.budgets = tuple(budget.settled(held, used) for budget in self.budgets)
        self.holds[owner] = None
        self.settled.add(owner)


def a_job(owner_id: UUID) -> HoldOwner:
    return HoldOwner(owner_id, is_turn=False, subject=Subject("ada"))


class Kept:
    """The same story on the server."""

    def __init__(self, database: Database, budgets: tuple[BudgetState, ...]) -> None:
        self.database = database
        self.tenant = TenantId(uuid4())
        self.store = LedgerStore(Amount())
        self.owners: dict[int, UUID] = {}
        self.limits = budgets

    async def begin(self) -> None:
        async with self.database.transaction(self.tenant) as connection:
            for budget in self.limits:
                await self.store.set_budget(connection, self.tenant, budget.period, budget.limit, budget.hard, NOW)

    async def hold(self, owner: int, need: Amount, now: datetime) -> bool:
        owner_id = self.owners.setdefault(owner, uuid4())
        hold = Hold(uuid4(), 1, need, now + LEASE)
        try:
            return isinstance(await self.store.hold_leg(self.database, self.tenant, a_job(owner_id), hold, now), Placed)
        except SomaError:
            return False

    async def settle(self, owner: int, used: Amount, now: datetime) -> None:
        owner_id = self.owners.setdefault(owner, uuid4())
        async with self.database.transaction(self.tenant) as connection:
            await self.store.settle(connection, self.tenant, owner_id, {1: used}, now)

    async def budgets(self, now: datetime) -> tuple[BudgetState, ...]:
        async def work(connection: Connection) -> tuple[BudgetState, ...]:
            return (await self.store.list_budgets(connection, self.tenant, now))[0]

        return await self.database.run(self.tenant, work)


async def tell(urls: HouseDatabase, story: list[Step]) -> None:
    limits = (
        fresh(Period.DAY, Amount(900, 0)),
        fresh(Period.MONTH, Amount(0, 150)),
        fresh(Period.TOTAL, Amount(500, 0), hard=False),
    )
    database = await Database.open(urls)
    try:
        told, kept = Told(limits), Kept(database, limits)
        await kept.begin()
        for step in story:
            if step.kind == "hold":
                assert await kept.hold(step.owner, step.amount, told.now) == told.hold(step.owner, step.amount)
            elif step.kind == "settle":
                await kept.settle(step.owner, step.amount, told.now)
                told.settle(step.owner, step.amount)
            else:
                told.now += timedelta(hours=step.hours)
        told.renew()
        assert await kept.budgets(told.now) == told.budgets
    finally:
        await database.close()


@pytest.fixture
def urls(house_database: HouseDatabases) -> HouseDatabase:
    return house_database("governor", "servers.governor")


def test_statements_and_arithmetic_agree(urls: HouseDatabase) -> None:
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(steps)
    def one(story: list[Step]) -> None:
        asyncio.run(tell(urls, story))

    one()
