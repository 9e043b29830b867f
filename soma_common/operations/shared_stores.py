"""The stores that every house has: answers to requests, rates, sagas, replays, its log of events, its dead letters.

What is a house's own stands in `servers/<house>/erasing.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

from soma_common.operations.erasing import LONGEST_SECONDS, TableEraser, begin, count
from soma_common.operations.renaming import renamed_event, renamed_payload
from soma_common.operations.subjects import Eraser, Store, Subject, Table
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("soma_common.operations", "sql/erasing.sql")
_BATCH: Final = 500

EVENTS: Final = Store(
    "events",
    (
        Table(
            "events",
            names="payload metadata",
            plain="stream event_type service trace_id correlation_id causation_id schema_name schema_fingerprint "
            "schema_version",
        ),
        Table("event_streams", plain="stream"),
        Table("outbox", plain="stream"),
        Table("relay_streams", plain="stream"),
    ),
)
LETTERS: Final = Store(
    "dead letters",
    (
        Table(
            "dead_letters",
            names="body edited_body headers",
            words="error_message",
            plain="consumer topic stream event_type status error_class error_id",
        ),
        Table("inbox", plain="consumer"),
        Table("inbox_streams", plain="consumer stream"),
    ),
)
STORES: Final = (
    Store("answers", (Table("idempotency", names="sub response", plain="method body_hash"),), _SQL.erase_answers),
    Store("rates", (Table("rate_limits", names="sub", plain="name"),), _SQL.erase_rates),
    Store(
        "sagas",
        (
            Table(
                "sagas",
                names="sub input",
                plain="name status step direction roles scopes service correlation_id traceparent awaits arrived "
                "error_reason error_id",
            ),
            Table("saga_steps", names="result", plain="direction step status error_reason error_id"),
        ),
        _SQL.erase_sagas,
    ),
    Store("replays", (Table("replays", names="filters", plain="name target position counts"),), _SQL.erase_replays),
)
# What is counted here names stores and no person.
OWN: Final = Store("erasures", (Table("erased_rows", plain="store"),))
SHARED: Final = (*STORES, EVENTS, LETTERS, OWN)


class EventsEraser(TableEraser):
    """Takes the name out of the house's own log: events keep their place, for streams have no gaps."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, EVENTS)
        self._tables = database

    async def erase(self, subject: Subject) -> int:
        """A batch after the other, until none names the person."""
        total = 0
        while True:
            changed, total = await self._tables.run(subject.tenant_id, lambda it: self._batch(it, subject))
            if changed < _BATCH:
                return total

    async def _batch(self, connection: Connection, subject: Subject) -> tuple[int, int]:
        await begin(connection, subject)
        rows = await connection.fetch(_SQL.events_with_person, _BATCH, timeout=LONGEST_SECONDS)
        changed = [(row["event_id"], *_event_parts(row, subject.names)) for row in rows]
        if changed:
            await connection.execute(_SQL.rename_in_events, *map(list, zip(*changed, strict=True)))
        return len(rows), await count(connection, subject, self.store, len(rows))


class LettersEraser(TableEraser):
    """Takes the name out of dead letters; those in the person's name, and bytes that are no event, are given up."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, LETTERS)
        self._tables = database

    async def erase(self, subject: Subject) -> int:
        """A batch after the other, until none names the person."""
        total = 0
        while True:
            changed, total = await self._tables.run(subject.tenant_id, lambda it: self._batch(it, subject))
            if changed < _BATCH:
                return total

    async def _batch(self, connection: Connection, subject: Subject) -> tuple[int, int]:
        await begin(connection, subject)
        rows = await connection.fetch(_SQL.letters_with_person, _BATCH, timeout=LONGEST_SECONDS)
        kept: list[tuple[Any, ...]] = []
        unreadable: list[tuple[Any, ...]] = []
        for row in rows:
            body, edited = (_body(row[name], subject.names) for name in ("body", "edited_body"))
            key = (row["consumer"], row["event_id"])
            unedited = row["edited_body"] is None
            if not row["theirs"] and body is not None and (unedited or edited is not None):
                kept.append((*key, body, edited))
            else:
                unreadable.append(key)
        if kept:
            await connection.execute(_SQL.rename_in_letters, *map(list, zip(*kept, strict=True)))
        if unreadable:
            await connection.execute(_SQL.drop_letters, *map(list, zip(*unreadable, strict=True)))
        return len(rows), await count(connection, subject, self.store, len(rows))


def shared_erasers(database: Database) -> tuple[Eraser, ...]:
    """Those of a house's shared tables, in the order in which they are to be erased."""
    tables = tuple(TableEraser(database, store) for store in STORES)
    return (*tables, EventsEraser(database), LettersEraser(database), TableEraser(database, OWN))


def _event_parts(row: Any, names: Mapping[str, str]) -> tuple[bytes, str]:
    """An event whose payload this release cannot read any more loses it whole: nobody else could read it either."""
    payload = renamed_payload(row["schema_name"], row["payload"], names)
    metadata = str(row["metadata"])
    for name, other in names.items():
        metadata = metadata.replace(f'"{name}"', f'"{other}"')
    return payload or b"", metadata


def _body(body: bytes | None, names: Mapping[str, str]) -> bytes | None:
    return None if body is None else renamed_event(body, names)
