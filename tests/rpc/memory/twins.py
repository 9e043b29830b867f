"""A tenant among others that have the same ids in every table, so that a clause that is left out shows at once.

The keys of all tables begin with the tenant, so several tenants may have rows of the same ids. Of the others, one has
all that the first has with a word in its texts, one has in recall what rests or is hidden there, one has the reverse,
and they have more besides: everything is under quarantine, forgotten, linked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self
from uuid import UUID

import asyncpg

from soma_common.postgres.queries import Queries

# Outside of the tables, where nothing that is left out reaches.
SAVED: Final = "twins"
# The last in order, so that whoever takes any row takes another one's.
ONE: Final = UUID("0198c0de-0000-7000-8000-0000000000ff")
TWIN: Final = UUID("0198c0de-0000-7000-8000-0000000000f2")
AWAKE: Final = UUID("0198c0de-0000-7000-8000-0000000000f3")
ASLEEP: Final = UUID("0198c0de-0000-7000-8000-0000000000f4")
TWINS: Final = (TWIN, AWAKE, ASLEEP)
WORD: Final = "thetwins"
_MARKED: Final = ("text", "owner_sub", "speaker")

_COLUMNS: Final = """
select c.relname as table_name, array_agg(a.attname::text order by a.attnum) as columns,
    array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = ($2::text)::regnamespace and c.relkind = 'r' and c.relname = any($1::text[])
group by c.relname having 'tenant_id' = any(array_agg(a.attname::text)) order by c.relname
"""
# What the others have besides what the one has.
_MORE: Final = """
update memories set term_count = term_count + 5 where tenant_id = :twin;
insert into quarantines (tenant_id, quarantine_id, memory_id, reason, owner_sub, start_time)
select tenant_id, gen_random_uuid(), memory_id, :word, :word, now() from memories where tenant_id = :twin;
insert into quarantines (tenant_id, quarantine_id, source_id, reason, owner_sub, start_time)
values (:twin, gen_random_uuid(), 'another', :word, :word, now());
insert into namespace_sizes (tenant_id, namespace, memories, terms)
values (:twin, 'agent:00000000-0000-7000-8000-00000000000f', 1, 1);
insert into forgotten_sources (tenant_id, source, owner_sub, ended, forget_time, request_id)
select distinct tenant_id, 'conversation/' || conversation_id, '', true, now(), gen_random_uuid()
from memories where tenant_id = :twin and conversation_id is not null
on conflict do nothing;
insert into memory_links (tenant_id, source_id, target_id, type, strength, owner_sub, update_time)
select a.tenant_id, a.memory_id, b.memory_id, 'twin', 0.9, :word, now()
from memories a, memories b where a.tenant_id = :twin and b.tenant_id = :twin and a.memory_id <> b.memory_id;
insert into memory_uses (tenant_id, memory_id, turn_id, use_time)
select tenant_id, memory_id, gen_random_uuid(), now() from memories where tenant_id = :twin;
insert into lost_memories (tenant_id, memory_id, namespace, version)
select tenant_id, memory_id, namespace, version from memories where tenant_id = :twin on conflict do nothing;
"""
_OF_TWIN: Final = """
insert into memory_origins (tenant_id, origin_id, memory_id)
select a.tenant_id, a.memory_id, b.memory_id
from memories a, memories b where a.tenant_id = :twin and b.tenant_id = :twin and a.memory_id <> b.memory_id
on conflict do nothing;
insert into memory_sources (tenant_id, memory_id, owner_sub, speaker, source_class, source_id, conversation_id,
    learn_time)
select tenant_id, memory_id, :word, :word, 1, source,
    (select conversation_id from memory_sources where tenant_id = :twin and source_id = 'elsewhere' limit 1),
    '2020-01-01'
from memories, unnest(array['elsewhere', :word]) source where tenant_id = :twin;
update memories set superseded_by = (select memory_id from memories where tenant_id = :twin and coordinate = '1,2')
where tenant_id = :twin and superseded_by is not null;
"""
_OF_AWAKE: Final = """
update memories set superseded_by = before.memory_id
from (select memory_id from memories where tenant_id = :twin and superseded_by is not null limit 1) before
where tenant_id = :twin and superseded_by is null;
update memories set namespace = 'shared' where tenant_id = :twin and namespace = 'user:ada' and text like '%gardener%';
update memories set retire_time = null, retire_reason = null, hidden_by = 0, expire_time = null, valid_to = null,
    version = version + 9, conversation_id = null, source_id = '', owner_sub = 'root'
where tenant_id = :twin and coordinate = '';
update consolidations set state = 2, start_time = '2099-01-01', end_time = coalesce(end_time, '2020-01-01'),
    undo_until = coalesce(undo_until, '2020-01-01')
where tenant_id = :twin;
update memory_versions set version = version + 10, change_sub = 'bob', text = 'elsewhere' where tenant_id = :twin;
update memory_ghosts set conversation_id = null, source_key = null where tenant_id = :twin;
"""
_OF_ASLEEP: Final = """
update memories set superseded_by = behind.superseded_by
from (select superseded_by from memories where tenant_id = :twin and superseded_by is not null limit 1) behind
where tenant_id = :twin;
update memories set retire_time = now(), retire_reason = 2, hidden_by = 1, expire_time = now() - interval '90 days',
    trust = 0.01, version = version + 3, conversation_id = memory_id, source_id = memory_id::text,
    namespace = case namespace when 'user:ada' then 'user:bob' when 'user:bob' then 'user:ada' else namespace end
where tenant_id = :twin;
update memory_versions set version = version - 1, change_sub = 'ada' where tenant_id = :twin;
insert into memory_ghosts (tenant_id, memory_id, conversation_id, source_key)
select tenant_id, md5(memory_id::text)::uuid, memory_id,
    (select max(source_key) from memory_ghosts where tenant_id = :twin)
from memories where tenant_id = :twin;
update consolidations set state = 4, fact_ids = (select array_agg(memory_id) from memories where tenant_id = :twin)
where tenant_id = :twin;
update sweeps set restore_time = '2026-01-01' where tenant_id = :twin;
"""
_APART: Final = {TWIN: _OF_TWIN, AWAKE: _OF_AWAKE, ASLEEP: _OF_ASLEEP}

# What a process holds of a namespace is read anew: rows that are put back are in no log.
_ANEW: Final = f"""
update namespace_sizes set change_seq = newer.number, pruned_seq = newer.number
from (select nextval('memory_change_numbers') as number) newer where tenant_id = '{ONE}';
"""


@dataclass(frozen=True)
class Twins:
    """The tables of a house as its superuser sees them: of each its columns with their types."""

    connection: asyncpg.Connection
    tables: Mapping[str, Mapping[str, str]]

    house: ClassVar[str] = "memory"
    # Numbers that are drawn are drawn anew each time from the same.
    drawn: ClassVar[str] = "select setval('memory_change_numbers', 1000000), setval('index_numbers', 1000000);"
    anew: ClassVar[str] = _ANEW

    @classmethod
    async def of(cls, connection: asyncpg.Connection, names: Sequence[str]) -> Self:
        await connection.execute(f"set session_replication_role = replica; set search_path = {cls.house}, public")
        rows = await connection.fetch(_COLUMNS, names, cls.house)
        return cls(
            connection, {row["table_name"]: dict(zip(row["columns"], row["types"], strict=True)) for row in rows}
        )

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

    async def restore(self) -> None:
        """Bring the one tenant back to what was saved."""
        await self.connection.execute("".join(self._copy(table, ONE) for table in self.tables) + self.anew)

    async def join(self) -> None:
        """Put the others beside it."""
        for twin, apart in _APART.items():
            copies = "".join(self._copy(table, twin) for table in self.tables)
            more = (_MORE + apart).replace(":twin", f"'{twin}'").replace(":word", f"'{WORD}'")
            await self.connection.execute(copies + more)
        # Behind them also as it lies on the disk, and with the numbers that it has.
        number = await self.connection.fetchval(
            f"select max(change_seq) from namespace_sizes where tenant_id = '{ONE}'"
        )
        await self.restore()
        numbered = f"update namespace_sizes set change_seq = {number}, pruned_seq = {number} where tenant_id = '{ONE}'"
        await self.connection.execute(numbered)

    async def rows(self, tenants: Sequence[UUID], masked: Iterable[str] = ()) -> str:
        """A hash of everything that these tenants have; a time of today is as good as any other of today.

        A row that is locked counts as another one.
        """
        parts = " union all ".join(
            f"select concat_ws('|', '{table}', xmax = pg_current_xact_id()::xid, {self._line(columns, masked)}) as line"
            f" from {table} where tenant_id = any($1)"
            for table, columns in self.tables.items()
        )
        text = f"select md5(string_agg(line, '/' order by line)) from ({parts}) p"
        return str(await self.connection.fetchval(text, tenants))

    @staticmethod
    def _line(columns: Mapping[str, str], masked: Iterable[str]) -> str:
        made = (
            f"case when abs(extract(epoch from {name} - now())) < 172800 then 'now' else {name}::text end"
            if kind == "timestamp with time zone"
            else f'"{name}"::text'
            for name, kind in columns.items()
            if name not in masked
        )
        return ", ".join(f"coalesce({each}, '-')" for each in made)


# A comparison of a row's tenant with the caller's, or with that of another row.
CLAUSE: Final = re.compile(
    r"\b(?:[a-z_]+\.)?tenant_id = (?:\$1\b|\$2(?= and namespace)|p_tenant\b|v_tenant\b|t\.id\b|[a-z_]+\.tenant_id\b"
    r"|nullif\(current_setting\('soma\.tenant_id', true\), ''\)::uuid)"
    r"|\busing \(tenant_id, "
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
    """The text without any of its clauses, but such as join tables by their columns of one name."""
    return CLAUSE.sub(lambda found: found.group() if found.group().startswith("using") else _nothing(found), text)


def _nothing(found: re.Match[str]) -> str:
    """What compares no tenants; a parameter stays, for a statement must know the types of all it is given."""
    if found.group().startswith("using"):
        return "using ("
    parameter = found.group()[-2:]
    return f"({parameter}::uuid is null or true)" if parameter[0] == "$" else "true"


def texts_of(held: Iterable[Queries]) -> dict[str, str]:
    """Where each statement stands, and its text."""
    return {f"{each.__dict__['_source']}:{name}": getattr(each, name) for each in held for name in dir(each)}
