"""Tickets that are claimed and sessions that are ended, through the door that the edges use."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest

from servers.control.session_rpc import SessionServicer
from servers.control.sessions import Sessions
from soma.control.v1 import session_service_pb2 as session_pb
from soma.control.v1 import session_service_pb2_grpc as session_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.testing.identity import OTHER_TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness


@dataclass(frozen=True)
class Doors:
    """Stubs as the edge and another service have them, and the database behind."""

    edge: session_grpc.SessionServiceStub
    memory: session_grpc.SessionServiceStub
    database: Database


@pytest.fixture
async def doors(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Doors:
    database = await open_database(house_database("control", "servers.control"))
    served = await rpc.serve(
        "control",
        Added(
            session_grpc.add_SessionServiceServicer_to_server,
            SessionServicer(Sessions(database, Clock())),
            "soma.control.v1.SessionService",
        ),
        idempotency=IdempotencyStore(database),
    )
    edge, memory = (
        rpc.channel(served, service=name).stub(session_grpc.SessionServiceStub) for name in ("edge", "memory")
    )
    return Doors(edge, memory, database)


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user(), "test"):
        yield


def claiming(ticket_id: str, request_id: str = "", seconds: float = 30.0) -> session_pb.ClaimTicketRequest:
    request = session_pb.ClaimTicketRequest(ticket_id=ticket_id, request_id=request_id or str(uuid4()))
    request.expire_time.FromDatetime(Clock().now() + timedelta(seconds=seconds))
    return request


def ending(session_id: str, seconds: float = 600.0) -> session_pb.EndSessionRequest:
    request = session_pb.EndSessionRequest(session_id=session_id, request_id=str(uuid4()))
    request.expire_time.FromDatetime(Clock().now() + timedelta(seconds=seconds))
    return request


async def ended(doors: Doors) -> list[str]:
    with acting_as(service_caller("edge"), "test"):
        return list((await doors.edge.ListEndedSessions(session_pb.ListEndedSessionsRequest())).session_ids)


async def test_a_ticket_is_claimed_by_one_of_many(doors: Doors) -> None:
    ticket_id = str(uuid4())
    tries = await asyncio.gather(
        *(doors.edge.ClaimTicket(claiming(ticket_id)) for _ in range(10)), return_exceptions=True
    )
    refused = [each for each in tries if isinstance(each, SomaError)]
    assert [each.reason for each in refused] == [Reason.INVALID_TOKEN] * 9
    assert "used before" in refused[0].sentence


async def test_a_claim_that_is_repeated_succeeds_again(doors: Doors) -> None:
    ticket_id, request_id = str(uuid4()), str(uuid4())
    for spelling in (ticket_id, ticket_id.upper()):
        await doors.edge.ClaimTicket(claiming(spelling, request_id))
    with pytest.raises(SomaError) as caught:
        await doors.edge.ClaimTicket(claiming(ticket_id))
    assert caught.value.reason is Reason.INVALID_TOKEN


async def test_a_session_is_ended_for_every_edge_until_its_tokens_expire(doors: Doors) -> None:
    mine, other = str(uuid4()), str(uuid4())
    for _ in range(2):
        await doors.edge.EndSession(ending(mine))
    with acting_as(user("eve", OTHER_TENANT), "test"):
        await doors.edge.EndSession(ending(other))
    await doors.edge.EndSession(ending(str(uuid4()), seconds=-3600))
    assert sorted(await ended(doors)) == sorted([mine, other])


async def test_only_the_edge_may_ask(doors: Doors) -> None:
    for call in (doors.memory.ClaimTicket(claiming(str(uuid4()))), doors.memory.EndSession(ending("s"))):
        with pytest.raises(SomaError) as caught:
            await call
        assert caught.value.reason is Reason.CALLER_NOT_ALLOWED


@pytest.mark.parametrize("kind", ["tickets", "sessions"])
async def test_what_has_expired_is_swept_also_when_it_is_much(
    doors: Doors, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servers.control.sessions._MOST_SWEPT", 2)
    ticking = [0.0]

    class Ahead(Clock):
        def monotonic(self) -> float:
            return ticking[0]

    sessions, tenant = Sessions(doors.database, Ahead()), user().tenant_id
    spend = sessions.claim_ticket if kind == "tickets" else sessions.end
    long_ago = Clock().now() - timedelta(hours=1)
    for _ in range(5):
        await spend(tenant, str(uuid4()), str(uuid4()), long_ago)
    ticking[0] = 61.0
    new = [str(uuid4()) for _ in range(3)]
    for each in new:
        await spend(tenant, each, str(uuid4()), Clock().now())
    rows = await doors.database.worker_statement("select proof_id from spent_proofs")
    assert {row["proof_id"] for row in rows} == set(new)
