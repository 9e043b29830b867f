"""Erasures and their reports in PostgreSQL.

Who may ask for one is not decided here.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from soma.common.v1 import erasure_pb2 as erasure_pb
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/erasures.sql")
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as it stands.

    `sub` is None once it is over. `of_asker` says whether it is for whoever asked.
    """

    erasure_id: UUID
    sub: str | None
    start_time: datetime
    end_time: datetime | None
    of_asker: bool
    stores: Sequence[erasure_pb.StoreErasure] = ()


class ErasureRows:
    """Everything runs in the transaction of the connection it gets."""

    async def begin(
        self, connection: Connection, tenant_id: TenantId, erasure_id: UUID, sub: str, now: datetime
    ) -> bool:
        """Begin an erasure, and refuse from now on what was begun before; False where it is there already."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return bool(await connection.fetchval(_SQL.begin, tenant_id, erasure_id, sub, salt, now))

    async def find(self, connection: Connection, erasure_id: UUID, asker: str) -> Erasure | None:
        """An erasure with its report so far."""
        row = await connection.fetchrow(_SQL.find, erasure_id, asker)
        if row is None:
            return None
        stores = [_line(each) for each in await connection.fetch(_SQL.find_stores, erasure_id)]
        return Erasure(**row, stores=stores)

    async def put(
        self, connection: Connection, tenant_id: TenantId, erasure_id: UUID, lines: Iterable[erasure_pb.StoreErasure]
    ) -> None:
        """Write lines of the report, each in the place of what it said before."""
        rows = [_row(line) for line in lines]
        if rows:
            await connection.execute(_SQL.put_stores, tenant_id, erasure_id, *map(list, zip(*rows, strict=True)))

    async def end(self, connection: Connection, erasure_id: UUID, now: datetime) -> int | None:
        """Forget whom it was for; answers how many rows it erased, None where it has ended before."""
        if await connection.fetchval(_SQL.end, erasure_id, now) is None:
            return None
        return int(await connection.fetchval(_SQL.sum_erased, erasure_id))


def _row(line: erasure_pb.StoreErasure) -> tuple[object, ...]:
    due = line.due_time.ToDatetime(UTC) if line.HasField("due_time") else None
    return line.house, line.store, line.state, line.erased_count, line.found_count, line.sentence, due


def _line(row: Any) -> erasure_pb.StoreErasure:
    line = erasure_pb.StoreErasure(
        house=row["house"],
        store=row["store"],
        state=row["state"],
        erased_count=row["erased_count"],
        found_count=row["found_count"],
        sentence=row["sentence"],
    )
    if row["due_time"] is not None:
        line.due_time.FromDatetime(row["due_time"])
    return line
