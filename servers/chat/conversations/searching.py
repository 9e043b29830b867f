"""The use case of finding messages by their words: in blocks and among those not indexed yet, the best ones first.

How words are made stands in `domain/words.py`, how they are indexed in `indexing.py`.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.chat.aside import aside
from servers.chat.conversations.stored import found_conversation
from servers.chat.domain.found import Rarity, Snippet, matches, score, snippet
from servers.chat.domain.words import Wanted, wanted_words
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/search.sql")

# The newest of those that fit are put in order by how well they do; older ones follow, newest first.
MOST_RANKED: Final = 100
MOST_FOUND: Final = 1_000
# Of one person; and of everybody for those who see all, where only what is newer than a day can be waiting.
_MOST_UNINDEXED: Final = 256
_MOST_UNINDEXED_OF_ALL: Final = 2_048
_RANKED_CHARACTERS: Final = 8_192
_WHOLE_CHARACTERS: Final = 2_000_000
_SLICE: Final = 128
_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Head:
    """A message that was found, without its text."""

    message_id: UUID
    conversation_id: UUID
    title: str
    role: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was found, with the place."""

    head: Head
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: `until` is when the first page was asked for, `skip` how many the pages before had."""

    query: str
    conversation_id: UUID | None
    until: datetime
    skip: int
    limit: int


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The newest messages that fit, newest first, with the texts that are known; and how rare the words are."""

    heads: list[Head]
    texts: dict[UUID, str]
    rarity: Rarity


class Searching:
    """Finds messages of a caller."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self) -> datetime:
        """Up to when messages count for who begins to look now."""
        return self._clock.now()

    async def find(self, caller: Caller, search: Search) -> tuple[list[Found], bool]:
        """A page, best first, and whether there is more. Raises INVALID_FIELD, RESOURCE_NOT_FOUND."""
        wanted = wanted_words(search.query)
        if not wanted:
            raise invalid_field("query", "it has no word to look for")
        if any(each.is_too_short for each in wanted):
            raise invalid_field("query", "a star needs at least two letters before it")
        if search.skip >= MOST_FOUND:
            return [], False
        need = min(max(search.skip + search.limit + 1, MOST_RANKED), MOST_FOUND)
        candidates = await self._database.run(
            caller.tenant_id, lambda it: _Look(it, caller, search, wanted).candidates(need)
        )
        size = sum(map(len, candidates.texts.values()))
        ordered = await aside(size, self._order, candidates, wanted)
        page = ordered[search.skip : search.skip + search.limit]
        texts = await self._whole_texts(caller, candidates.texts, page)
        shown = await aside(sum(map(len, texts.values())), _shown, page, texts, wanted)
        return shown, len(ordered) > search.skip + len(page)

    def _order(self, candidates: _Candidates, wanted: Sequence[Wanted]) -> list[Head]:
        """The newest by how well they fit, then the others as they came."""
        now, weights = self._clock.now(), candidates.rarity.weights()

        def rank(head: Head) -> float:
            age_days = (now - head.create_time).total_seconds() / _DAY_SECONDS
            return -score(candidates.texts.get(head.message_id, ""), wanted, weights, age_days)

        best = sorted(candidates.heads[:MOST_RANKED], key=rank)
        return [*best, *candidates.heads[MOST_RANKED:]]

    async def _whole_texts(self, caller: Caller, known: dict[UUID, str], page: Sequence[Head]) -> dict[UUID, str]:
        """The texts of a page; those that were cut or not read for the ranking are read now."""
        texts = {head.message_id: known.get(head.message_id, "") for head in page}
        short = [message_id for message_id, text in texts.items() if not 0 < len(text) < _RANKED_CHARACTERS]
        if short:
            values = (caller.tenant_id, short, caller.owner_filter, _WHOLE_CHARACTERS)
            rows = await self._database.run(caller.tenant_id, lambda it: it.fetch(_SQL.read_texts, *values))
            texts.update((row["message_id"], row["text"]) for row in rows)
        return texts


class _Look:
    """One look at the tables, in one transaction."""

    def __init__(self, connection: Connection, caller: Caller, search: Search, wanted: Sequence[Wanted]) -> None:
        self._connection = connection
        self._caller = caller
        self._search = search
        self._wanted = wanted

    async def candidates(self, need: int) -> _Candidates:
        """As many of the newest that fit as are needed, if there are."""
        if self._search.conversation_id is not None:
            await found_conversation(self._connection, self._caller, self._search.conversation_id)
        tenant, owner = self._caller.tenant_id, self._caller.owner_filter
        most = _MOST_UNINDEXED_OF_ALL if owner is None else _MOST_UNINDEXED
        values = (tenant, owner, most, self._search.conversation_id, self._search.until)
        fresh = await self._connection.fetch(_SQL.read_unindexed, *values)
        texts = {row["message_id"]: row["text"] for row in fresh}
        fitting = await aside(sum(map(len, texts.values())), _fitting, texts, self._wanted)
        heads = [_head(row) for row in fresh if row["message_id"] in fitting][:need]
        owners = [row["owner_key"] for row in await self._connection.fetch(_SQL.list_owners, tenant, owner)]
        words = [each.word for each in self._wanted], [each.beyond for each in self._wanted]
        hits = await self._connection.fetch(_SQL.find_hits, tenant, owners, *words, self._search.conversation_id)
        async for head in self._indexed(hits, need - len(heads)):
            heads.append(head)
        ranked = [head.message_id for head in heads[:MOST_RANKED] if head.message_id not in texts]
        rows = await self._connection.fetch(_SQL.read_texts, tenant, ranked, owner, _RANKED_CHARACTERS)
        texts.update((row["message_id"], row["text"]) for row in rows)
        return _Candidates(heads, texts, _rarity(hits, len(self._wanted)))

    async def _indexed(self, hits: Sequence[Any], most: int) -> AsyncIterator[Head]:
        """The newest messages of these blocks that can be found."""
        given = 0
        for part in _slices(hits):
            if given >= most:
                return
            columns = [[row[name] for row in part] for name in ("owner_key", "block", "hits")]
            rest = (self._search.conversation_id, self._search.until, self._caller.owner_filter)
            for row in await self._connection.fetch(_SQL.read_heads, self._caller.tenant_id, *columns, *rest):
                if given < most:
                    given += 1
                    yield _head(row)


def _slices(hits: Sequence[Any]) -> Iterator[list[Any]]:
    """Blocks in portions of about as many messages."""
    part, size = list[Any](), 0
    for row in hits:
        part.append(row)
        size += (row["hits"] & (1 << 64) - 1).bit_count()
        if size >= _SLICE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _fitting(texts: dict[UUID, str], wanted: Sequence[Wanted]) -> frozenset[UUID]:
    return frozenset(message_id for message_id, text in texts.items() if matches(text, wanted))


def _rarity(hits: Sequence[Any], words: int) -> Rarity:
    if not hits:
        return Rarity(1, (1,) * words)
    return Rarity(hits[0]["messages"], tuple(hits[0]["frequencies"]))


def _head(row: Any) -> Head:
    return Head(**{name: row[name] for name in Head.__slots__})


def _shown(page: Sequence[Head], texts: dict[UUID, str], wanted: Sequence[Wanted]) -> list[Found]:
    return [Found(head, snippet(texts[head.message_id], wanted)) for head in page]
