"""A tenant beside another one that has the same ids in every table, so that a clause that is left out shows at once.

The keys of all tables begin with the tenant, so two tenants may have rows of the same ids. The twin's texts and owners
carry a word by which they are known, and it has more besides: everything is under quarantine, forgotten, linked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from soma_common.postgres.queries import Queries

# Outside of the tables, where nothing that is left out reaches.
SAVED: Final = "twins"
ONE: Final = UUID("0198c0de-0000-7000-8000-0000000000f1")
TWIN: Final = UUID("0198c0de-0000-7000-8000-0000000000f2")
WORD: Final = "thetwins"
_MARKED: Final = ("text", "owner_sub", "speaker")

_COLUMNS: Final = """
select c.relname as table_name, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'memory'::regnamespace and c.relkind = 'r' and c.relname = any($1::text[])
group by c.relname having 'tenant_id' = any(array_agg(a.attname::text)) order by c.relname
"""
_MORE: Final = f"""
insert into quarantines (tenant_id, quarantine_id, memory_id, reason, owner_sub, start_time)
select '{TWIN}', gen_random_uuid(), memory_id, '{WORD}', '{WORD}', now() from memories where tenant_id = '{TWIN}';
insert into forgotten_sources (tenant_id, source, owner_sub, ended, forget_time, request_id)
select distinct '{TWIN}'::uuid, 'conversation/' || conversation_id, '', true, now(), gen_random_uuid()
from memories where tenant_id = '{TWIN}' and conversation_id is not null
on conflict do nothing;
insert into memory_links (tenant_id, source_id, target_id, type, strength, owner_sub, update_time)
select '{TWIN}', a.memory_id, b.memory_id, 'twin', 0.9, '{WORD}', now()
from memories a, memories b where a.tenant_id = '{TWIN}' and b.tenant_id = '{TWIN}' and a.memory_id <> b.memory_id;
insert into memory_origins (tenant_id, origin_id, memory_id)
select '{TWIN}', a.memory_id, b.memory_id
from memories a, memories b where a.tenant_id = '{TWIN}' and b.tenant_id = '{TWIN}' and a.memory_id < b.memory_id
on conflict do nothing;
insert into memory_uses (tenant_id, memory_id, turn_id, use_time)
select '{TWIN}', memory_id, gen_random_uuid(), now() from memories where tenant_id = '{TWIN}';
insert into lost_memories (tenant_id, memory_id, namespace, version)
select '{TWIN}', memory_id, namespace, version from memories where tenant_id = '{TWIN}';
insert into memory_sources (tenant_id, memory_id, owner_sub, speaker, source_class, source_id, learn_time)
select '{TWIN}', memory_id, '{WORD}', '{WORD}', 1, '{WORD}', now() from memories where tenant_id = '{TWIN}';
"""


# What a process holds of a namespace is read anew: rows that are put back are in no log.
_ANEW: Final = f"""
update namespace_sizes set change_seq = newer.number, pruned_seq = newer.number
from (select nextval('memory_change_numbers') as number) newer where tenant_id = '{ONE}';
"""


@dataclass(frozen=True)
class Twins:
    """The tables of a house as its superuser sees them."""

    connection: asyncpg.Connection
    tables: Mapping[str, list[str]]

    @classmethod
    async def of(cls, connection: asyncpg.Connection, names: list[str]) -> "Twins":
        await connection.execute("set session_replication_role = replica; set search_path = memory, public")
        rows = await connection.fetch(_COLUMNS, names)
        return cls(connection, {row["table_name"]: row["columns"] for row in rows})

    def _copy(self, table: str, target: UUID) -> str:
        named = ", ".join(f'"{column}"' for column in self.tables[table])
        values = ", ".join(self._value(column, target) for column in self.tables[table])
        return (
            f"delete from {table} where tenant_id = '{target}';"
            f"insert into {table} ({named}) select {values} from {SAVED}.{table};"
        )

    def _value(self, column: str, target: UUID) -> str:
        if column == "tenant_id":
            return f"'{target}'::uuid"
        return f"'{WORD} ' || \"{column}\"" if target == TWIN and column in _MARKED else f'"{column}"'

    async def save(self) -> None:
        """Keep what the one tenant has now."""
        kept = (f"create table {SAVED}.{it} as select * from {it} where tenant_id = '{ONE}';" for it in self.tables)
        await self.connection.execute(f"create schema {SAVED}; {''.join(kept)}")

    async def begin(self, *, with_twin: bool) -> None:
        """Bring the one tenant back to what was saved, with a twin beside it or without."""
        text = "".join(self._copy(table, ONE) for table in self.tables)
        text += "".join(f"delete from {table} where tenant_id = '{TWIN}';" for table in self.tables)
        text += _ANEW
        if with_twin:
            text += "".join(self._copy(table, TWIN) for table in self.tables) + _MORE
        await self.connection.execute(text)

    async def rows(self, tenant_id: UUID) -> str:
        """A hash of everything that a tenant has."""
        parts = " union all ".join(
            f"select '{table}' || t::text as line from {table} t where tenant_id = '{tenant_id}'"
            for table in self.tables
        )
        return str(await self.connection.fetchval(f"select md5(string_agg(line, '' order by line)) from ({parts}) p"))

    async def figures(self, tenant_id: UUID) -> str:
        """How many rows a tenant has of each kind, and how its memories stand."""
        parts = ", ".join(
            f"(select count(*) from {table} where tenant_id = '{tenant_id}') as {table}" for table in self.tables
        )
        standing = (
            "(select string_agg(concat_ws('/', memory_id, hidden_by, retire_reason, version, source_id), ' '"
            f" order by memory_id) from memories where tenant_id = '{tenant_id}' and memory_id in"
            f" (select memory_id from {SAVED}.memories)) as standing"
        )
        return str(await self.connection.fetchrow(f"select {parts}, {standing}"))


# A comparison of a row's tenant with the caller's, or with that of another row.
CLAUSE: Final = re.compile(
    r"\b(?:[a-z_]+\.)?tenant_id = (?:\$1\b|p_tenant\b|v_tenant\b|[a-z_]+\.tenant_id\b"
    r"|nullif\(current_setting\('soma\.tenant_id', true\), ''\)::uuid)"
)


@dataclass(frozen=True)
class Mutant:
    """A function of the database, or a statement in a file, without one of its clauses."""

    place: str
    number: int
    clause: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.place} #{self.number}"


def mutants_of(place: str, text: str) -> Iterator[Mutant]:
    """The text without each of its clauses in turn."""
    for number, found in enumerate(CLAUSE.finditer(text), 1):
        yield Mutant(place, number, found.group(), f"{text[: found.start()]}{_nothing(found)}{text[found.end() :]}")


def without_all(text: str) -> str:
    """The text without any of its clauses."""
    return CLAUSE.sub(_nothing, text)


def _nothing(found: re.Match[str]) -> str:
    """What compares no tenants; a parameter stays, for a statement must know the types of all it is given."""
    return "($1::uuid is null or true)" if "$1" in found.group() else "true"


class Statements:
    """The statements of all files, wherever a module holds them."""

    def __init__(self, held: Iterable[Queries]) -> None:
        self._held = {queries.__dict__["_source"]: list[Queries]() for queries in held}
        for queries in held:
            self._held[queries.__dict__["_source"]].append(queries)
        self.texts = {
            f"{source}:{name}": getattr(same[0], name) for source, same in self._held.items() for name in dir(same[0])
        }

    @contextmanager
    def instead(self, texts: Mapping[str, str]) -> Iterator[None]:
        """Other texts for some statements, for the length of a test of the tests."""
        try:
            self._set(texts)
            yield
        finally:
            self._set({place: self.texts[place] for place in texts})

    def _set(self, texts: Mapping[str, str]) -> None:
        for place, text in texts.items():
            source, _, name = place.rpartition(":")
            for queries in self._held[source]:
                queries.__dict__["_statements"][name] = text

    @contextmanager
    def noting(self, seen: set[str]) -> Iterator[None]:
        """Notes which statements are asked for."""

        class Noting(dict[str, str]):
            source = ""

            def __getitem__(self, name: str) -> str:
                seen.add(f"{self.source}:{name}")
                return super().__getitem__(name)

        before = [(queries, queries.__dict__["_statements"]) for same in self._held.values() for queries in same]
        try:
            for queries, statements in before:
                noting = Noting(statements)
                noting.source = queries.__dict__["_source"]
                queries.__dict__["_statements"] = noting
            yield
        finally:
            for queries, statements in before:
                queries.__dict__["_statements"] = statements
