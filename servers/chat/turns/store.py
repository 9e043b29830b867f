"""Turns in the database: reading them, and the statements that move them inside a caller's transaction.

What a move means stands in the use cases; nothing here decides.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from servers.chat.domain.agent import Agent
from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, ToldCall
from servers.chat.tools.stored_calls import calls_of, results_of, told_calls_of
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.errors import QuotaViolation, SomaError, invalid_field
from soma_common.kernel.money import Usage
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn as it stands in the database."""

    turn_id: UUID
    tenant_id: TenantId
    owner_sub: str
    caller_roles: frozenset[str]
    caller_scopes: frozenset[str]
    request_id: UUID | None
    correlation_id: str
    conversation_id: UUID | None
    agent_id: UUID
    user_message_id: UUID | None
    assistant_message_id: UUID
    status: str
    lease_epoch: int
    model: str
    receipt_id: UUID | None
    answer: str
    tool_calls: tuple[ToolCallPart, ...]
    partial_text_kept: bool
    finish_reason: str
    error: SomaError | None
    usage: Usage
    cost_micros: int
    create_time: datetime
    end_time: datetime | None
    last_sequence: int = 0
    agent_version: int = 0
    parent_message_id: UUID | None = None
    cancel_requested: bool = False
    # how often another process took it over, and since when it runs if not since it was made
    takeovers: int = 0
    running_since: datetime | None = None
    # what was used before the call that followed, and the number of the last event before that
    draft: bytes | None = None
    draft_sequence: int = 0
    # whether its message was there before, the message in whose place its own stands, and the leaf before it began
    asks_anew: bool = False
    replaces_message_id: UUID | None = None
    leaf_before: UUID | None = None
    # 0 for none, 1 for good, 2 for bad
    rating: int = 0

    @property
    def continues(self) -> bool:
        """Whether it goes on with an answer, after the results of the tools that this one asked for."""
        return self.asks_anew and self.user_message_id is not None and self.user_message_id == self.parent_message_id

    @property
    def caller(self) -> Caller:
        """Who asked for it, as chat acts for them."""
        return Caller(self.tenant_id, self.owner_sub, self.caller_roles, self.caller_scopes)

    @property
    def open(self) -> bool:
        """Whether something may still be told of it: it runs, waits for a person, or for its place."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of the journal; `settlement` is set in the first one."""

    first_sequence: int
    last_sequence: int
    events: bytes
    settlement: bytes | None


@dataclass(frozen=True, slots=True)
class BranchMessage:
    """A message of the branch that a turn continues; `tokenizer` is None where it is too old for its text to matter."""

    message_id: UUID
    role: str
    text: str
    tool_calls: tuple[ToldCall, ...]
    token_count: int
    tokenizer: str | None
    tool_results: tuple[CallResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The conversation that a turn belongs to."""

    conversation_id: UUID
    owner_sub: str
    agent_id: UUID
    status: str
    current_leaf_id: UUID | None
    # the turn that runs in it or waits for a person, how many are queued behind it, and the first of them
    running_turn_id: UUID | None
    untitled: bool
    queued: int
    queued_turn_id: UUID | None


# A turn that is not over.
OPEN: Final = frozenset(("running", "waiting", "queued"))
# How many rows of the journal are read at once, as its statement says.
JOURNAL_BATCH: Final = 256


class AlreadyStored(Exception):  # noqa: N818 - it is no error: the turn exists already
    """Another call stored a turn for the same request meanwhile."""


class TurnStore:
    """Reads turns, each call in a transaction of the tenant."""

    def __init__(self, database: Database) -> None:
        self.database: Final = database

    async def find_turn(self, tenant: TenantId, turn_id: UUID, owner: str | None) -> TurnRow | None:
        """The turn, if it exists and the owner (None: anybody of the tenant) may see it."""
        row = await self.database.run(tenant, lambda it: it.fetchrow(_SQL.find_turn, turn_id, owner))
        return None if row is None else turn_row(row)

    async def read_journal(self, tenant: TenantId, turn_id: UUID, after_sequence: int) -> list[JournalRow]:
        """Rows of the journal with something after a number, in order, a batch at a time."""
        return await self.database.run(tenant, lambda it: journal_rows(it, turn_id, after_sequence))

    async def read_answer(self, row: TurnRow) -> tuple[str, tuple[ToolCallPart, ...]]:
        """What an ended turn answered."""
        if row.conversation_id is None:
            return row.answer, row.tool_calls
        found = await self.database.run(row.tenant_id, lambda it: it.fetchrow(_SQL.find_text, row.assistant_message_id))
        if found is None:
            return "", ()
        calls = told_calls_of(found["tool_calls"])
        return "\n".join(found["parts"]), tuple(told.call for told in calls if told.by_client)

    async def read_branch(
        self, tenant: TenantId, conversation_id: UUID, leaf_id: UUID, most_messages: int, most_tokens: int
    ) -> list[BranchMessage]:
        """The messages that end in a leaf, oldest first, as many as could matter."""
        rows = await self.database.tenant_read(
            tenant, _SQL.read_branch, conversation_id, leaf_id, most_messages, most_tokens
        )
        return [
            BranchMessage(
                row["message_id"],
                row["role"],
                "\n".join(row["parts"]),
                told_calls_of(row["tool_calls"]),
                row["token_count"],
                row["tokenizer"],
                results_of(row["tool_results"]),
            )
            for row in reversed(rows)
        ]

    async def ask_to_cancel(self, tenant: TenantId, turn_id: UUID) -> None:
        """Leaves word for the process that runs the turn."""
        await self.database.run(tenant, lambda it: it.execute(_SQL.ask_to_cancel, turn_id))


async def journal_rows(connection: Connection, turn_id: UUID, after_sequence: int) -> list[JournalRow]:
    """A batch of the journal inside a transaction."""
    rows = await connection.fetch(_SQL.read_journal, turn_id, after_sequence)
    return [JournalRow(row["first_sequence"], row["last_sequence"], row["events"], row["settlement"]) for row in rows]


async def lock_turn(connection: Connection, turn_id: UUID, lease_epoch: int) -> TurnRow | None:
    """The turn, locked, if it still runs under this epoch."""
    row = await connection.fetchrow(_SQL.lock_turn, turn_id, lease_epoch)
    return None if row is None else turn_row(row)


async def insert_turn(connection: Connection, values: tuple[object, ...]) -> None:
    """Writes a new turn. Raises AlreadyStored; the transaction must roll back then."""
    try:
        await connection.execute(_SQL.insert_turn, *values)
    except asyncpg.UniqueViolationError as problem:
        raise AlreadyStored from problem


Weights = tuple[float, ...]
_MAKER: Final = "service:chat"


@contextmanager
def unique_name() -> Iterator[None]:
    """Says of a statement that writes an agent's name what a violated constraint means. Raises INVALID_FIELD."""
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise invalid_field("agent.name", "another agent has this name") from None


async def insert_default_agent(
    connection: Connection, events: EventStore, tenant: TenantId, agent: Agent, now: datetime
) -> None:
    """Makes the tenant's default agent, and tells of it, unless somebody just did; its name may be taken."""
    for name in (agent.name, f"{agent.name} {agent.agent_id}"):
        if await connection.fetchval(_SQL.insert_agent, tenant, agent.agent_id, name, now):
            break
    else:
        return
    values = (
        agent.name,
        agent.system_prompt,
        agent.model_profile_id,
        agent.intelligence,
        agent.autonomy,
        agent.resource_micros_per_turn,
        agent.risk_profile,
        agent.canned_answer,
        agent.warm_style,
        agent.baseline,
        agent.memory_scope,
    )
    await connection.execute(_SQL.insert_first_version, tenant, agent.agent_id, *values, _MAKER, now)
    payload = payloads_pb2.ResourceChanged(resource="agent", resource_id=str(agent.agent_id), changed_by=_MAKER)
    draft = EventDraft("agent.created", f"agent/{agent.agent_id}", payload, current_call().correlation_id)
    await events.append(connection, tenant, [draft])


def turn_row(row: asyncpg.Record) -> TurnRow:
    """The value of a row of `turns`."""
    values: dict[str, Any] = dict(row)
    plain = {name: values[name] for name in TurnRow.__slots__ if name in values and name not in _READ}
    return TurnRow(
        **plain,
        caller_roles=frozenset(values["caller_roles"]),
        caller_scopes=frozenset(values["caller_scopes"]),
        tool_calls=calls_of(values["tool_calls"]),
        error=_error_of(values),
        usage=Usage(
            values["input_tokens"],
            values["cached_input_tokens"],
            values["output_tokens"],
            values["reasoning_tokens"],
            values["usage_estimated"],
        ),
    )


_READ: Final = frozenset(("caller_roles", "caller_scopes", "tool_calls", "error", "usage"))


def _error_of(values: dict[str, Any]) -> SomaError | None:
    if not values["error_reason"]:
        return None
    quota = orjson.loads(values["error_quota"])
    return SomaError(
        Reason(values["error_reason"]),
        orjson.loads(values["error_metadata"]),
        retry_after_seconds=values["error_retry_seconds"],
        quota=tuple(QuotaViolation(each["subject"], each["description"]) for each in quota),
    )


def error_columns(error: SomaError | None) -> tuple[str, str, float | None, str]:
    """Reason, metadata, retry seconds and quota as the columns of `turns` keep them."""
    if error is None:
        return "", "{}", None, "[]"
    quota = [{"subject": each.subject, "description": each.description} for each in error.quota]
    return (
        error.reason.value,
        orjson.dumps(dict(error.metadata)).decode(),
        error.retry_after_seconds,
        orjson.dumps(quota).decode(),
    )
