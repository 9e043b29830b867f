"""Everything that some databases hold, as text: every row of every table, bytes as the letters in them."""

from collections.abc import Iterable
from typing import Final

import asyncpg

COLUMNS: Final = """
select n.nspname as schema, c.relname as "table", a.attname as "column", format_type(a.atttypid, null) as type
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by 1, 2, a.attnum
"""


async def dump(dsns: Iterable[str]) -> dict[str, list[str]]:
    """The rows by schema and table; each row is its columns, one after the other."""
    found: dict[str, list[str]] = {}
    for dsn in dsns:
        connection = await asyncpg.connect(dsn)
        try:
            tables: dict[tuple[str, str], list[str]] = {}
            for row in await connection.fetch(COLUMNS):
                name = f'"{row["column"]}"'
                shown = f"encode({name}, 'escape')" if row["type"] == "bytea" else f"{name}::text"
                tables.setdefault((row["schema"], row["table"]), []).append(f"coalesce({shown}, '')")
            for (schema, table), columns in tables.items():
                statement = f'select concat_ws(chr(10), {", ".join(columns)}) as row from "{schema}"."{table}"'
                rows = await connection.fetch(statement)
                found.setdefault(f"{schema}.{table}", []).extend(row["row"] for row in rows)
        finally:
            await connection.close()
    return found


def where(rows: dict[str, list[str]], needle: str) -> set[str]:
    """The tables that have this, also written in hexadecimal digits."""
    forms = (needle, needle.encode().hex())
    return {table for table, lines in rows.items() if any(form in line for line in lines for form in forms)}
