"""Serves what takes memories out and in, and counts them: messages in, values out."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from servers.memory.decoding.transfer import Reader
from servers.memory.domain.graph import Link
from servers.memory.domain.memory import Memory
from servers.memory.encoding.links import link_message
from servers.memory.encoding.memories import memory_message
from servers.memory.transfer.counting import Counter, Stats
from servers.memory.transfer.exporting import Exporter
from servers.memory.transfer.importing import Imported, Importer, Piece
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field
from soma_common.rpc.call import current_call
from soma_common.rpc.interceptors.validate import Rules

# What is stored in one transaction: so many memories or links, and memories of so many bytes.
BATCH: Final = 200
_BATCH_BYTES: Final = 2 * 1024 * 1024


@dataclass(slots=True)
class _Gathered:
    """What was read and not stored yet."""

    pieces: list[Piece] = field(default_factory=list)
    links: list[tuple[int, Link]] = field(default_factory=list)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.pieces) >= BATCH or len(self.links) >= BATCH or self.size >= _BATCH_BYTES


@dataclass(frozen=True, kw_only=True)
class TransferServicing(service_grpc.MemoryServiceServicer):
    """Export, import and figures, of `soma.memory.v1.MemoryService`."""

    exporter: Exporter
    importer: Importer
    counter: Counter
    clock: Clock
    rules: Rules = field(default_factory=Rules)

    async def ExportMemories(  # noqa: N802 - the contract's name
        self, request: transfer_pb.ExportMemoriesRequest, _: Any
    ) -> AsyncGenerator[transfer_pb.ExportMemoriesResponse, None]:
        """Memories, then links, then the end."""
        end = transfer_pb.ExportEnd()
        caller = current_call().caller
        exported = self.exporter.export(caller, tuple(request.namespaces), request.include_retired)
        async with aclosing(exported) as items:
            async for item in items:
                if isinstance(item, Memory):
                    end.memory_count += 1
                    yield transfer_pb.ExportMemoriesResponse(memory=memory_message(item))
                else:
                    end.link_count += 1
                    yield transfer_pb.ExportMemoriesResponse(link=link_message(item))
        yield transfer_pb.ExportMemoriesResponse(end=end)

    async def ImportMemories(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[transfer_pb.ImportMemoriesRequest], _: Any
    ) -> transfer_pb.ImportMemoriesResponse:
        """Store what comes, batch by batch; nothing more is read while a batch is stored."""
        caller = current_call().caller
        reader: Reader | None = None
        done: Imported | None = None
        gathered, place = _Gathered(), 0
        async for request in request_iterator:
            if reader is None or done is None:
                if not request.HasField("begin"):
                    raise invalid_field("begin", "it must come first")
                reader = Reader(request.begin, caller, self.rules)
                done = await self.importer.begin(caller, UUID(request.begin.request_id))
                continue
            place += 1
            await self._take(request, place, reader, done, gathered)
            if gathered.is_full:
                await self._flush(done, gathered)
        if done is None:
            raise invalid_field("begin", "it must come first")
        await self._flush(done, gathered)
        return transfer_pb.ImportMemoriesResponse(
            stored_count=done.stored,
            duplicate_count=done.duplicates,
            refused_count=done.refused,
            link_count=done.links,
            refusals=done.refusals,
        )

    async def GetMemoryStats(  # noqa: N802 - the contract's name
        self, request: transfer_pb.GetMemoryStatsRequest, _: Any
    ) -> transfer_pb.GetMemoryStatsResponse:
        """How much is remembered."""
        return _stats(await self.counter.count(current_call().caller, tuple(request.namespaces)))

    async def _take(
        self,
        request: transfer_pb.ImportMemoriesRequest,
        place: int,
        reader: Reader,
        done: Imported,
        gathered: _Gathered,
    ) -> None:
        match request.WhichOneof("item"):
            case "memory":
                gathered.pieces.append(reader.memory(request.memory, place, self.clock.now()))
                gathered.size += request.ByteSize()
            case "link":
                if gathered.pieces:
                    await self._flush(done, gathered)
                link = reader.link(request.link, self.clock.now())
                if link is None:
                    done.refuse(f"link {place}", "it must lead from one memory to another, with a strength up to 1")
                else:
                    gathered.links.append((place, link))
            case _:
                raise invalid_field("begin", "it must come once")

    async def _flush(self, done: Imported, gathered: _Gathered) -> None:
        if gathered.pieces:
            await self.importer.add(done, gathered.pieces)
        if gathered.links:
            await self.importer.link(done, gathered.links)
        gathered.pieces, gathered.links, gathered.size = [], [], 0


def _stats(stats: Stats) -> transfer_pb.GetMemoryStatsResponse:
    return transfer_pb.GetMemoryStatsResponse(
        namespaces=[transfer_pb.NamespaceStats(**figures) for figures in stats.namespaces],
        embedding_version=stats.index.embedding_version,
        vector_index=stats.index.name,
        vector_index_up=stats.index.is_up,
        stored_today=stats.stored_today,
        daily_limit=stats.daily_limit,
    )
