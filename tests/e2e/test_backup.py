"""A backup is taken while people talk, and a second mesh made from it has everything that was acknowledged."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.memory.v1 import memory_pb2 as memories_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.asking import budgets_of, no_open_holds, receipt_of
from tests.e2e.support.grpc_door import Heard, listen, send_request
from tests.e2e.support.person import Person, person_of

TALKERS = 2
BREATH_SECONDS = 0.1
ENDLESS = "Tell me a story without an end."
# Minutes of room for the backup; what is left of it comes at once when the model is to forget it.
STORY = Script(match=ENDLESS, chunks=300, gap_seconds=0.5)
ENDED = (turn_pb.TURN_STATUS_COMPLETED, turn_pb.TURN_STATUS_FAILED)


@dataclass
class Acknowledged:
    """What the first mesh said yes to, each with the moment at which the answer was here."""

    turns: list[tuple[datetime, Heard]] = field(default_factory=list)
    memories: list[tuple[datetime, memory_pb.StoreMemoryResponse]] = field(default_factory=list)

    def enough(self) -> bool:
        return len(self.turns) >= 2 * TALKERS and len(self.memories) >= 5


async def talk(person: Person, seen: Acknowledged, stop: asyncio.Event) -> None:
    while not stop.is_set():
        heard = await person.grpc.say(f"What is the number of {uuid4().hex[:6]}?")
        assert heard.kinds[-1] == "completed", heard.end
        seen.turns.append((datetime.now(UTC), heard))


async def remember(person: Person, seen: Acknowledged, stop: asyncio.Event) -> None:
    while not stop.is_set():
        text = f"The keeper of lighthouse {uuid4().hex[:8]} is called Ottilie."
        request = memory_pb.StoreMemoryRequest(text=text, request_id=str(uuid4()))
        stored = await person.grpc.call(person.grpc.memory.StoreMemory, request)
        seen.memories.append((datetime.now(UTC), stored))
        await asyncio.sleep(BREATH_SECONDS)


@asynccontextmanager
async def busy(person: Person, seen: Acknowledged) -> AsyncIterator[None]:
    """People who talk and tell things for as long as the block lasts."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(TALKERS):
            group.create_task(talk(person, seen, stop))
        group.create_task(remember(person, seen, stop))
        try:
            yield
        finally:
            stop.set()


@asynccontextmanager
async def made_from(file: Path, model: ScriptedUpstream) -> AsyncIterator[Mesh]:
    """A second mesh, restored from a backup and brought up."""
    second = Mesh(model)
    done = second.cli("restore", str(file))
    assert done.returncode == 0, done.stderr
    with second:
        yield second


async def turns_of(person: Person) -> list[turn_pb.Turn]:
    """Every turn of all of a person's conversations."""
    chat, found, token = person.grpc.conversations, [], ""
    while True:
        request = conversation_pb.ListConversationsRequest(page_size=100, page_token=token)
        page = await person.grpc.call(chat.ListConversations, request)
        for conversation in page.conversations:
            asked = conversation_pb.ListMessagesRequest(conversation_id=conversation.conversation_id, page_size=100)
            messages = (await person.grpc.call(chat.ListMessages, asked)).messages
            found += [each.turn_id for each in messages if each.role == message_pb.ROLE_USER]
        token = page.next_page_token
        if not token:
            return [await person.grpc.turn(turn_id) for turn_id in found]


async def settled(person: Person, receipt_id: str) -> receipt_pb.Receipt:
    """The receipt of a turn that has ended, once it is settled."""

    async def outcome() -> receipt_pb.Receipt | None:
        answer = await person.grpc.call(
            person.grpc.governor.GetReceipt, governor_pb.GetReceiptRequest(receipt_id=receipt_id)
        )
        receipt: receipt_pb.Receipt = answer.receipt
        return receipt if receipt.HasField("outcome") else None

    receipt = await eventually(outcome, within_seconds=60)
    assert receipt is not None
    return receipt


async def test_a_backup_taken_while_people_talk_loses_nothing(
    eve: Person, mesh: Mesh, model: ScriptedUpstream, tmp_path: Path
) -> None:
    file, seen = tmp_path / "busy.soma", Acknowledged()
    model.set_default(Script(chunks=8, gap_seconds=0.05))
    model.enqueue(STORY)
    endless = eve.grpc.stream(eve.grpc.turns.SendMessage, send_request(ENDLESS), 300)
    story = await listen(endless, most=5)
    async with busy(eve, seen):
        await eventually(seen.enough, within_seconds=120)
        done = await asyncio.to_thread(mesh.cli, "backup", str(file), "--json")
    assert done.returncode == 0, done.stderr
    [told] = [each for each in await model.aio.requests() if ENDLESS in each.prompt]
    assert told.outcome == "running", "the story is longer than the backup"
    await model.aio.reset()
    story.events += (await listen(endless)).events
    begin = datetime.fromisoformat(json.loads(done.stdout)["begin_time"])
    assert file.stat().st_mode & 0o777 == 0o600
    turns = [heard for moment, heard in seen.turns if moment < begin]
    memories = [stored.memory for moment, stored in seen.memories if moment < begin]
    assert turns
    assert memories
    assert len(turns) < len(seen.turns), "the talking went on during the backup"

    originals = {heard.turn_id: await receipt_of(eve, heard) for heard in turns}
    async with made_from(file, model) as second, person_of(second, eve.sub, eve.token) as again:
        await no_open_holds(again, within_seconds=120)
        for heard in turns:
            await same_turn(again, heard, originals[heard.turn_id])
        await same_memories(again, memories)
        await gone_on_with_once(again, story)
        heard = await again.grpc.say("And what now?")
        assert heard.kinds[-1] == "completed", "life goes on"


async def same_turn(person: Person, heard: Heard, original: receipt_pb.Receipt) -> None:
    """The turn as it was heard, with the very same receipt."""
    turn = await person.grpc.turn(heard.turn_id)
    assert (turn.status, turn.text) == (turn_pb.TURN_STATUS_COMPLETED, heard.text)
    assert await settled(person, heard.started.receipt_id) == original


async def same_memories(person: Person, memories: list[memories_pb.Memory]) -> None:
    """Every memory as it was stored, and found again."""
    for memory in memories:
        request = memory_pb.GetMemoryRequest(memory_id=memory.memory_id)
        assert (await person.grpc.call(person.grpc.memory.GetMemory, request)).memory.text == memory.text
        recall = memory_pb.RecallMemoriesRequest(query=memory.text, time_budget_milliseconds=2000)
        hits = (await person.grpc.call(person.grpc.memory.RecallMemories, recall)).hits
        assert memory.memory_id in [hit.memory.memory_id for hit in hits]


async def gone_on_with_once(person: Person, story: Heard) -> None:
    """The turn that ran was gone on with from what was written of it; the budget is what all receipts say."""
    told = await person.grpc.resume(story.turn_id)
    seam = next(number for number, event in enumerate(told.events) if event.notice.code == "turn_taken_over")
    before = "".join(event.text.text for event in told.events[:seam])
    assert before
    assert story.text.startswith(before)
    turn = await person.grpc.turn(story.turn_id)
    assert (turn.status, turn.text) == (turn_pb.TURN_STATUS_COMPLETED, told.text)
    every = await turns_of(person)
    assert all(each.status in ENDED for each in every), "nothing hangs"
    receipts = [await settled(person, each.receipt_id) for each in every if each.receipt_id]
    used = sum(receipt.usage.input_tokens + receipt.usage.output_tokens for receipt in receipts)
    for budget in await budgets_of(person):
        assert budget.used_tokens == used, "each turn is billed once"
        assert budget.held_tokens == 0
