"""The use case of import: batches, each a transaction with a row for each piece, so that a repeat goes on.

What a piece says is decided in `decoding/transfer.py`; what replaces what, as for any other memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from servers.memory.domain.graph import Link
from servers.memory.domain.likeness import text_key
from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_use
from servers.memory.domain.noise import why_noise
from servers.memory.graph.rows import LinkStore
from servers.memory.storing.intake import Intake, Outcome
from servers.memory.storing.memories import Memories, events_of
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call

_SQL: Final = Queries.of("servers.memory", "sql/transfer.sql")
_KEPT: Final = timedelta(days=7)
_MOST_REFUSALS: Final = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """The memory of one message, counted from 1, under the id it had where it comes from; or why it is refused."""

    place: int
    origin_id: UUID
    memory: Memory | None
    refused: str = ""


@dataclass(slots=True)
class Imported:
    """What an import has done so far, and where the memories are that it stored."""

    caller: Caller
    request_id: UUID
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    links: int = 0
    refusals: list[str] = field(default_factory=list)
    places: dict[UUID, UUID] = field(default_factory=dict)

    def refuse(self, what: str, why: str) -> None:
        """Count a piece that is refused; the first ones are named."""
        self.refused += 1
        if len(self.refusals) < _MOST_REFUSALS:
            self.refusals.append(f"{what}: {why}")


class Importer:
    """Imports memories and links."""

    def __init__(
        self, database: Database, intake: Intake, memories: Memories, links: LinkStore, events: EventStore, clock: Clock
    ) -> None:
        self._database = database
        self._intake = intake
        self._memories = memories
        self._links = links
        self._events = events
        self._clock = clock

    async def begin(self, caller: Caller, request_id: UUID) -> Imported:
        """Begin an import, or go on with one."""
        before = self._clock.now() - _KEPT
        await self._database.run(caller.tenant_id, lambda it: it.execute(_SQL.forget_imports, caller.tenant_id, before))
        return Imported(caller, request_id)

    async def add(self, done: Imported, pieces: Sequence[Piece]) -> None:
        """Store some memories in one transaction, except those that this import has stored before."""

        async def work(connection: Connection) -> tuple[dict[UUID, tuple[UUID, Outcome]], list[tuple[Piece, str]]]:
            return await self._store(connection, done, pieces)

        kept, refused = await self._database.run(done.caller.tenant_id, work)
        for piece, why in refused:
            done.refuse(f"memory {piece.place}", why)
        for origin_id, (memory_id, outcome) in kept.items():
            done.places[origin_id] = memory_id
            done.stored += outcome is Outcome.STORED
            done.duplicates += outcome is Outcome.REPEATED

    async def link(self, done: Imported, links: Sequence[tuple[int, Link]]) -> None:
        """Make some links, in one transaction; a link to what did not come, or is somebody else's, is refused."""
        moved = [
            (place, replace(link, source_id=done.places[link.source_id], target_id=done.places[link.target_id]))
            for place, link in links
            if link.source_id in done.places and link.target_id in done.places
        ]
        known = {place for place, _ in moved}

        async def work(connection: Connection) -> list[int]:
            return await self._link(connection, done.caller, moved)

        failed = set(await self._database.run(done.caller.tenant_id, work))
        done.links += len(moved) - len(failed)
        for place, _ in links:
            if place not in known:
                done.refuse(f"link {place}", "one of its ends was not imported")
            elif place in failed:
                done.refuse(f"link {place}", "one of its ends is gone, or it is there and somebody else's")

    async def _store(
        self, connection: Connection, done: Imported, pieces: Sequence[Piece]
    ) -> tuple[dict[UUID, tuple[UUID, Outcome]], list[tuple[Piece, str]]]:
        caller = done.caller
        mark = (caller.tenant_id, caller.sub, done.request_id)
        await connection.execute(_SQL.lock_import, caller.tenant_id, caller.sub, str(done.request_id))
        named = {each for piece in pieces for each in (piece.origin_id, *_references(piece.memory))}
        rows = await connection.fetch(_SQL.imported, *mark, sorted(named))
        before = {row["origin_id"]: (row["memory_id"], Outcome(row["outcome"])) for row in rows}
        kept = {piece.origin_id: before[piece.origin_id] for piece in pieces if piece.origin_id in before}
        taken = {
            row["memory_id"]: row for row in await connection.fetch(_SQL.occupied, caller.tenant_id, sorted(named))
        }

        def moved(origin: UUID) -> UUID:
            if origin in before:
                moved_to: UUID = before[origin][0]
                return moved_to
            return _another_id(done.request_id, origin) if origin in taken else origin

        refused, fresh, there = list[tuple[Piece, str]](), dict[UUID, Memory](), dict[UUID, UUID]()
        for piece in pieces:
            if piece.origin_id in before or piece.origin_id in fresh or piece.origin_id in there:
                continue
            why = piece.refused or _why_refused(caller, piece.memory)
            if why or piece.memory is None:
                refused.append((piece, why))
            elif _is_same(taken.get(piece.origin_id), piece.memory):
                there[piece.origin_id] = piece.origin_id
            else:
                fresh[piece.origin_id] = _moved(piece.memory, piece.origin_id, moved)
        indexed = await self._memories.indexed(list(fresh.values()))
        results = await self._intake.store(connection, caller.tenant_id, indexed, self._clock.now())
        numbers = {piece.origin_id: piece for piece in pieces}
        noted = {origin: (memory_id, Outcome.REPEATED) for origin, memory_id in there.items()}
        drafts = list[EventDraft]()
        for (origin, memory), one in zip(fresh.items(), results, strict=True):
            if one.memory_id is None:
                refused.append((numbers[origin], self._intake.why_refused(one.outcome)))
            else:
                noted[origin] = (one.memory_id, one.outcome)
                drafts += events_of(memory, one)
        await self._note(connection, done, noted)
        await self._events.append(connection, caller.tenant_id, drafts)
        return kept | noted, refused

    async def _note(self, connection: Connection, done: Imported, noted: Mapping[UUID, tuple[UUID, Outcome]]) -> None:
        await connection.execute(
            _SQL.note_imported,
            done.caller.tenant_id,
            done.caller.sub,
            done.request_id,
            list(noted),
            [memory_id for memory_id, _ in noted.values()],
            [int(outcome) for _, outcome in noted.values()],
            self._clock.now(),
        )

    async def _link(self, connection: Connection, caller: Caller, links: Sequence[tuple[int, Link]]) -> list[int]:
        ends = sorted({end for _, link in links for end in (link.source_id, link.target_id)})
        found = await self._links.find_ends(connection, caller.tenant_id, ends)
        failed, drafts = list[int](), list[EventDraft]()
        for place, link in links:
            known = link.source_id in found and link.target_id in found
            if not known or await self._links.put(connection, caller.tenant_id, link, caller.sees_all) is None:
                failed.append(place)
                continue
            payload = payloads_pb.MemoryLinkChanged(memory_id=str(link.source_id), target_memory_id=str(link.target_id))
            stream = f"memory/{link.source_id}"
            drafts.append(EventDraft("memory.linked", stream, payload, current_call().correlation_id))
        await self._events.append(connection, caller.tenant_id, drafts)
        return failed


def _another_id(request_id: UUID, origin_id: UUID) -> UUID:
    """The id of a memory whose own is taken, the same in each repeat; one that tells a time still does."""
    other = uuid5(request_id, str(origin_id))
    return UUID(int=(origin_id.int >> 64 << 64) | (other.int & 2**64 - 1)) if origin_id.version == 7 else other


def _references(memory: Memory | None) -> tuple[UUID, ...]:
    if memory is None:
        return ()
    return (*memory.derived_from, *(() if memory.superseded_by is None else (memory.superseded_by,)))


def _moved(memory: Memory, origin_id: UUID, moved: Callable[[UUID], UUID]) -> Memory:
    return replace(
        memory,
        memory_id=moved(origin_id),
        derived_from=tuple(moved(source) for source in memory.derived_from),
        superseded_by=None if memory.superseded_by is None else moved(memory.superseded_by),
    )


def _is_same(row: Any, memory: Memory) -> bool:
    """Whether the memory that has this id is the one that shall come."""
    if row is None or (row["namespace"], row["subject"]) != (memory.namespace, memory.subject):
        return False
    return bool(row["text_key"][:32] == text_key(memory))


def _why_refused(caller: Caller, memory: Memory | None) -> str:
    if memory is None:
        return ""
    if not may_use(caller, memory.namespace):
        return not_found("namespace", memory.namespace).sentence
    why = why_noise(memory.text, ())
    return "" if why is None else SomaError(Reason.MEMORY_REFUSED, {"why": why}).sentence
