"""What chat has of a person, and how it goes: turns that run are stopped and billed first, then everything is erased.

How a store is searched stands in `soma_common/operations/erasing.py`.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.operations.beside import Resting
from soma_common.operations.erasing import TableEraser, begin
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Eraser, Found, Store, Subject, Table
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/erasing.sql")
# How long a call waits for turns to end and to be billed; a saga comes again.
PATIENCE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.1

TURNS: Final = Store(
    "turns",
    (
        Table(
            "turns",
            names="owner_sub request draft",
            words="answer rating_text tool_calls error_metadata error_quota",
            plain="body_hash correlation_id caller_roles caller_scopes status instance model finish_reason "
            "error_reason "
            "take_back",
        ),
        Table(
            "tool_calls",
            names="decided_by",
            words="arguments_json content sentence note",
            plain="call_id name arguments_hash state status decision",
        ),
        Table("instances", plain="name"),
    ),
    _SQL.erase_turns,
)
INTENTS: Final = Store(
    "intents",
    (
        Table(
            "intents",
            names="owner_sub payload",
            plain="caller_roles caller_scopes correlation_id kind status last_reason",
        ),
    ),
    _SQL.erase_intents,
)
WORDS: Final = Store(
    "search index",
    (
        Table("unindexed_messages"),
        Table("owners_to_index"),
        Table("word_blocks"),
        Table("block_words", words="word"),
    ),
    _SQL.erase_words,
)
STORES: Final = (
    Store("journal", (Table("journal", names="settlement", words="events"),), _SQL.erase_journal),
    Store(
        "messages",
        (
            Table("conversations", names="owner_sub", words="title", plain="status"),
            Table(
                "messages",
                names="owner_sub",
                words="parts tool_calls tool_results",
                plain="role tokenizer finish_reason model",
            ),
            Table("prompt_bases", words="body", plain="digest"),
        ),
        _SQL.erase_messages,
    ),
    Store(
        "agents",
        (
            Table("agents", words="name"),
            Table(
                "agent_versions",
                names="changed_by",
                words="name system_prompt canned_answer warm_style tool_rules",
                plain="model_profile_id",
            ),
            Table("agent_retrieval"),
        ),
        _SQL.erase_agents,
    ),
    Store(
        "models",
        (
            Table("model_catalogues", plain="default_profile_id"),
            Table("model_profiles", plain="profile_id provider model base_url tokenizer"),
            Table("model_fallbacks", plain="profile_id fallback_ids"),
        ),
    ),
)


class TurnsEraser(TableEraser):
    """Stops what runs, waits until all is billed, and erases the turns: whatever they would still write finds none."""

    def __init__(self, database: Database, clock: Clock, patience_seconds: float = PATIENCE_SECONDS) -> None:
        super().__init__(database, TURNS)
        self._tables = database
        self._clock = clock
        self._patience_seconds = patience_seconds

    async def erase(self, subject: Subject) -> int:
        """Raises SomaError(CONFLICT) where turns have not ended, or cannot be billed, in time."""
        until = self._clock.monotonic() + self._patience_seconds
        while await self._tables.run(subject.tenant_id, lambda it: self._unsettled(it, subject)):
            if self._clock.monotonic() > until:
                raise SomaError(Reason.CONFLICT)
            await asyncio.sleep(_LOOK_SECONDS)
        return await super().erase(subject)

    async def _unsettled(self, connection: Connection, subject: Subject) -> int:
        await begin(connection, subject)
        await connection.execute(_SQL.stop_turns)
        return int(await connection.fetchval(_SQL.count_unsettled))


class WordsEraser(TableEraser):
    """The search index has a number in the place of the name, so that is what is searched."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, WORDS)
        self._tables = database

    async def find(self, subject: Subject) -> Found:
        """Rows of the person, and words of others that are its name."""

        async def work(connection: Connection) -> int:
            await begin(connection, subject)
            return int(await connection.fetchval(_SQL.find_words))

        theirs = await self._tables.run(subject.tenant_id, work)
        return Found(theirs, (await super().find(subject)).words)


def counts_in_redis(clock: Clock) -> Eraser:
    """Where Redis counts messages it does so by name, for the minute in which they count."""
    sentence = "Redis counts the messages of the last minute by name; each count ends by itself."
    return Resting("counts in Redis", sentence, clock, timedelta(minutes=1))


def erasers(database: Database, clock: Clock, *further: Eraser) -> Sequence[Eraser]:
    """Those of chat: who writes before what is written."""
    tables = tuple(TableEraser(database, store) for store in STORES)
    first = (TurnsEraser(database, clock), TableEraser(database, INTENTS))
    return (*first, *tables, WordsEraser(database), *shared_erasers(database), *further)
