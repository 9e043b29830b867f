"""The inbox: whether a consumer may take an event now, decided in the transaction of the effect itself.

Nothing here knows the effect or the transport.
"""

from enum import Enum, auto

from soma_common.events.models import Event
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.events", "sql/inbox.sql")
_SWEPT_AT_ONCE = 5000


class Admission(Enum):
    """The answer of an inbox."""

    FRESH = auto()  # not seen before: the effect may happen, in this transaction
    DONE = auto()  # the effect has happened, or the stream is past this event
    BEHIND = auto()  # an earlier event of the stream is not done: this one has to wait


class SequenceGapError(Exception):
    """A consumer of whole streams got an event before its predecessor."""


class Inbox:
    """What one consumer has done. `whole_streams` is for consumers that take every event of their streams."""

    def __init__(self, consumer: str, *, whole_streams: bool, starts_anywhere: bool, passes: bool) -> None:
        self._consumer = consumer
        self._whole_streams = whole_streams
        self._starts_anywhere = starts_anywhere
        self._passes = passes

    async def admit(self, connection: Connection, event: Event, *, again: bool = False) -> Admission:
        """Ask with the first statement of the effect's transaction; FRESH is remembered if that commits.

        `again` is for an event out of the dead letters: others may have gone past it. Raises SequenceGapError.
        """
        key = (self._consumer, event.tenant_id, event.stream, event.sequence, event.event_id)
        [row] = await connection.fetch(_SQL.admit, *key, self._passes, again)
        if row["waits"]:
            return Admission.BEHIND
        if not row["taken"]:
            return Admission.DONE
        before: int | None = row["before"]
        begins = before is None and self._starts_anywhere
        if self._whole_streams and not begins and event.sequence > (before or 0) + 1:
            raise SequenceGapError(f"{event.stream}: {event.sequence} came after {before or 0}")
        return Admission.FRESH


async def sweep_inbox(database: Database, kept_seconds: float) -> None:
    """Forget what was done so long ago; the places in the streams stay, and refuse it then."""
    await database.worker_statement(_SQL.sweep, kept_seconds, _SWEPT_AT_ONCE)
