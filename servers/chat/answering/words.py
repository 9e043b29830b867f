"""The words of a turn as they are stored: what the person said, what the answer had come to, what was noted of calls.

While a turn is open they stand in its journal and its ledger, afterwards in its messages. Nothing here writes.
"""

from dataclasses import dataclass
from typing import Final

from servers.chat.domain.agent import Agent
from servers.chat.domain.rounds import CallResult, ToldCall, ToolRound, rounds_of
from servers.chat.tools.effects import read_calls
from servers.chat.tools.stored_calls import results_of, told_calls_of
from servers.chat.turns.acceptance_store import agent_of
from servers.chat.turns.journaled import read_journaled
from servers.chat.turns.retelling import retell
from servers.chat.turns.store import TurnRow
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/prompts.sql")
_TAKEOVER: Final = Queries.of("servers.chat", "sql/takeover.sql")


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer: its text, its calls of tools, and what came of them."""

    text: str
    calls: tuple[ToldCall, ...]
    results: dict[str, CallResult]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one turn; every method raises DATABASE_UNAVAILABLE."""

    database: Database
    row: TurnRow

    async def agent(self) -> Agent | None:
        """The agent as it was."""
        values = (self.row.agent_id, self.row.agent_version)
        found = await self.database.run(self.row.tenant_id, lambda it: it.fetchrow(_TAKEOVER.find_agent, *values))
        return None if found is None else agent_of(found)[0]

    async def question(self) -> str | None:
        """What the person said; None where it was taken back, or where the turn goes on with an answer."""
        message_id = self.row.user_message_id
        parts = await self.database.run(self.row.tenant_id, lambda it: it.fetchval(_SQL.find_words, message_id))
        return None if parts is None else "\n".join(parts)

    async def told_before(self, rounds: int, characters: int) -> tuple[tuple[ToolRound, ...], str] | None:
        """The first rounds of the answer, and so much of the text after them; None where that was not kept."""
        if not rounds and not characters:
            return (), ""
        told = await self.database.run(self.row.tenant_id, self._told)
        if told is None:
            return None
        done, _ = rounds_of(told.text, told.calls, told.results)
        begin = max((call.text_before for call in told.calls if call.round <= rounds), default=0)
        so_far = told.text[begin : begin + characters]
        return (done[:rounds], so_far) if len(done) >= rounds and len(so_far) == characters else None

    async def noted(self) -> governor_pb.SettleTurnRequest | None:
        """The settlement that the governor does not have yet, or what is noted of the calls so far."""
        return await self.database.run(self.row.tenant_id, self._noted)

    async def _told(self, connection: Connection) -> _Told | None:
        if self.row.open:
            journaled = await read_journaled(connection, self.row)
            calls = await read_calls(connection, self.row.turn_id)
            results = {each.call.call.call_id: each.result for each in calls if each.result is not None}
            story = retell(journaled.events, results)
            return _Told(story.text, story.calls, results)
        found = await connection.fetchrow(_SQL.find_answer, self.row.assistant_message_id)
        if found is None:
            return None
        results = {result.call_id: result for result in results_of(found["tool_results"])}
        return _Told("\n".join(found["parts"]), told_calls_of(found["tool_calls"]), results)

    async def _noted(self, connection: Connection) -> governor_pb.SettleTurnRequest | None:
        payload: bytes | None = await connection.fetchval(_SQL.find_unsettled, self.row.turn_id)
        if payload is not None:
            return governor_pb.SettleTurnRequest.FromString(payload)
        return (await read_journaled(connection, self.row)).draft
