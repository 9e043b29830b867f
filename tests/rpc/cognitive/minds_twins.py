"""A tenant of minds among others that have the same ids in every table: one the same, one as it was earlier, one apart.

What a table has is not known here: columns are changed by their types, as far as the checks of the table allow it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

import asyncpg

from tests.rpc.memory.twins import ASLEEP, AWAKE, ONE, SAVED, TWIN, Twins

EARLY: Final = "earlier"
# What stands apart: the first that a table takes.
_APART: Final[Mapping[str, Sequence[str]]] = {
    "text": ("'x' || {0}",),
    "text[]": ("{0} || 'x'::text",),
    "integer": ("{0} + 1", "greatest({0} - 1, 0)"),
    "smallint": ("{0} + 1", "{0} - 1"),
    "bigint": ("{0} + 1",),
    "double precision": ("{0} / 2 + 0.01",),
    "double precision[]": ("array(select it / 2 + 0.01 from unnest({0}) it)",),
    "boolean": ("not {0}",),
    "boolean[]": ("true || {0}",),
    "bytea": ("sha256({0})",),
    "timestamp with time zone": ("{0} + interval '3 hours'",),
}
_KEYS: Final = """
select a.attname as column from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
where i.indrelid = ($1::text)::regclass and i.indisprimary
"""


@dataclass(frozen=True)
class MindTwins(Twins):
    """The tables of cognition."""

    house: ClassVar[str] = "cognitive"
    drawn: ClassVar[str] = ""
    # What was told is told again.
    anew: ClassVar[str] = "delete from events; delete from event_streams; delete from outbox"

    async def save_early(self) -> None:
        """Keep what the tenant has at an earlier time, for another one."""
        kept = (f"create table {EARLY}.{it} as select * from {it} where tenant_id = '{ONE}';" for it in self.tables)
        await self.connection.execute(f"create schema {EARLY}; {''.join(kept)}")

    async def empty(self) -> set[str]:
        """The tables of which nothing was saved."""
        asked = " union all ".join(f"select '{it}' as name, count(*) as amount from {SAVED}.{it}" for it in self.tables)
        return {row["name"] for row in await self.connection.fetch(asked) if not row["amount"]}

    async def join(self) -> None:
        """Put the others beside it: what is apart comes first, by its id and as it lies on the disk."""
        for table in self.tables:
            await self.connection.execute(self._put(table, TWIN, SAVED, await self._apart(table)))
        for target, source in ((AWAKE, EARLY), (ASLEEP, SAVED)):
            await self.connection.execute("".join(self._put(table, target, source, {}) for table in self.tables))
        await self.restore()

    async def _apart(self, table: str) -> dict[str, str]:
        """What of a table can be otherwise beside its keys, each by itself, and how."""
        keys = {row["column"] for row in await self.connection.fetch(_KEYS, f"{self.house}.{table}")}
        found = dict[str, str]()
        for column, kind in self.tables[table].items():
            for way in () if column in keys else _APART.get(kind, ()):
                other = {column: way.format(f'"{column}"')}
                if await self._takes(self._put(table, TWIN, SAVED, found | other)):
                    found |= other
                    break
        return found

    async def _takes(self, put: str) -> bool:
        try:
            await self.connection.execute(f"begin; {put}")
        except asyncpg.PostgresError:
            return False
        finally:
            await self.connection.execute("rollback")
        return True

    def _put(self, table: str, target: UUID, source: str, other: dict[str, str]) -> str:
        values = {"tenant_id": f"'{target}'::uuid"} | other
        named = ", ".join(f'"{column}"' for column in self.tables[table])
        made = ", ".join(values.get(column, f'"{column}"') for column in self.tables[table])
        return f"insert into {table} ({named}) select {made} from {source}.{table};"
