"""Tenants through their doors: made by a saga with all they begin with or not at all, listed, renamed, and guarded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from servers.control.api_keys import ApiKeys
from servers.control.domain.tenants import tenant_of_request
from servers.control.hashing import KeyHasher
from servers.control.key_exchange import KeyExchanging
from servers.control.key_store import KeyStore
from servers.control.provisioning import Peers, Provisioning
from servers.control.tenant_making import TenantMaking
from servers.control.tenant_rpc import TenantServicer
from servers.control.tenant_store import TenantStore
from servers.control.tenants import Tenants
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.control.v1 import tenant_service_pb2 as tenant_pb
from soma.control.v1 import tenant_service_pb2_grpc as tenant_grpc
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import dial
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.failpoints import SagaFailpoint
from soma_common.sagas.models import Status
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.security.keys import read_key
from soma_common.security.roles import installation_scopes_for
from soma_common.security.tokens import UserSigner
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, TENANT, TestIdentity, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served
from tests.rpc.control.partners import Chat, Governor

DAY = budget_pb.BUDGET_PERIOD_DAY
USUAL = budget_pb.Budget(period=DAY, limit_tokens=1000, hard=True)


def runs_all() -> Caller:
    """An administrator of the tenant that runs the installation."""
    return replace(user("ada", TENANT, ("admin",)), scopes=installation_scopes_for(("admin",)))


class Cut(BaseException):
    """The process dies here."""


@dataclass
class Control:
    """Control's parts for tenants, and its partners; a process of it is a `SagaOrchestrator` that runs."""

    rpc: RpcHarness
    identity: TestIdentity
    urls: HouseDatabase
    database: Database
    governor: Governor
    chat: Chat
    targets: dict[str, str]

    def __post_init__(self) -> None:
        store, self.hasher = KeyStore(), KeyHasher()
        self.events = EventStore("control")
        root = read_key(self.identity.token_key_path).derived_secret("API keys")
        self.keys = ApiKeys(self.database, store, self.events, self.hasher, root, Clock())
        signer = UserSigner(self.identity.token_key_path)
        self.exchanging = KeyExchanging(self.database, store, self.hasher, signer, Clock())
        self.tenants = Tenants(self.database, TenantStore(), self.events, Clock())
        self.running: list[asyncio.Task[None]] = []

    def peers(self) -> Peers:
        governor, chat = (dial(self.targets[name], self.identity.signer("control"), name=name) for name in self.targets)
        return Peers(governor.stub(GovernorServiceStub), chat.stub(AgentServiceStub))

    def orchestrator(self, **options: Any) -> SagaOrchestrator:
        definition = Provisioning(TenantStore(), self.keys, self.events, self.peers(), USUAL, Clock()).definition
        return SagaOrchestrator(self.database, self.events, [definition], Clock(), Ids(), **options)

    def run(self, sagas: SagaOrchestrator) -> None:
        self.running.append(asyncio.create_task(sagas.run()))

    async def serve(self, sagas: SagaOrchestrator) -> Served:
        making = TenantMaking(self.database, TenantStore(), self.keys, sagas, self.peers())
        servicer = TenantServicer(self.tenants, making, USUAL)
        added = Added(tenant_grpc.add_TenantServiceServicer_to_server, servicer, "soma.control.v1.TenantService")
        return await self.rpc.serve("control", added, idempotency=IdempotencyStore(self.database))

    async def door(self, timeout_seconds: float = 20) -> tenant_grpc.TenantServiceStub:
        sagas = self.orchestrator()
        self.run(sagas)
        served = await self.serve(sagas)
        return self.rpc.channel(served, timeout_seconds=timeout_seconds).stub(tenant_grpc.TenantServiceStub)

    async def rows(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.urls.owner_dsn)
        try:
            await connection.execute("set search_path to control")
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def left(self) -> dict[str, int]:
        """How many rows there are of what a tenant begins with."""
        return {
            table: (await self.rows(f"select count(*) from {table}"))[0]["count"]
            for table in ("tenants", "members", "api_keys")
        }


@pytest.fixture
async def control(
    rpc: RpcHarness, identity: TestIdentity, house_database: HouseDatabases, open_database: OpenDatabase
) -> AsyncIterator[Control]:
    urls = house_database("control", "servers.control")
    governor, chat = Governor(), Chat()  # type: ignore[abstract]  # nobody calls the other methods
    targets = {
        "governor": (await rpc.serve("governor", governor.added())).target,
        "chat": (await rpc.serve("chat", chat.added())).target,
    }
    made = Control(rpc, identity, urls, await open_database(urls), governor, chat, targets)
    yield made
    for task in made.running:
        task.cancel()
    await asyncio.gather(*made.running, return_exceptions=True)
    made.hasher.close()


@pytest.fixture(autouse=True)
def as_owner() -> Iterator[None]:
    with acting_as(runs_all(), "test"):
        yield


def wanted(name: str = "web-team", **fields: Any) -> tenant_pb.CreateTenantRequest:
    return tenant_pb.CreateTenantRequest(**{"name": name, "request_id": str(uuid4()), **fields})


async def refusal(work: Awaitable[Any]) -> SomaError:
    with pytest.raises(SomaError) as caught:
        await work
    return caught.value


async def test_a_tenant_begins_with_owner_budget_agent_and_a_key_that_works(control: Control) -> None:
    door = await control.door()
    budget = budget_pb.Budget(period=DAY, limit_tokens=5000)
    request = wanted(display_name="The web team", owner_sub="wanda", budget=budget, agent_name="support")
    made = await door.CreateTenant(request)
    tenant_id = TenantId(UUID(made.tenant.tenant_id))
    assert (made.tenant.name, made.tenant.display_name, made.tenant.owner_sub) == ("web-team", "The web team", "wanda")
    assert (made.tenant.created_by, made.tenant.runs_installation) == ("ada", False)
    assert made.budget == budget == control.governor.budgets[tenant_id]
    assert made.agent == control.chat.agents[tenant_id]
    assert made.agent.name == "support"
    assert made.saga_id == request.request_id
    caller = control.identity.verifier().verify((await control.exchanging.exchange(made.key)).token)
    assert (caller.tenant_id, caller.sub, caller.roles) == (tenant_id, "wanda", frozenset({"admin"}))
    assert "tenants:write" not in caller.scopes


async def test_what_is_not_said_is_what_a_tenant_gets_here(control: Control) -> None:
    made = await (await control.door()).CreateTenant(wanted())
    assert (made.tenant.display_name, made.tenant.owner_sub) == ("web-team", "owner")
    assert made.budget == USUAL
    assert made.agent.name == "assistant"


async def test_a_repeat_gets_the_same_answer_and_other_content_is_refused(control: Control) -> None:
    door, request = await control.door(), wanted()
    first = await door.CreateTenant(request)
    assert await door.CreateTenant(request) == first
    assert await control.left() == {"tenants": 1, "members": 1, "api_keys": 1}
    other = tenant_pb.CreateTenantRequest(name="web-team", owner_sub="else", request_id=request.request_id)
    assert (await refusal(door.CreateTenant(other))).reason is Reason.REQUEST_ID_REUSED


async def test_no_secret_is_in_what_is_kept_of_the_saga(control: Control) -> None:
    made = await (await control.door()).CreateTenant(wanted())
    secret = made.key.rpartition("_")[2]
    found = await control.rows(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'control'::regnamespace"
    )
    tables = [row["relname"] for row in found]
    assert "sagas" in tables
    for table in tables:
        kept = [row["row"] for row in await control.rows(f"select t::text as row from {table} t")]
        assert all(secret not in row and secret.encode().hex() not in row for row in kept), table


async def test_a_name_that_is_taken_is_refused_before_anything_begins(control: Control) -> None:
    door = await control.door()
    await door.CreateTenant(wanted())
    refused = await refusal(door.CreateTenant(wanted()))
    assert (refused.reason, refused.metadata["field"]) == (Reason.INVALID_FIELD, "name")
    assert len(await control.rows("select saga_id from sagas")) == 1


async def test_two_at_once_do_not_both_get_a_name(control: Control) -> None:
    door = await control.door()
    answers = await asyncio.gather(*(door.CreateTenant(wanted()) for _ in range(2)), return_exceptions=True)
    failures = [answer for answer in answers if isinstance(answer, SomaError)]
    assert len(failures) == 1
    assert failures[0].reason in (Reason.INVALID_FIELD, Reason.SAGA_FAILED)
    assert await control.left() == {"tenants": 1, "members": 1, "api_keys": 1}


async def test_when_chat_refuses_everything_is_undone(control: Control) -> None:
    door, request = await control.door(), wanted(budget=budget_pb.Budget(period=DAY, limit_tokens=5000))
    control.chat.refusal = invalid_field("agent.name", "chat does not like it")
    refused = await refusal(door.CreateTenant(request))
    assert refused.reason is Reason.SAGA_FAILED
    assert refused.metadata["saga_id"] == request.request_id
    assert refused.metadata["problem"] == "INVALID_FIELD"
    assert "undone" in refused.sentence
    assert await control.left() == {"tenants": 0, "members": 0, "api_keys": 0}
    assert control.governor.budgets == {tenant_of_request(UUID(request.request_id)): USUAL}
    control.chat.refusal = None
    assert (await refusal(door.CreateTenant(request))).reason is Reason.SAGA_FAILED
    assert (await door.CreateTenant(wanted())).tenant.name == "web-team"


async def test_while_the_governor_is_away_the_saga_waits_and_a_repeat_gets_the_tenant(control: Control) -> None:
    door, request = await control.door(timeout_seconds=1.5), wanted()
    control.governor.refusal = SomaError(Reason.DATABASE_UNAVAILABLE)
    waiting = await refusal(door.CreateTenant(request))
    assert (waiting.reason, waiting.metadata["saga_id"]) == (Reason.SAGA_RUNNING, request.request_id)
    control.governor.refusal = None

    async def made() -> tenant_pb.CreateTenantResponse:
        return await door.CreateTenant(request)

    answer = await eventually(made, within_seconds=20)
    assert (await control.exchanging.exchange(answer.key)).token
    assert len(set(control.governor.request_ids)) == 1


@pytest.mark.parametrize("point", [SagaFailpoint.ACTED, SagaFailpoint.MOVED])
@pytest.mark.parametrize("place", range(1, 6))
async def test_a_process_that_dies_at_a_step_is_followed_by_one_that_goes_on(
    control: Control, point: SagaFailpoint, place: int
) -> None:
    seen = 0

    def dies(reached: SagaFailpoint) -> None:
        nonlocal seen
        seen += reached is point
        if reached is point and seen == place:
            raise Cut

    request = wanted()
    conduct = Conduct(lease_seconds=0.5)
    first = control.orchestrator(conduct=conduct, reached=dies)
    served = await control.serve(first)
    door = control.rpc.channel(served, timeout_seconds=1).stub(tenant_grpc.TenantServiceStub)
    dying = asyncio.create_task(first.run())
    await asyncio.sleep(0)
    with suppress(SomaError):
        await door.CreateTenant(request)
    await eventually(lambda: seen >= place, within_seconds=30)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    second = control.orchestrator(conduct=conduct)
    control.run(second)
    saga = await second.finished(TENANT, UUID(request.request_id), 20)
    assert saga.status is Status.COMPLETED
    assert await control.left() == {"tenants": 1, "members": 1, "api_keys": 1}
    assert len(control.chat.agents) == len(control.governor.budgets) == 1


async def test_tenants_are_listed_by_name_with_that_of_the_installation(control: Control) -> None:
    door = await control.door()
    assert await control.tenants.adopt(TENANT, "owner", "start")
    assert not await control.tenants.adopt(TENANT, "owner", "another start")
    for name in ("zoo", "art"):
        await door.CreateTenant(wanted(name))
    page = await door.ListTenants(tenant_pb.ListTenantsRequest(page_size=2))
    rest = await door.ListTenants(tenant_pb.ListTenantsRequest(page_token=page.next_page_token))
    listed = [(tenant.name, tenant.runs_installation) for tenant in (*page.tenants, *rest.tenants)]
    assert listed == [("art", False), ("installation", True), ("zoo", False)]
    own = await door.GetTenant(tenant_pb.GetTenantRequest(tenant_id=str(TENANT)))
    assert (own.tenant.owner_sub, own.tenant.created_by) == ("owner", "service:control")


async def test_a_tenant_is_renamed_under_its_etag(control: Control) -> None:
    door = await control.door()
    made = (await door.CreateTenant(wanted())).tenant
    named = tenant_pb.Tenant(tenant_id=made.tenant_id, display_name="Web", etag=made.etag)
    request = tenant_pb.UpdateTenantRequest(tenant=named, request_id=str(uuid4()))
    after = (await door.UpdateTenant(request)).tenant
    assert (after.display_name, after.name) == ("Web", "web-team")
    assert after.etag != made.etag
    again = tenant_pb.UpdateTenantRequest(tenant=named, request_id=str(uuid4()))
    assert (await refusal(door.UpdateTenant(again))).reason is Reason.ETAG_MISMATCH


async def test_every_change_of_a_tenant_is_an_event_of_the_one_that_manages_it(control: Control) -> None:
    door = await control.door()
    await door.CreateTenant(wanted())
    control.chat.refusal = invalid_field("agent.name", "chat does not like it")
    await refusal(door.CreateTenant(wanted("other")))
    rows = await control.rows(
        "select event_type, tenant_id from events where stream like 'tenant/%' order by event_time"
    )
    assert [row["event_type"].rpartition(".")[2] for row in rows] == ["created", "created", "removed"]
    assert {row["tenant_id"] for row in rows} == {TENANT}


@pytest.mark.parametrize(
    "caller",
    [
        user("ada", TENANT, ("admin",)),
        user("eve", OTHER_TENANT, ("admin",)),
        replace(user("bob", TENANT, ("operator",)), scopes=installation_scopes_for(("admin",))),
    ],
    ids=["an admin without the scope", "an admin of another tenant", "an operator"],
)
async def test_only_who_runs_the_installation_may(control: Control, caller: Caller) -> None:
    door = await control.door()
    with acting_as(caller, "test"):
        assert (await refusal(door.CreateTenant(wanted()))).reason is Reason.SCOPE_MISSING
        assert (await refusal(door.ListTenants(tenant_pb.ListTenantsRequest()))).reason is Reason.SCOPE_MISSING


async def test_who_runs_another_installation_sees_nothing_of_this_one(control: Control) -> None:
    door = await control.door()
    made = await door.CreateTenant(wanted())
    stranger = replace(user("eve", OTHER_TENANT, ("admin",)), scopes=installation_scopes_for(("admin",)))
    with acting_as(stranger, "test"):
        assert not (await door.ListTenants(tenant_pb.ListTenantsRequest())).tenants
        asked = door.GetTenant(tenant_pb.GetTenantRequest(tenant_id=made.tenant.tenant_id))
        assert (await refusal(asked)).reason is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("name", ["", "x", "Web", "web team", "-web", "web-", "w" * 41])
async def test_a_name_of_another_form_is_refused(control: Control, name: str) -> None:
    assert (await refusal((await control.door()).CreateTenant(wanted(name)))).reason is Reason.INVALID_FIELD
