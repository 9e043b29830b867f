"""The commands on memories against a scripted memory service: what they ask, print and refuse."""

# ruff: noqa: N802 - the contract names the methods

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import grpc
import pytest
from typer.testing import CliRunner

from cli.exits import CommandError
from cli.main import app
from cli.stack.first_start import make_first_start
from config import load_settings
from soma.common.v1 import erasure_pb2 as common_pb
from soma.memory.v1 import erasure_pb2 as erasure_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.ids import Ids
from soma_common.testing.ports import PortShift

PORT = 9596
ID = "0197a0c2-1111-7000-8000-000000000001"
TEA = memory_pb.Memory(memory_id=ID, text="Ada likes tea.", kind=memory_pb.MEMORY_KIND_SEMANTIC, version=2)


class Scripted(memory_grpc.MemoryServiceServicer):
    """Answers as a test wants and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.breaks_off = False

    async def RecallMemories(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        parts = memory_pb.ScoreParts(lexical=0.5, recency=1, graph=0.25)
        return service_pb.RecallMemoriesResponse(hits=[memory_pb.MemoryHit(memory=TEA, score=0.75, parts=parts)])

    async def GetMemory(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        return service_pb.GetMemoryResponse(memory=TEA)

    async def UpdateMemory(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        return service_pb.UpdateMemoryResponse(memory=request.memory)

    async def GetLineage(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        older = memory_pb.Memory(memory_id=str(uuid4()), text="Ada likes coffee.", version=1)
        return upkeep_pb.GetLineageResponse(memory=TEA, superseded=[older])

    async def ListMemories(self, request: Any, _context: Any) -> Any:
        self.asked.append(type(request).FromString(request.SerializeToString()))
        more = "" if request.page_token else "next"
        return service_pb.ListMemoriesResponse(memories=[TEA] * request.page_size, next_page_token=more)

    async def SweepMemories(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        swept = upkeep_pb.SweptMemory(memory_id=ID, retention=0.03, sentence="It has faded.", excerpt="Ada …")
        sweep_id = "" if request.dry_run else str(uuid4())
        return upkeep_pb.SweepMemoriesResponse(sweep_id=sweep_id, memories=[swept], swept_count=1, examined_count=9)

    async def GetMemoryStats(self, _request: Any, _context: Any) -> Any:
        one = transfer_pb.NamespaceStats(namespace="shared", memory_count=2)
        return transfer_pb.GetMemoryStatsResponse(namespaces=[one], vector_index="pgvector", vector_index_up=True)

    async def ExportMemories(self, _request: Any, _context: Any) -> AsyncIterator[Any]:
        yield transfer_pb.ExportMemoriesResponse(memory=TEA)
        if not self.breaks_off:
            yield transfer_pb.ExportMemoriesResponse(end=transfer_pb.ExportEnd(memory_count=1))

    async def ImportMemories(self, pieces: AsyncIterator[Any], _context: Any) -> Any:
        self.asked.append([piece async for piece in pieces])
        return transfer_pb.ImportMemoriesResponse(stored_count=1, refusals=["memory 7: it only greets"])

    async def RebuildIndex(self, request: Any, _context: Any) -> AsyncIterator[Any]:
        self.asked.append(request)
        yield transfer_pb.RebuildIndexResponse(total_count=2, compared_count=1)
        yield transfer_pb.RebuildIndexResponse(total_count=2, compared_count=2, done=True, equal=not self.breaks_off)

    async def ForgetSubject(self, request: Any, _context: Any) -> Any:
        self.asked.append(request)
        done = common_pb.StoreErasure(
            house="chat", store="messages", state=common_pb.ERASURE_STATE_DONE, erased_count=7
        )
        return erasure_pb.ForgetSubjectResponse(erasure=erasure_pb.Erasure(sub=request.sub, done=True, stores=[done]))


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A memory service in a thread of its own, and an installation that knows it."""
    free = PortShift.reserve((PORT,))
    given = {"SOMA_HOME": str(tmp_path), "SOMA_INSTANCE": "memory", "SOMA_PORT_SHIFT": str(free.shift)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(given)
    make_first_start(settings, Ids())
    service, ready, over = Scripted(), Event(), Event()  # type: ignore[abstract]  # it is asked for no more

    async def serve() -> None:
        server = grpc.aio.server()
        memory_grpc.add_MemoryServiceServicer_to_server(service, server)
        server.add_insecure_port(settings.endpoint("memory").targets[0])
        await server.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await server.stop(None)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    yield service
    over.set()
    thread.join(20)
    free.release()


def run(*words: str, code: int = 0) -> str:
    """What a command prints on standard output."""
    result = CliRunner().invoke(app, ["memory", *words])
    found = result.exception.code if isinstance(result.exception, CommandError) else result.exit_code
    assert found == code, result.output
    return result.stdout


def test_recall_asks_with_every_filter_and_shows_the_parts_of_a_score(scripted: Scripted) -> None:
    filters = ("--kind", "semantic", "--tag", "a", "--subject", "Ada", "--importance", "0.5", "--as-of", "2026-01-02")
    shown = run("recall", "what", "does", "Ada", "like", "-n", "3", *filters)
    [asked] = scripted.asked
    assert (asked.query, asked.top_k, asked.subject, list(asked.tags)) == ("what does Ada like", 3, "Ada", ["a"])
    assert asked.as_of_valid_time.ToJsonString() == "2026-01-02T00:00:00Z"
    assert "links 0.25" in shown
    assert json.loads(run("recall", "tea", "--json"))["hits"][0]["score"] == 0.75


def test_a_list_turns_pages_until_it_has_enough(scripted: Scripted) -> None:
    assert len(run("list", "-n", "250").splitlines()) == 251
    assert [request.page_size for request in scripted.asked] == [200, 50]


def test_show_tells_what_a_memory_replaced(scripted: Scripted) -> None:
    shown = run("show", ID)
    assert "Ada likes tea." in shown
    assert "replaced" in shown
    assert "Ada likes coffee." in shown
    run("show", "tea", code=2)


def test_edit_changes_what_was_named_and_nothing_else(scripted: Scripted) -> None:
    run("edit", ID, "--importance", "0.9", "--tag", "family")
    assert list(scripted.asked[-1].update_mask.paths) == ["importance", "tags"]
    run("pin", ID)
    assert list(scripted.asked[-1].update_mask.paths) == ["pinned"]
    run("edit", ID, code=2)


def test_a_sweep_looks_first_and_asks(scripted: Scripted) -> None:
    run("sweep", code=2)
    assert "1 memory would go" in run("sweep", "--dry-run")
    assert all(request.dry_run for request in scripted.asked)
    assert "--undo" in run("sweep", "--yes")
    assert not scripted.asked[-1].dry_run


def test_an_export_is_imported_and_again_under_the_same_key(scripted: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "memories.jsonl"
    run("export", "-o", str(file))
    run("import", str(file))
    assert "Memories stored: 1" in run("import", str(file))
    first, second = scripted.asked
    assert first == second
    assert first[0].begin.request_id
    assert first[1].memory == TEA


def test_what_is_no_whole_export_is_refused(scripted: Scripted, tmp_path: Path) -> None:
    scripted.breaks_off = True
    file = tmp_path / "memories.jsonl"
    run("export", "-o", str(file), code=1)
    assert not file.exists()
    file.write_text('{"memory": {"text": "cut off"}}\n')
    run("import", str(file), code=2)
    file.write_text("no JSON\n")
    run("import", str(file), code=2)
    assert scripted.asked == []


def test_an_index_that_is_not_equal_is_a_failure(scripted: Scripted) -> None:
    assert "now equals" in run("rebuild-index")
    scripted.breaks_off = True
    run("rebuild-index", code=1)


def test_a_person_is_forgotten_only_by_the_name_twice(scripted: Scripted) -> None:
    run("forget-person", "ada", code=2)
    run("forget-person", "ada", "--confirm", "adam", code=2)
    assert scripted.asked == []
    assert "messages" in run("forget-person", "ada", "--confirm", "ada")
    assert scripted.asked[0].confirm_sub == "ada"
