"""The ledger on a real server as a machine of random steps, several at once: at every step no hard limit is exceeded.

A soft budget beside them shows that nothing is lost: it counts everything that was settled.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.periods import Period
from servers.governor.domain.scopes import Scope, Subject
from servers.governor.ledger.budget_store import BudgetKey, BudgetStore
from servers.governor.ledger.store import Hold, HoldOwner, LedgerStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.testing.postgres import HouseDatabases
from tests.property.governor.strategies import NOW

LEASE = timedelta(minutes=10)
MANY = 100
USERS = ("ada", "eve")
LIMITS = (
    (BudgetKey(Scope.TENANT, "", Period.TOTAL), Amount(1500), True),
    (BudgetKey(Scope.TENANT, "", Period.MONTH), Amount(10**9), False),
    (BudgetKey(Scope.TENANT, "", Period.TURN), Amount(400), True),
    (BudgetKey(Scope.USER, "", Period.TOTAL), Amount(900), True),
    (BudgetKey(Scope.USER, "eve", Period.DAY), Amount(500), True),
)

needs = st.integers(0, 300)
owners = st.integers(0, 7)
legs = st.integers(1, 3)


class LedgerOnServer(RuleBasedStateMachine):
    """Holds, releases, settlements and expiries of a few owners."""

    urls: HouseDatabase

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = NOW
        self.tenant = TenantId(uuid4())
        self.ledger = LedgerStore(Amount())
        self.store = BudgetStore(self.ledger)
        self.ids: dict[int, UUID] = {number: uuid4() for number in range(8)}
        self.database = self.loop.run_until_complete(Database.open(self.urls))
        self.loop.run_until_complete(self._begin())

    def teardown(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()

    async def _begin(self) -> None:
        async with self.database.transaction(self.tenant) as connection:
            for key, limit, hard in LIMITS:
                await self.store.set(connection, self.tenant, key, limit, hard, self.now)

    async def _hold(self, owner: int, leg: int, tokens: int) -> None:
        whose = HoldOwner(self.ids[owner], is_turn=False, subject=Subject(USERS[owner % 2]))
        hold = Hold(uuid4(), leg, Amount(tokens), self.now + LEASE)
        try:
            await self.ledger.hold_leg(self.database, self.tenant, whose, hold, self.now)
        except SomaError as error:
            if error.reason is not Reason.BUDGET_EXHAUSTED:
                raise

    async def _held(self, owner: int) -> dict[int, int]:
        """The open holds of an owner by leg."""
        statement = "select leg, tokens from holds where owner_id = $1 and state = 'open'"
        async with self.database.transaction(self.tenant) as connection:
            return {row["leg"]: row["tokens"] for row in await connection.fetch(statement, self.ids[owner])}

    async def _close(self, owner: int, *, settles: bool) -> None:
        """Reports half of what is held, as a provider that counts as we do; the other legs are given back."""
        used = {leg: Amount(tokens // 2) for leg, tokens in (await self._held(owner)).items() if leg < 3}
        if settles:
            async with self.database.transaction(self.tenant) as connection:
                await self.ledger.settle(connection, self.tenant, self.ids[owner], used, self.now)
        else:
            await self.ledger.release(self.database, self.tenant, (self.ids[owner], False), used, 0, self.now)

    def _at_once(self, *steps: Awaitable[None]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*steps)

        self.loop.run_until_complete(all_of_them())

    @rule(first=owners, second=owners, third=owners, leg=legs, tokens=needs)
    def hold_at_once(self, first: int, second: int, third: int, leg: int, tokens: int) -> None:
        self._at_once(*(self._hold(owner, leg, tokens) for owner in (first, second, third)))

    @rule(owner=owners, other=owners, tokens=needs)
    def settle_beside_a_hold(self, owner: int, other: int, tokens: int) -> None:
        self._at_once(self._close(owner, settles=True), self._hold(other, 1, tokens))
        self.ids[owner] = uuid4()

    @rule(owner=owners, other=owners, tokens=needs)
    def release_beside_a_hold(self, owner: int, other: int, tokens: int) -> None:
        self._at_once(self._close(owner, settles=False), self._hold(other, 2, tokens))

    @rule(minutes=st.integers(1, 12))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        async def work() -> None:
            await self.database.run_worker(lambda it: self.ledger.return_expired(it, self.tenant, self.now))

        self._at_once(work(), work())

    async def _seen(self) -> tuple[list[BudgetState], list[dict[str, int]]]:
        owned = (
            "select sum(used_tokens)::bigint as used, count(*) filter (where state = 'open') as open, "
            "coalesce(sum(tokens) filter (where state = 'open'), 0)::bigint as held from holds group by owner_id"
        )
        async with self.database.transaction(self.tenant) as connection:
            found: list[BudgetState] = []
            for user in USERS:
                budgets, _ = await self.store.applying(connection, self.tenant, Subject(user), self.now)
                found += budgets
            counted = await connection.fetchval("select max(open_holds) from budgets")
            rows = [dict(row) for row in await connection.fetch(owned)]
        assert counted == sum(row["open"] for row in rows)
        return found, rows

    @invariant()
    def no_hard_limit_is_exceeded_and_nothing_is_lost(self) -> None:
        budgets, rows = self.loop.run_until_complete(self._seen())
        used, held = sum(row["used"] for row in rows), sum(row["held"] for row in rows)
        for budget in budgets:
            assert min(budget.used.tokens, budget.held.tokens, budget.debt.tokens) >= 0
            if budget.hard and budget.limit.tokens:
                assert budget.used.tokens + budget.held.tokens <= budget.limit.tokens, budget.name
            if budget.scope is Scope.TENANT and budget.period is Period.MONTH:
                assert (budget.used.tokens, budget.held.tokens) == (used, held)
        assert all(row["used"] + row["held"] <= 400 for row in rows), "a turn's own budget"


def test_hard_limits_hold_at_every_step(house_database: HouseDatabases) -> None:
    class Machine(LedgerOnServer):
        urls = house_database("governor", "servers.governor")

    how = settings(max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Machine, settings=how)


@pytest.mark.parametrize(
    "key",
    [
        BudgetKey(Scope.TENANT, "", Period.DAY),
        BudgetKey(Scope.USER, "", Period.MONTH),
        BudgetKey(Scope.AGENT, str(UUID(int=7)), Period.TOTAL),
        BudgetKey(Scope.CONVERSATION, "", Period.DAY),
    ],
    ids=lambda key: str(key.scope.value),
)
async def test_of_many_parallel_holds_of_the_last_unit_one_is_granted(
    house_database: HouseDatabases, key: BudgetKey
) -> None:
    database = await Database.open(house_database("governor", "servers.governor"))
    ledger, tenant = LedgerStore(Amount()), TenantId(uuid4())
    subject = Subject("ada", UUID(int=7), UUID(int=8))

    # More than the pool has connections; whoever waits longer for one would be told that the database is away.
    gate = asyncio.Semaphore(16)

    async def one() -> bool:
        try:
            async with gate:
                whose = HoldOwner(uuid4(), is_turn=False, subject=subject)
                await ledger.hold_leg(database, tenant, whose, Hold(uuid4(), 1, Amount(10), NOW + LEASE), NOW)
        except SomaError as error:
            if error.reason is not Reason.BUDGET_EXHAUSTED:
                raise
            return False
        return True

    try:
        async with database.transaction(tenant) as connection:
            await BudgetStore(ledger).set(connection, tenant, key, Amount(10), hard=True, now=NOW)
        assert sum(await asyncio.gather(*(one() for _ in range(MANY)))) == 1
    finally:
        await database.close()
