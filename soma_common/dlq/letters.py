"""What a dead letter is, and its rows.

Nothing here decides anything or runs a consumer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote, unquote
from uuid import UUID

from soma_common.dlq.policy import Decision, LetterStatus
from soma_common.events.models import Event
from soma_common.events.transports.port import Delivery, Shard
from soma_common.kernel.errors import SomaError
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.dlq", "sql/letters.sql")
_MESSAGE_CHARACTERS = 1000


class LetterPlace(NamedTuple):
    """A place in a list of letters."""

    event_id: UUID
    consumer: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a consumer could not take, as it came, and all that is known of its failure."""

    consumer: str
    event_id: UUID
    tenant_id: UUID
    shard: Shard
    position: int
    stream: str
    sequence: int
    event_type: str
    status: LetterStatus
    body: bytes
    headers: Mapping[str, bytes]
    edited_body: bytes | None
    error_class: str
    error_message: str
    error_id: str
    attempts: int
    first_time: datetime
    last_time: datetime
    next_time: datetime | None

    @classmethod
    def of_row(cls, row: Any) -> Self:
        """The letter in a row of the table."""
        values = {name: row[name] for name in cls.__slots__ if name not in {"shard", "status", "headers"}}
        headers = {unquote(name): bytes.fromhex(text) for name, text in json.loads(row["headers"]).items()}
        return cls(
            **values, shard=Shard(row["topic"], row["shard"]), status=LetterStatus(row["status"]), headers=headers
        )

    @property
    def place(self) -> LetterPlace:
        """Where it stands in a list."""
        return LetterPlace(self.event_id, self.consumer)

    def delivery(self) -> Delivery:
        """What is tried again: the edited bytes where a person gave some."""
        body = self.body if self.edited_body is None else self.edited_body
        return Delivery(self.shard, self.position, body, self.first_time, self.headers)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event was not taken; `error_id` is the one in the log, which has the details."""

    error_class: str
    message: str
    error_id: str

    @classmethod
    def of(cls, problem: BaseException, error_id: str) -> Self:
        """The failure of an exception."""
        text = problem.sentence if isinstance(problem, SomaError) else str(problem)
        return cls(type(problem).__name__, _storable(text[:_MESSAGE_CHARACTERS]), error_id)


# Why a letter waits that has not failed itself.
BEHIND: Final = Failure("Behind", "an earlier event of its stream is not done", "")


def _storable(text: str) -> str:
    """The text with a sign for what no column takes: halves of surrogate pairs and U+0000."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


async def capture(
    connection: Connection,
    consumer: str,
    event: Event,
    delivery: Delivery,
    failure: Failure,
    attempts: int,
    decision: Decision,
) -> bool:
    """Keep an event with its original bytes; another failure of the same event changes what is known of it.

    Says whether it is kept: one that somebody has given up meanwhile stays as it is.
    """
    done = await connection.execute(
        _SQL.capture,
        consumer,
        event.event_id,
        event.tenant_id,
        delivery.shard.topic,
        delivery.shard.number,
        delivery.position,
        event.stream,
        event.sequence,
        event.event_type,
        decision.status.value,
        delivery.body,
        json.dumps({quote(name): value.hex() for name, value in delivery.headers.items()}),
        failure.error_class,
        failure.message,
        failure.error_id,
        attempts,
        decision.again_after_seconds,
    )
    return str(done) == "INSERT 0 1"


async def go_past(connection: Connection, consumer: str, event: Event) -> None:
    """Let the stream go on behind an event that is not done."""
    await connection.execute(_SQL.go_past, consumer, event.tenant_id, event.stream, event.sequence)


async def resolve(connection: Connection, consumer: str, event: Event) -> None:
    """Take a letter away whose effect is done, and call the next of its stream."""
    await connection.execute(_SQL.remove, consumer, event.event_id, event.tenant_id)
    await connection.execute(_SQL.call_first, consumer, event.tenant_id, event.stream)
