"""What is read before a turn is taken in, and the rows that take it in; a transaction in one round trip each.

What is stored stands in `acceptance.py`; nothing here decides.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.agent import Agent
from servers.chat.tools.rules import rules_of
from servers.chat.turns.asking_anew import Question
from servers.chat.turns.order import Order
from servers.chat.turns.store import Place, Weights, error_columns, insert_default_agent, insert_turn
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.limits import Counting
from soma_common.limits.postgres import counting_statement
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")
_TAKE_TURN_IN: Final = counting_statement(
    _SQL.take_turn_in, tenant="$1", sub="$3", name="'messages'", interval="$45::interval", tolerance="$46::interval"
)
_AGENT: Final = tuple(name for name in Agent.__slots__ if name not in ("baseline", "tool_rules"))


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a turn: stored, queued, known, moved, or limited, with the time to wait."""

    outcome: str
    wait_seconds: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found for an order; a known request has its turn and nothing else."""

    known_turn_id: UUID | None = None
    body_hash: bytes = b""
    place: Place | None = None
    parent_exists: bool = False
    # whether the parent is the answer that the conversation's turn is writing
    parent_is_coming: bool = False
    # the message of the user that is asked about, or whose answer is
    question: Question | None = None
    agent: Agent | None = None
    weights: Weights | None = None
    # of this agent, without the one that is asked for
    open_turns: int = 0


class AcceptanceStore:
    """Reads and writes what taking a turn in needs."""

    def __init__(self, database: Database, events: EventStore) -> None:
        self._database = database
        self._events = events

    async def look(self, order: Order) -> Seen:
        """The turn of the same request, or the conversation, its parent message and the agent."""
        caller = order.caller
        rows = await self._database.tenant_read(
            caller.tenant_id,
            _SQL.look_before_turn,
            caller.sub,
            order.request_id,
            order.conversation_id,
            caller.owner_filter,
            order.parent_message_id,
            order.agent_id,
            default_agent_id(caller.tenant_id),
            order.message_id,
        )
        row = rows[0]
        if row["known_turn_id"] is not None:
            return Seen(row["known_turn_id"], row["known_body_hash"])
        agent, weights = agent_of(row)
        there = _place(row)
        return Seen(
            place=there,
            parent_exists=bool(row["parent_exists"]),
            parent_is_coming=bool(row["parent_is_coming"]),
            question=None if there is None else _question(row),
            agent=agent,
            weights=weights,
            open_turns=row["open_turns"],
        )

    async def take_in(
        self, tenant: TenantId, row: tuple[object, ...], events: tuple[Any, ...], counting: Counting
    ) -> TakenIn:
        """Stores everything and counts it, or nothing: what was seen has changed, or it is one message too many."""
        counts = (counting.interval, counting.tolerance)
        (told,) = await self._database.tenant_statement(tenant, _TAKE_TURN_IN, *row, *events, *counts)
        return TakenIn(told["outcome"], told["wait_seconds"])

    async def make_default_agent(self, tenant: TenantId, agent: Agent, now: datetime) -> None:
        """Makes the tenant's default agent unless somebody just did."""
        await self._database.run(tenant, lambda it: insert_default_agent(it, self._events, tenant, agent, now))

    async def refuse(self, row: tuple[Any, ...], refusal: SomaError, told: EventDraft, now: datetime) -> None:
        """Stores a turn that is refused before anything else, and tells of it. Raises AlreadyStored."""

        async def work(connection: Connection) -> None:
            await insert_turn(connection, row)
            await connection.execute(_SQL.refuse_turn, row[1], *error_columns(refusal), now, False, row[15])
            await self._events.append(connection, row[0], [told])

        await self._database.run(row[0], work)


def _place(row: Any) -> Place | None:
    if row["conversation_id"] is None:
        return None
    return Place(
        row["conversation_id"],
        row["owner_sub"],
        row["conversation_agent_id"],
        row["status"],
        row["current_leaf_id"],
        row["running_turn_id"],
        row["untitled"],
        row["queued"],
        row["queued_turn_id"],
    )


def _question(row: Any) -> Question | None:
    if row["question_id"] is None:
        return None
    return Question(
        row["asked_role"],
        row["conversation_id"],
        row["question_id"],
        tuple(row["question_parts"]),
        row["question_parent_id"],
        row["question_turn_id"],
    )


def agent_of(row: Any) -> tuple[Agent | None, Weights | None]:
    """The agent of a row, and the retrieval weights of its last modulation."""
    if row["agent_id"] is None:
        return None, None
    baseline, weights = row["baseline"], row["weights"]
    plain = {name: row[name] for name in _AGENT}
    rules = rules_of(row["tool_rules"])
    agent = Agent(**plain, baseline=None if baseline is None else tuple(baseline), tool_rules=rules)
    return agent, None if weights is None else tuple(weights)
