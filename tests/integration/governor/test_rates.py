"""Rates on a real server: so many calls, tokens and turns as were said, and a wait that is true to the microsecond."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from servers.governor.domain.ledger import Amount
from servers.governor.domain.rates import RateRules
from servers.governor.domain.rules import Level
from servers.governor.domain.scopes import Subject
from servers.governor.ledger.holding import Holding
from servers.governor.ledger.store import Hold, HoldOwner, LedgerStore
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.store import NewReceipt, PlanStore, Wanted
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.rpc.metrics import process_registry
from soma_common.testing.clock import SetClock
from soma_common.testing.postgres import HouseDatabases, OpenDatabase


class Limited:
    """A tenant under rates, on a clock that stands."""

    def __init__(self, database: Database, rates: RateRules, limit: int = 0) -> None:
        self.clock, ids = SetClock(), Ids()
        self.database = database
        self.tenant = TenantId(uuid4())
        self.store = LedgerStore(Amount(limit))
        self.rates = rates
        metrics = GovernorMetrics(process_registry(), self.clock)
        self.holding = Holding(database, self.store, metrics, self.clock, ids)

    async def hold(self, tokens: int = 100, sub: str = "ada", owner: UUID | None = None, *, turn: bool = False) -> None:
        now, owner_id = self.clock.now(), owner or uuid4()
        hold = Hold(uuid4(), 1, Amount(tokens), now + timedelta(minutes=10))
        if turn:
            await self._plan(owner_id, hold, Subject(sub))
        else:
            await self.store.hold_leg(
                self.database, self.tenant, HoldOwner(owner_id, False, Subject(sub)), hold, now, self.rates
            )

    async def _plan(self, turn_id: UUID, hold: Hold, subject: Subject) -> None:
        now, plans = self.clock.now(), PlanStore(self.database, self.store)
        await plans.read_planning_state(self.tenant, Wanted(turn_id), now)
        new = NewReceipt(uuid4(), turn_id, hold, now, subject, "m", [0] * 6, 0, 0.0, b"", b"", Level.L0, self.rates)
        await plans.open_receipt(self.tenant, new)

    async def refused(self, tokens: int = 100, sub: str = "ada", *, turn: bool = False) -> SomaError:
        with pytest.raises(SomaError) as caught:
            await self.hold(tokens, sub, turn=turn)
        assert caught.value.reason is Reason.RATE_LIMITED
        return caught.value

    async def granted(self, number: int, tokens: int = 100) -> int:
        """How many of so many at once come through."""

        async def one() -> bool:
            try:
                await self.hold(tokens)
            except SomaError as error:
                if error.reason is not Reason.RATE_LIMITED:
                    raise
                return False
            return True

        return sum(await asyncio.gather(*(one() for _ in range(number))))


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("governor", "servers.governor"))


@pytest.mark.parametrize(
    ("rates", "wait", "sentence"),
    [
        (RateRules(tenant_calls_per_minute=7), 60 / 7, "7 model calls a minute of the tenant"),
        (RateRules(user_calls_per_minute=7), 60 / 7, "7 model calls a minute of the user"),
        (RateRules(tenant_tokens_per_minute=720), 20 / 3, "720 tokens a minute of the tenant"),
        (RateRules(user_tokens_per_minute=720), 20 / 3, "720 tokens a minute of the user"),
    ],
    ids=["tenant calls", "user calls", "tenant tokens", "user tokens"],
)
async def test_a_minute_s_worth_comes_through_and_the_wait_is_true(
    database: Database, rates: RateRules, wait: float, sentence: str
) -> None:
    limited = Limited(database, rates)
    assert await limited.granted(40) == 7
    # What was refused counts nothing: the wait does not grow.
    first, again = await limited.refused(), await limited.refused()
    assert first.metadata == {"limit": sentence}
    assert first.retry_after_seconds == again.retry_after_seconds == pytest.approx(wait, abs=1e-5)
    assert first.retry_after_seconds is not None
    limited.clock.advance(first.retry_after_seconds - 0.001)
    await limited.refused()
    limited.clock.advance(0.001001)
    assert await limited.granted(5) == 1
    limited.clock.advance(60)
    assert await limited.granted(40) == 7


async def test_a_call_larger_than_a_minute_s_worth_never_comes_through(database: Database) -> None:
    limited = Limited(database, RateRules(tenant_tokens_per_minute=1000, tenant_calls_per_minute=1))
    await limited.hold(10)
    error = await limited.refused(1001)
    assert error.retry_after_seconds is None
    assert error.metadata["limit"] == "1000 tokens a minute of the tenant, and this call alone may take 1001"


async def test_a_user_s_rate_is_nobody_else_s(database: Database) -> None:
    limited = Limited(database, RateRules(user_calls_per_minute=1, tenant_calls_per_minute=2))
    await limited.hold(sub="ada")
    assert [violation.subject for violation in (await limited.refused(sub="ada")).quota] == ["user/calls"]
    await limited.hold(sub="eve")
    assert [violation.subject for violation in (await limited.refused(sub="joe")).quota] == ["tenant/calls"]


async def test_a_repeat_is_not_counted_and_neither_is_what_the_budget_refuses(database: Database) -> None:
    limited, owner = Limited(database, RateRules(tenant_calls_per_minute=2), 150), uuid4()
    for _ in range(5):
        await limited.hold(owner=owner)
    for _ in range(5):
        with pytest.raises(SomaError) as caught:
            await limited.hold()
        assert caught.value.reason is Reason.BUDGET_EXHAUSTED
    await limited.hold(50)
    # A turn at L4 calls no model.
    await limited.hold(0)


@pytest.mark.parametrize("name", ["tenant_concurrent_turns", "user_concurrent_turns"])
async def test_no_more_turns_than_allowed_run_at_once(database: Database, name: str) -> None:
    limited = Limited(database, replace(RateRules(), **{name: 2}))
    first = uuid4()
    await limited.hold(owner=first, turn=True)
    await limited.hold(turn=True)
    await limited.hold()
    error = await limited.refused(turn=True)
    assert error.metadata["limit"] == f"2 turns at once of the {name.partition('_')[0]}, and 2 run"
    assert error.retry_after_seconds == 2
    async with database.transaction(limited.tenant) as connection:
        await limited.store.settle(connection, limited.tenant, first, {1: Amount(7)}, limited.clock.now())
    await limited.hold(turn=True)
    await limited.refused(turn=True)
    # Leases end: nobody runs any more.
    limited.clock.advance(601)
    await limited.hold(turn=True)
