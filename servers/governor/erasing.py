"""What the governor has of a person, and how it goes: accounts stay without a name, receipts without their links.

How a store is searched stands in `soma_common/operations/erasing.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.operations.erasing import LONGEST_SECONDS, TableEraser, begin, count
from soma_common.operations.renaming import rename
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Eraser, Store, Subject, Table
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/erasing.sql")
_BATCH: Final = 200
RECEIPTS: Final = Store("receipts", (Table("receipts", names="owner_sub plan response settlement", plain="model"),))
STORES: Final = (
    Store(
        "budgets",
        (
            Table("scoped_budgets", names="scope_id", plain="scope period"),
            Table("scoped_counters", names="scope_id", plain="scope period"),
            Table("holds", names="user_sub", plain="state"),
            Table("rate_marks", names="subject"),
            Table("budgets", plain="period"),
            Table("settlements"),
        ),
        _SQL.erase_budgets,
    ),
    Store(
        "configurations",
        (Table("configurations", names="changed_by", words="comment", plain="config changed_fields"),),
        _SQL.erase_configurations,
    ),
    Store(
        "counts of tools and models",
        (
            Table("levels", plain="sights"),
            Table("tool_calls", plain="tool"),
            Table("output_lengths", plain="model"),
            Table("calibration", plain="model"),
            Table("health_reports", plain="instance house seen"),
        ),
    ),
)


class ReceiptsEraser(TableEraser):
    """Receipts keep what was used and paid; whose they were, and what they point to, goes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, RECEIPTS)
        self._tables = database

    async def erase(self, subject: Subject) -> int:
        """A batch after the other, until none is the person's."""
        total = 0
        while True:
            stripped, total = await self._tables.run(subject.tenant_id, lambda it: self._batch(it, subject))
            if stripped < _BATCH:
                return total

    async def _batch(self, connection: Connection, subject: Subject) -> tuple[int, int]:
        await begin(connection, subject)
        rows = await connection.fetch(_SQL.receipts_of_person, _BATCH, timeout=LONGEST_SECONDS)
        names = subject.names
        if rows:
            await connection.execute(
                _SQL.strip_receipts,
                [row["turn_id"] for row in rows],
                [without_links(row["plan"], names) for row in rows],
                [without_reasons(row["response"], names) for row in rows],
                [None if row["settlement"] is None else without_links(row["settlement"], names) for row in rows],
            )
        return len(rows), await count(connection, subject, self.store, len(rows))


def without_links(half: bytes, names: Mapping[str, str]) -> bytes:
    """Half a receipt without whose it is, what lay in its lanes, and what its calls were made from.

    The limits that were looked at stay, under another name.
    """
    receipt = receipt_pb.Receipt.FromString(half)
    receipt.ClearField("owner_sub")
    receipt.ClearField("conversation_id")
    receipt.ClearField("items")
    receipt.ClearField("policy_decisions")
    for leg in receipt.legs:
        leg.ClearField("items")
        leg.ClearField("parameters")
        leg.ClearField("request_sha256")
        leg.ClearField("basis_sha256")
    for tool in receipt.tools:
        tool.ClearField("reason")
    rename(receipt, names)
    return receipt.SerializeToString(deterministic=True)


def without_reasons(answer: bytes, names: Mapping[str, str]) -> bytes:
    """The answer to PlanTurn without why a tool fits: that may repeat a word of the message."""
    response = governor_pb.PlanTurnResponse.FromString(answer)
    for tool in response.tools:
        tool.ClearField("reason")
    rename(response, names)
    return response.SerializeToString(deterministic=True)


def erasers(database: Database) -> Sequence[Eraser]:
    """Those of the governor."""
    tables = tuple(TableEraser(database, store) for store in STORES)
    return (ReceiptsEraser(database), *tables, *shared_erasers(database))
