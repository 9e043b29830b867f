"""Erases a person from every store of a house, looks for it afterwards, and says what came of it.

Nothing here knows which stores a house has.
"""

from collections.abc import Sequence
from typing import Final

from soma.common.v1 import erasure_pb2 as erasure_pb
from soma_common.operations.subjects import Eraser, Found, Store, Subject
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("soma_common.operations", "sql/erasing.sql")
# A person with years of words takes longer than any other statement.
LONGEST_SECONDS: Final = 250.0
FAILED: Final = "{count} rows still name the person; it is tried again."
NAMED_BY_OTHERS: Final = "{count} rows of others have a word that is the person's name; what others said stays theirs."


class TableEraser:
    """Erases a person from a store that is tables, one transaction each time."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    @property
    def store(self) -> str:
        """The store's name."""
        return self._store.name

    async def erase(self, subject: Subject) -> int:
        """Take the person out, and count what that was with what was taken before."""

        async def work(connection: Connection) -> int:
            await begin(connection, subject)
            amount = await self.take_out(connection, subject)
            return await count(connection, subject, self.store, amount)

        return await self._database.run(subject.tenant_id, work)

    async def take_out(self, connection: Connection, _: Subject) -> int:
        """Run the statement of the store; answers how many rows that were."""
        if not self._store.statement:
            return 0
        return int(await connection.fetchval(self._store.statement, timeout=LONGEST_SECONDS))

    async def find(self, subject: Subject) -> Found:
        """Read every table of the store whole."""

        async def work(connection: Connection) -> Found:
            await begin(connection, subject)
            names = words = 0
            for table in self._store.tables:
                if not table.names and not table.words:
                    continue
                values = (table.name, table.names.split(), table.words.split())
                [row] = await connection.fetch(_SQL.find, *values, timeout=LONGEST_SECONDS)
                names, words = names + row["names"], words + row["words"]
            return Found(names, words)

        return await self._database.run(subject.tenant_id, work)


class Erasing:
    """What a house does when a person is erased: every store in turn, then a search through all of them."""

    def __init__(self, house: str, erasers: Sequence[Eraser]) -> None:
        self._house = house
        self._erasers = erasers

    @property
    def stores(self) -> list[str]:
        """The names of the stores."""
        return [eraser.store for eraser in self._erasers]

    async def erase(self, subject: Subject) -> list[erasure_pb.StoreErasure]:
        """Erase, then search. Raises SomaError where a store could not be reached: nothing is said of any then."""
        amounts = [await eraser.erase(subject) for eraser in self._erasers]
        found = [await eraser.find(subject) for eraser in self._erasers]
        return [
            told(self._house, eraser.store, amount, each)
            for eraser, amount, each in zip(self._erasers, amounts, found, strict=True)
        ]


async def begin(connection: Connection, subject: Subject) -> None:
    """Say in a transaction whom it erases."""
    await connection.execute(_SQL.begin, subject.sub, subject.pseudonym)


async def count(connection: Connection, subject: Subject, store: str, amount: int) -> int:
    """Add to what this erasure has done to a store; answers the sum."""
    return int(await connection.fetchval(_SQL.count_erased, subject.tenant_id, subject.erasure_id, store, amount))


def told(house: str, store: str, amount: int, found: Found) -> erasure_pb.StoreErasure:
    """The line of the report."""
    line = erasure_pb.StoreErasure(house=house, store=store, erased_count=amount)
    if found.names:
        line.state, line.found_count = erasure_pb.ERASURE_STATE_FAILED, found.names
        line.sentence = found.rest or FAILED.format(count=found.names)
    elif found.rest:
        line.state = (
            erasure_pb.ERASURE_STATE_UNSUPPORTED if found.due_time is None else erasure_pb.ERASURE_STATE_PENDING
        )
        line.sentence = found.rest
        if found.due_time is not None:
            line.due_time.FromDatetime(found.due_time)
    elif found.words:
        line.state, line.found_count = erasure_pb.ERASURE_STATE_UNSUPPORTED, found.words
        line.sentence = NAMED_BY_OTHERS.format(count=found.words)
    else:
        line.state = erasure_pb.ERASURE_STATE_DONE
    return line
