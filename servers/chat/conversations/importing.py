"""The use case of taking in a conversation that was exported: new ids, one transaction, nothing billed or learned.

What the contract cannot judge is judged here, before anything is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.agents import Agents
from servers.chat.aside import aside
from servers.chat.conversations.stored import Conversation, change_of, conversation_of
from servers.chat.domain.rounds import CallResult, ToldCall
from servers.chat.domain.tree import first_fault
from servers.chat.models.port import Models
from servers.chat.tools.stored_calls import calls_json, results_json
from servers.chat.turns.order import LONGEST_TEXT_BYTES
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Usage
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, default_agent_id
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.idempotency import Once
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/travel.sql")
Reply = TypeVar("Reply", bound=Message)
FORMAT: Final = 1
FINISHES: Final = frozenset(("", "stop", "length", "tool_calls", "content_filter", "error", "cancelled"))
_MOST_TOKENS: Final = 2**31 - 1
# Clocks differ a little.
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Arriving:
    """One message as it comes, under the ids that it had elsewhere."""

    key: str
    parent: str
    turn: str
    role: str
    parts: tuple[str, ...]
    tool_calls: tuple[ToldCall, ...]
    tool_results: tuple[CallResult, ...]
    partial: bool
    finish_reason: str
    usage: Usage
    cost_micros: int
    model: str
    create_time: datetime | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A conversation as it comes; `count` is how many messages it says it has, `leaf` one of their keys or empty."""

    format: int
    title: str
    leaf: str
    count: int
    create_time: datetime | None
    messages: tuple[Arriving, ...]
    agent_id: UUID | None


class Importing:
    """Takes conversations in."""

    def __init__(
        self, database: Database, events: EventStore, agents: Agents, models: Models, clock: Clock, ids: Ids
    ) -> None:
        self._database = database
        self._events = events
        self._agents = agents
        self._models = models
        self._clock = clock
        self._ids = ids

    async def take_in(self, caller: Caller, arrival: Arrival, reply: Callable[[Conversation], Reply]) -> Reply:
        """Make a conversation of it. Raises INVALID_FIELD, PAYLOAD_TOO_LARGE, RESOURCE_NOT_FOUND for the agent."""
        check_arrival(arrival, self._clock.now())
        tenant = caller.tenant_id
        kept = await self._agents.read(tenant, arrival.agent_id or default_agent_id(tenant))
        if kept.agent.archived:
            raise not_found("agent", arrival.agent_id)
        profile = await self._database.run(tenant, lambda it: self._models.profile(it, tenant, ""))
        tokenizer = tokenizer_for(profile.tokenizer)
        texts = ["\n".join(message.parts) for message in arrival.messages]
        counts = await aside(sum(map(len, texts)), lambda: [tokenizer.count(text) for text in texts])
        conversation_id, now = self._ids.uuid7(), self._clock.now()
        placed = _Placed(caller, conversation_id, now, arrival, self._ids)
        rows = placed.rows(counts, tokenizer.name)

        async def work(connection: Connection) -> Reply:
            values = placed.conversation(kept.agent.agent_id)
            made = conversation_of(await connection.fetchrow(_SQL.insert_conversation, *values))
            await connection.executemany(_SQL.insert_message, rows)
            draft = change_of("conversation.imported", conversation_id, caller.sub)
            await self._events.append(connection, tenant, [draft])
            answer = reply(made)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant, work)


class _Placed:
    """An arrival under its new ids: each message has its own, and those of one turn share one."""

    def __init__(self, caller: Caller, conversation_id: UUID, now: datetime, arrival: Arrival, ids: Ids) -> None:
        self._caller = caller
        self._conversation_id = conversation_id
        self._now = now
        self._arrival = arrival
        self._messages = {message.key: ids.uuid7() for message in arrival.messages}
        turns = dict.fromkeys(message.turn or message.key for message in arrival.messages)
        self._turns = {turn: ids.uuid7() for turn in turns}

    def conversation(self, agent_id: UUID) -> tuple[object, ...]:
        """The row of the conversation; where no leaf is named the last message is it."""
        arrival = self._arrival
        leaf = self._messages[arrival.leaf or arrival.messages[-1].key]
        made = arrival.create_time or arrival.messages[0].create_time or self._now
        place = (self._caller.tenant_id, self._conversation_id, self._caller.sub, agent_id)
        return (*place, arrival.title.strip(), leaf, len(arrival.messages), made, self._now)

    def rows(self, counts: Sequence[int], tokenizer: str) -> list[tuple[object, ...]]:
        """The rows of the messages, with the size of each."""
        return [
            self._row(message, count, tokenizer) for message, count in zip(self._arrival.messages, counts, strict=True)
        ]

    def _row(self, message: Arriving, count: int, tokenizer: str) -> tuple[object, ...]:
        usage = message.usage
        return (
            self._caller.tenant_id,
            self._messages[message.key],
            self._caller.sub,
            self._conversation_id,
            self._messages[message.parent] if message.parent else None,
            self._turns[message.turn or message.key],
            message.role,
            list(message.parts),
            calls_json(message.tool_calls),
            results_json(message.tool_results),
            count,
            tokenizer,
            message.partial,
            message.finish_reason,
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.estimated,
            message.cost_micros,
            message.model,
            message.create_time or self._now,
        )


def check_arrival(arrival: Arrival, now: datetime) -> None:
    """Raises INVALID_FIELD or PAYLOAD_TOO_LARGE for what cannot be taken in."""
    if arrival.format != FORMAT:
        raise invalid_field("header.format", f"this program reads the form {FORMAT}")
    if arrival.count not in (0, len(arrival.messages)):
        raise invalid_field("header.message_count", f"it says {arrival.count}, and {len(arrival.messages)} came")
    fault = first_fault((message.key, message.parent) for message in arrival.messages)
    if fault is not None:
        raise invalid_field(f"messages[{fault[0]}]", fault[1])
    if arrival.leaf and all(message.key != arrival.leaf for message in arrival.messages):
        raise invalid_field("header.current_leaf_message_id", "no message has this id")
    _check_text("header.title", arrival.title)
    _check_time("header.create_time", arrival.create_time, now)
    for place, message in enumerate(arrival.messages):
        _check_message(f"messages[{place}]", message, now)


def _check_message(field: str, message: Arriving, now: datetime) -> None:
    text = "\n".join(message.parts)
    # How long an answer may be is its model's affair.
    if message.role == "user" and len(text.encode()) > LONGEST_TEXT_BYTES:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{LONGEST_TEXT_BYTES} bytes of text in {field}"})
    if not text and not message.tool_calls and message.role == "user":
        raise invalid_field(f"{field}.content", "a person's message needs a text")
    if message.finish_reason not in FINISHES:
        raise invalid_field(f"{field}.finish_reason", f"it is none of {', '.join(sorted(FINISHES - {''}))}")
    if message.cost_micros < 0:
        raise invalid_field(f"{field}.cost_micros", "it must not be negative")
    usage = message.usage
    if max(usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.reasoning_tokens) > _MOST_TOKENS:
        raise invalid_field(f"{field}.usage", f"no message uses more than {_MOST_TOKENS} tokens")
    calls = [told.call for told in message.tool_calls]
    called = "".join(f"{call.call_id}{call.name}{call.arguments_json}" for call in calls)
    came = "".join(f"{result.name}{result.content}" for result in message.tool_results)
    _check_text(field, f"{text}{message.model}{called}{came}")
    if not {result.call_id for result in message.tool_results} <= {call.call_id for call in calls}:
        raise invalid_field(f"{field}.tool_results", "each needs its call in the same message")
    _check_time(f"{field}.create_time", message.create_time, now)


def _check_text(field: str, text: str) -> None:
    if "\0" in text:
        raise invalid_field(field, "it must not contain the character U+0000")


def _check_time(field: str, time: datetime | None, now: datetime) -> None:
    if time is not None and time > now + _AHEAD:
        raise invalid_field(field, "it lies in the future")
