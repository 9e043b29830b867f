"""What a process asks of its database, noted once and asked again: each time of the same rows, and then rolled back."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from soma_common.postgres.house import PLACES, HouseDatabase
from soma_common.postgres.pool import Database, PooledConnection
from tests.rpc.memory.twins import ONE, TWINS, Twins

TODAY: Final = timedelta(days=2)
BEGIN: Final = f"set local session_replication_role = origin; set local soma.tenant_id = '{ONE}'"


@dataclass(frozen=True)
class Asked:
    """A statement as it was sent, where it stands, and who sent it."""

    place: str
    text: str
    args: Sequence[Any]
    is_worker: bool = False
    is_many: bool = False


@dataclass
class Scene:
    """Statements that follow each other, and what is changed beforehand so that they have something to do.

    `places` are where the clauses stand that they come by; `masked` are columns in which chance has a hand.
    It is tried first for what it is `about`. One that `is_bound` names no tenant at all: row-level security alone
    keeps it apart; one that `is_unbound` changes rows of several tenants at once, which the house's role cannot.
    """

    name: str
    asked: list[Asked] = field(default_factory=list)
    before: str = ""
    masked: tuple[str, ...] = ()
    is_bound: bool = False
    is_unbound: bool = False
    about: str = ""
    places: set[str] = field(default_factory=set)
    answer: list[str] = field(default_factory=list)


class Notes:
    """Notes what is asked over the connections of a database."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._places = {text: place for place, text in texts.items()}
        self._noted: list[Asked] | None = None

    async def open(self, urls: HouseDatabase) -> Database:
        """A database as a process has it."""
        return Database(
            urls, await self._pool(urls.app_dsn, is_worker=False), await self._pool(urls.worker_dsn, is_worker=True)
        )

    async def _pool(self, dsn: str, *, is_worker: bool) -> "asyncpg.Pool":
        async def listen(connection: Any) -> None:
            connection.add_query_logger(self._note_worker if is_worker else self._note_app)

        pool: asyncpg.Pool = await asyncpg.create_pool(
            dsn, min_size=0, max_size=4, init=listen, connection_class=PooledConnection
        )
        return pool

    def _note_app(self, logged: Any) -> None:
        self._note(logged, is_worker=False)

    def _note_worker(self, logged: Any) -> None:
        self._note(logged, is_worker=True)

    def _note(self, logged: Any, *, is_worker: bool) -> None:
        place = self._places.get(logged.query)
        args = list(logged.args)
        # Whether the index answers is asked in the name of no tenant.
        is_probe = place is not None and "vectors.sql" in place and args[0] != ONE
        if place is not None and self._noted is not None and not is_probe:
            is_many = bool(args) and isinstance(args[0], tuple)
            self._noted.append(Asked(place, logged.query, args, is_worker, is_many))

    @contextmanager
    def into(self, noted: list[Asked]) -> Iterator[None]:
        """Notes all that is asked meanwhile."""
        self._noted = noted
        try:
            yield
        finally:
            self._noted = None


@dataclass(frozen=True)
class Replay:
    """Asks again, as a superuser whom no policy binds, or as the house's own role."""

    twins: Twins
    functions: Mapping[str, str]

    @property
    def role(self) -> str:
        """The house's own."""
        return PLACES[self.twins.house].role("app")

    async def answer(self, scene: Scene) -> list[str]:
        """What is answered, and what the one tenant and the others have afterwards."""
        async with self._begun(scene, "", is_bound=scene.is_bound) as begun:
            answers = [str(await self._ask(asked, {}, begun)) for asked in scene.asked]
            return answers + await self._rows(scene)

    async def differs(
        self, scene: Scene, instead: Mapping[str, str], change: str, *, is_bound: bool = False
    ) -> list[str]:
        """What differs, nothing where all is as it was, with other texts of statements and a change of the database."""
        try:
            async with self._begun(scene, change, is_bound=is_bound or scene.is_bound) as begun:
                for asked, expected in zip(scene.asked, scene.answer, strict=False):
                    found = str(await self._ask(asked, instead, begun))
                    if found != expected:
                        return [asked.place, found, expected]
                rows = await self._rows(scene)
        except asyncpg.PostgresError as problem:
            return [repr(problem)]
        return [] if rows == scene.answer[len(scene.asked) :] else ["rows"]

    @asynccontextmanager
    async def _begun(self, scene: Scene, change: str, *, is_bound: bool) -> AsyncIterator[datetime]:
        connection = self.twins.connection
        try:
            await connection.execute(f"begin; {scene.before}; {change}; {BEGIN}; {self.twins.drawn}")
            begun = await connection.fetchval("select now()")
            if is_bound:
                await connection.execute(f"set local role {self.role}")
            yield begun
        finally:
            await connection.execute("rollback")

    async def _rows(self, scene: Scene) -> list[str]:
        await self.twins.connection.execute("reset role")
        return [await self.twins.rows(tenants, scene.masked) for tenants in ([ONE], TWINS)]

    async def _ask(self, asked: Asked, instead: Mapping[str, str], begun: datetime) -> list[Any]:
        text, connection = instead.get(asked.place, asked.text), self.twins.connection
        if asked.is_many:
            await connection.executemany(text, asked.args)
            return []
        found = [tuple(record.values()) for record in await connection.fetch(text, *asked.args)]
        return sorted(str(tuple("today" if _is_of(value, begun) else value for value in each)) for each in found)

    async def places(self, scene: Scene) -> set[str]:
        """Where the statements stand that are asked, and the functions that they run."""
        connection = self.twins.connection
        await connection.execute("set track_functions = 'all'")
        async with self._begun(scene, "", is_bound=scene.is_bound) as begun:
            for asked in scene.asked:
                await self._ask(asked, {}, begun)
            await connection.execute("reset role")
            counted = "select funcname from pg_stat_xact_user_functions where schemaname = $1"
            rows = await connection.fetch(counted, self.twins.house)
        await connection.execute("set track_functions = 'none'")
        found = {asked.place for asked in scene.asked} | {row["funcname"] for row in rows}
        # A function that is written into its caller is not counted.
        texts = [asked.text for asked in scene.asked] + [self.functions.get(name, "") for name in found]
        inlined = [name for name, body in self.functions.items() if "LANGUAGE sql" in body]
        return found | {name for name in inlined if any(f"{name}(" in text for text in texts)}

    async def reaches(self, table: str, change: str = "") -> set[str]:
        """What the house's role may do with rows of others in a table, as far as it may do that at all."""
        connection, reached = self.twins.connection, set[str]()
        asked = {
            "select": f"select exists (select from {table} where tenant_id <> '{ONE}')",
            "insert": f"insert into {table} select * from twins_row returning true",
        }
        row = f"create temporary table twins_row on commit drop as select * from {table}"
        row += f" where tenant_id = '{TWINS[0]}' limit 1"
        gone = f"delete from {table} where tenant_id = '{TWINS[0]}'; grant select on twins_row to {self.role}"
        for right, text in asked.items():
            if not await connection.fetchval(
                "select has_table_privilege($1, $2, $3)", self.role, f"{self.twins.house}.{table}", right
            ):
                continue
            change_all = f"{change}; {row}; {gone}" if right == "insert" else change
            try:
                async with self._begun(Scene(""), change_all, is_bound=False):
                    # without triggers, which meet the policies of other tables
                    await connection.execute(
                        f"set local session_replication_role = replica; set local role {self.role}"
                    )
                    reached |= {right} if await connection.fetchval(text) else set()
            except asyncpg.InsufficientPrivilegeError:
                continue
        return reached


def _is_of(value: object, day: datetime) -> bool:
    return isinstance(value, datetime) and abs(value - day) < TODAY
