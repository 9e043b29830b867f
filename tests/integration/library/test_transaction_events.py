"""What a transaction tells of itself, also when its own work is rolled back."""

import pytest

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.decorators import TransactionJournal, TransactionScope, trace_transaction
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration


@pytest.fixture
async def database(house_database: HouseDatabases, open_database: OpenDatabase) -> Database:
    return await open_database(house_database("chat", None))


async def told(database: Database) -> list[tuple[str, payloads_pb.TransactionChanged]]:
    query = "select event_type, payload from events where stream like 'transaction/%' order by sequence"
    async with database.worker() as connection:
        rows = await connection.fetch(query)
    return [(row["event_type"], payloads_pb.TransactionChanged.FromString(row["payload"])) for row in rows]


async def test_it_tells_how_it_ended(database: Database) -> None:
    journal = TransactionJournal(database, EventStore("chat"))

    @trace_transaction("memory.import", journal)
    async def work() -> None:
        return None

    with acting_as(user(), "why"):
        await work()
    assert [what for what, _ in await told(database)] == ["txn.started", "txn.committed"]


@pytest.mark.parametrize(
    ("undoes", "types", "left"),
    [
        ((), ["txn.failed"], 0),
        ((True,), ["txn.compensating", "txn.rolled_back"], 0),
        ((True, False), ["txn.compensating", "txn.failed"], 1),
    ],
)
async def test_it_tells_what_it_undid(
    database: Database, undoes: tuple[bool, ...], types: list[str], left: int
) -> None:
    async def undo(works: bool) -> None:
        if not works:
            raise ValueError

    with pytest.raises(SomaError), acting_as(user(), "why"):
        async with TransactionScope("memory.import", TransactionJournal(database, EventStore("chat"))) as scope:
            for works in undoes:
                scope.register(lambda works=works: undo(works))  # type: ignore[misc]
            raise SomaError(Reason.CONFLICT)
    found = await told(database)
    assert [what for what, _ in found] == ["txn.started", *types]
    last = found[-1][1]
    assert (last.name, last.error_reason, last.compensations, last.left) == (
        "memory.import",
        "CONFLICT",
        len(undoes),
        left,
    )
