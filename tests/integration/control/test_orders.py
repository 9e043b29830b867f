"""Orders to processes, through control's doors and a real supervisor: they are done, once, and told."""

import asyncio
from uuid import uuid4

import pytest

from soma.common.v1 import level_pb2
from soma.control.v1 import admin_service_pb2 as admin_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import ROLES, HouseDatabase
from soma_common.postgres.migrate import migrate
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.provision import provision
from soma_common.rpc.call import acting_as
from soma_common.supervision.client import ProcessState
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from tests.integration.control.conftest import Doors, Supervised

pytestmark = pytest.mark.integration
RUNNING, STOPPED = admin_pb.SERVICE_STATE_RUNNING, admin_pb.SERVICE_STATE_STOPPED


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("control", "servers.control"))


async def told(database: Database) -> int:
    async def count(connection: Connection) -> int:
        sql = "select count(*) from events where event_type = 'control.service.commanded'"
        return int(await connection.fetchval(sql))

    return await database.run(TenantId(TENANT), count)


def start(name: str, request_id: str | None = None) -> admin_pb.StartServiceRequest:
    return admin_pb.StartServiceRequest(name=name, request_id=request_id or str(uuid4()))


def stop(name: str, request_id: str | None = None) -> admin_pb.StopServiceRequest:
    return admin_pb.StopServiceRequest(name=name, request_id=request_id or str(uuid4()))


def restart(name: str, request_id: str | None = None) -> admin_pb.RestartServiceRequest:
    return admin_pb.RestartServiceRequest(name=name, request_id=request_id or str(uuid4()))


async def serves(supervised: Supervised, name: str) -> bool:
    (door,) = [door for door in supervised.doors if door.name == name]
    return (await door.probe()).ready


async def pid_of(supervised: Supervised, name: str) -> int | None:
    return (await supervised.client.get(name)).pid


async def test_processes_are_listed_diagnosed_ordered_and_told(
    supervised: Supervised, doors: Doors, database: Database
) -> None:
    stub = await doors.of(supervised.fleet, database)
    await eventually(lambda: serves(supervised, "chat"), within_seconds=60)
    listed = (await stub.ListServices(admin_pb.ListServicesRequest())).services
    assert [each.name for each in listed] == ["database", "memory", "chat", "control", "broken"]
    chat, memory = listed[2], listed[1]
    assert (chat.state, chat.version, chat.address) == (RUNNING, "9.9", supervised.addresses["chat"])
    assert chat.pid == await pid_of(supervised, "chat")
    assert {each.name: each.state for each in chat.dependencies} == {
        "database": level_pb2.DEPENDENCY_STATE_UP,
        "memory": level_pb2.DEPENDENCY_STATE_DOWN,
    }
    assert (memory.state, memory.pid) == (STOPPED, 0)
    diagnosis = await stub.GetDiagnostics(admin_pb.GetDiagnosticsRequest())
    assert (diagnosis.mode, diagnosis.version, diagnosis.status) == ("STANDALONE", "1.2.3", "unhealthy")
    assert diagnosis.disk_free_bytes > 0
    assert len(diagnosis.services) == 5

    wish = start("memory")
    started = await stub.StartService(wish)
    assert started.service.pid == await pid_of(supervised, "memory")
    assert await stub.StartService(wish) == started
    await eventually(lambda: serves(supervised, "memory"), within_seconds=60)
    found = await stub.GetServiceStatus(admin_pb.GetServiceStatusRequest(name="memory"))
    assert found.service.state == RUNNING

    stopped = await stub.StopService(stop("memory"))
    assert (stopped.service.state, stopped.service.pid) == (STOPPED, 0)
    assert (supervised.folder / "memory.note").read_text() == "drained"

    wish_again = restart("chat")
    restarted = await stub.RestartService(wish_again)
    assert restarted.service.pid not in (0, chat.pid)
    assert (await stub.RestartService(wish_again)).service.pid == restarted.service.pid
    assert await pid_of(supervised, "chat") == restarted.service.pid
    assert await told(database) == 3


async def test_an_order_that_cannot_be_carried_out_says_why(
    supervised: Supervised, doors: Doors, database: Database
) -> None:
    stub = await doors.of(supervised.fleet, database)
    for call in (stub.StartService(start("nobody")), stub.StopService(stop("nobody"))):
        with pytest.raises(SomaError) as caught:
            await call
        assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    with pytest.raises(SomaError) as caught:
        await stub.GetServiceStatus(admin_pb.GetServiceStatusRequest(name="nobody"))
    assert caught.value.reason is Reason.RESOURCE_NOT_FOUND
    with pytest.raises(SomaError) as caught:
        await stub.RestartService(restart("Chat; rm"))
    assert caught.value.reason is Reason.INVALID_FIELD
    with pytest.raises(SomaError) as caught:
        await stub.RestartService(admin_pb.RestartServiceRequest(name="chat"))
    assert caught.value.reason is Reason.INVALID_FIELD
    with pytest.raises(SomaError) as caught:
        await stub.StartService(start("broken"))
    assert (caught.value.reason, caught.value.metadata["dependency"]) == (Reason.DEPENDENCY_DOWN, "broken")
    with acting_as(user("eve", roles=("member",)), "test"), pytest.raises(SomaError) as caught:
        await stub.StopService(stop("chat"))
    assert caught.value.reason is Reason.SCOPE_MISSING
    assert await told(database) == 0
    assert (await supervised.client.get("chat")).state is ProcessState.RUNNING


async def test_without_a_supervisor_all_counts_as_stopped_and_orders_are_refused(
    supervised: Supervised, doors: Doors, database: Database
) -> None:
    stub = await doors.of(supervised.fleet, database)
    supervised.process.terminate()
    await supervised.process.wait()
    listed = (await stub.ListServices(admin_pb.ListServicesRequest())).services
    assert {each.state for each in listed} == {STOPPED}
    assert (await stub.GetDiagnostics(admin_pb.GetDiagnosticsRequest())).status == "unhealthy"
    with pytest.raises(SomaError) as caught:
        await stub.StartService(start("memory"))
    assert (caught.value.reason, caught.value.metadata["dependency"]) == (Reason.DEPENDENCY_DOWN, "supervisor")


async def test_a_supervisor_that_goes_down_is_no_error_of_ours(
    supervised: Supervised, doors: Doors, database: Database
) -> None:
    stub = await doors.of(supervised.fleet, database)
    await eventually(lambda: serves(supervised, "chat"), within_seconds=60)
    await supervised.client.shut_down()
    reasons = set()
    while supervised.process.returncode is None:
        (answer,) = await asyncio.gather(stub.ListServices(admin_pb.ListServicesRequest()), return_exceptions=True)
        if isinstance(answer, SomaError):
            reasons.add(answer.reason)
    assert reasons == {Reason.DEPENDENCY_DOWN}


async def test_a_caller_who_does_not_wait_leaves_no_process_stopped_by_a_restart(
    supervised: Supervised, doors: Doors, database: Database
) -> None:
    (supervised.folder / "chat.note.seconds").write_text("6")
    stub = await doors.of(supervised.fleet, database, timeout_seconds=3)
    await eventually(lambda: serves(supervised, "chat"), within_seconds=60)
    before, wish = await pid_of(supervised, "chat"), restart("chat")
    with pytest.raises(SomaError):
        await stub.RestartService(wish)

    async def is_back() -> bool:
        return await pid_of(supervised, "chat") not in (None, before) and await told(database) == 1

    await eventually(is_back, within_seconds=60)
    after = await pid_of(supervised, "chat")
    assert (await stub.RestartService(wish)).service.pid == after


async def test_control_restarts_itself(supervised: Supervised) -> None:
    await eventually(lambda: serves(supervised, "control"), within_seconds=60)
    before = await pid_of(supervised, "control")
    (supervised.folder / "control.note.restart").touch()

    async def is_back() -> bool:
        return await pid_of(supervised, "control") not in (None, before) and await serves(supervised, "control")

    await eventually(is_back, within_seconds=60)
    assert (supervised.folder / "control.note").read_text() == "drained"


async def test_the_database_can_be_restarted_and_stopped_once(supervised: Supervised, doors: Doors) -> None:
    await supervised.client.start("database")
    cluster = supervised.cluster.cluster
    await eventually(cluster.data.exists, within_seconds=60)
    await cluster.wait_ready()
    await provision(cluster.superuser_dsn(), dict.fromkeys(ROLES, "p"))
    owner, app, worker = (cluster.dsn("somaagent", f"control_{right}", "p") for right in ("owner", "app", "worker"))
    await migrate(owner, "control", "servers.control")
    database = await Database.open(HouseDatabase("control", "control", app, worker, owner))
    try:
        stub = await doors.of(supervised.fleet, database)
        before, wish = await pid_of(supervised, "database"), restart("database")
        answer = await stub.RestartService(wish)
        after = await pid_of(supervised, "database")
        assert after not in (None, before)
        assert await stub.RestartService(wish) == answer
        assert await pid_of(supervised, "database") == after
        assert await told(database) == 1
        stopped = await stub.StopService(stop("database"))
        assert stopped.service.state == STOPPED
        await supervised.client.start("database")
        await cluster.wait_ready()
        assert await told(database) == 2
    finally:
        await database.close()
