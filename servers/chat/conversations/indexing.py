"""Indexing the words of messages: by the block, beside the turns, by whichever process comes to it.

A new message waits in `unindexed_messages`, which its own transaction writes; a search reads what waits there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from servers.chat.aside import aside
from servers.chat.domain.words import words_of
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/search.sql")
_LOG: Final = get_logger("soma.chat.indexing")

POLL_SECONDS: Final = 2.0
BLOCK: Final = 64
# Fewer messages make a block too when they are long: a search should not have to read more than this.
LONG_CHARACTERS: Final = 200_000
# What waited for longer makes a block with however few others, so that no owner has words that wait forever.
OLD_SECONDS: Final = 86_400.0
NOTE_SECONDS: Final = 3_600.0
_OWNERS: Final = 4
# After so many blocks of one owner others have their turn, and the streams theirs after each.
_BLOCKS_AT_ONCE: Final = 8
_PAUSE_SECONDS: Final = 0.02
_TOLD_EVERY: Final = 10_000
_SIGN_BIT: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class _Waiting:
    message_id: UUID
    conversation_id: UUID | None
    text: str | None


class Indexing:
    """Makes blocks out of waiting messages."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted_at = -NOTE_SECONDS
        self._indexed = 0
        self._told = 0

    async def run(self) -> None:
        """Indexes until cancelled."""
        while True:
            try:
                found = await self.index_due()
            except SomaError as error:
                _LOG.info("the words wait for the database", reason=error.reason.value)
                found = 0
            if not found:
                await self._tell_progress(done=True)
                await asyncio.sleep(POLL_SECONDS)

    async def index_due(self) -> int:
        """Index some blocks of a few owners who have enough; returns for how many owners there was something to do."""
        if self._clock.monotonic() - self._noted_at >= NOTE_SECONDS:
            await self._database.worker_statement(_SQL.note_old, self._old())
            self._noted_at = self._clock.monotonic()
        owners = await self._database.worker_statement(_SQL.claim_owners, _OWNERS)
        for row in owners:
            await self.index_owner(TenantId(row["tenant_id"]), row["owner_key"])
        return len(owners)

    async def index_owner(self, tenant: TenantId, owner_key: int) -> int:
        """Index blocks of one owner; returns how many messages there were in them."""
        total = 0
        for _ in range(_BLOCKS_AT_ONCE):
            count = await self._database.run(tenant, lambda it: self._one_block(it, tenant, owner_key))
            if not count:
                return total
            total += count
            self._indexed += count
            await self._tell_progress()
            await asyncio.sleep(_PAUSE_SECONDS)
        await self._database.run(tenant, lambda it: it.execute(_SQL.put_back, tenant, owner_key))
        return total

    async def _one_block(self, connection: Connection, tenant: TenantId, owner_key: int) -> int:
        waiting = [_Waiting(**row) for row in await connection.fetch(_SQL.take_block, tenant, owner_key)]
        # What was taken back meanwhile only leaves the queue.
        kept = [message for message in waiting if message.conversation_id is not None]
        texts = [message.text or "" for message in kept]
        size = sum(map(len, texts))
        is_old = bool(waiting) and waiting[0].message_id < self._old()
        if not is_old and len(waiting) < BLOCK and size < LONG_CHARACTERS:
            return 0
        if kept:
            words = await aside(size, words_of_block, texts)
            ids = [message.message_id for message in kept]
            conversations = list({message.conversation_id for message in kept})
            values: tuple[Any, ...] = (ids, conversations, list(words), list(words.values()))
            await connection.execute(_SQL.write_block, tenant, owner_key, *values)
        await connection.execute(_SQL.forget_unindexed, tenant, owner_key, [it.message_id for it in waiting])
        return len(waiting)

    def _old(self) -> UUID:
        """What has a smaller id was made so long ago that its words should be indexed, with however few others."""
        return UUID(int=int((self._clock.now().timestamp() - OLD_SECONDS) * 1000) << 80)

    async def _tell_progress(self, *, done: bool = False) -> None:
        """Says how far a large backlog is; a few new messages are no news."""
        if self._indexed - self._told >= _TOLD_EVERY or (done and self._told):
            [row] = await self._database.worker_statement(_SQL.count_unindexed)
            _LOG.info("words of messages are indexed", indexed=self._indexed, waiting=row["messages"])
            self._told = self._indexed
        if done:
            self._indexed = self._told = 0


def words_of_block(texts: Sequence[str]) -> dict[str, int]:
    """Each word with the bits of the messages that have it, as a signed number of 64 bits."""
    bits: dict[str, int] = {}
    for place, text in enumerate(texts):
        for word in frozenset(words_of(text)):
            bits[word] = bits.get(word, 0) | 1 << place
    return {word: value - (1 << 64) if value & _SIGN_BIT else value for word, value in bits.items()}
