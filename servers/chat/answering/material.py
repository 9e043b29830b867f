"""What a call is made again from: the account of it in the receipt, and the words that are stored, gathered once more.

How a call is made of it stands in `domain/composing.py`, the same for whoever sends it first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from servers.chat.answering.bases import Bases
from servers.chat.answering.basis import Basis
from servers.chat.answering.candidates import gather_sources
from servers.chat.answering.gathering import MOST_HISTORY, Gathered
from servers.chat.answering.planning import lanes_values
from servers.chat.answering.words import Words
from servers.chat.domain.agent import Agent
from servers.chat.domain.knobs import derive
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.rounds import ToolRound
from servers.chat.domain.sizes import tool_tokens
from servers.chat.domain.sources import Dialogue, Offer, Sources, ToolItem
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.manifests import items_of
from servers.chat.turns.order import Order
from servers.chat.turns.store import BranchMessage, TurnRow, TurnStore
from soma.common.v1 import modulation_pb2 as common_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as recall_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.tokens import Tokenizer

MEMORY_SECONDS: Final = 1.5
# So much of a branch is read that nothing of what was sent is left out.
_ANY_SIZE: Final = 2**40
_DIALOGUE: Final = ("history", "tool_results")
_TRANSCRIPT: Final = "The turn was made over a transcript, and its words are not kept."
_NO_BASIS: Final = "What the request asked for beside its words is not kept any more."
_NO_AGENT: Final = "The agent's settings of then are gone."
_NO_QUESTION: Final = "The message that was answered was taken back."
_NO_ANSWER: Final = "The answer was not kept, and the call went on from what it said before."


@dataclass(frozen=True, slots=True)
class Account:
    """What is written of a turn's calls: its receipt, and its items and calls, settled or only noted."""

    receipt: receipt_pb.Receipt
    items: tuple[receipt_pb.ManifestItem, ...]
    legs: tuple[receipt_pb.ModelLeg, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that one call is made of; `kept` names what was sent of each lane, and nothing else is put in."""

    accepted: Accepted
    gathered: Gathered
    basis: Basis
    offer: Offer
    terms: ModelRequest
    kept: Mapping[str, Sequence[str]]
    model: str
    rounds: tuple[ToolRound, ...] = ()
    so_far: str = ""

    @property
    def size(self) -> int:
        """Roughly how much text it is."""
        said = sum(len(message.text) for message in self.gathered.branch)
        done = sum(len(result.content) for each in self.rounds for result in each.results)
        return said + done + sum(len(hit.memory.text) for hit in self.gathered.hits) + len(self.accepted.order.text)

    def sources(self, tokenizer: Tokenizer) -> Sources:
        """What could be sent, less what was not: it was judged then."""
        house = [ToolItem(tool, tool_tokens(tool, tokenizer)) for tool in self.basis.house_tools]
        found = gather_sources(self.accepted, self.gathered, tokenizer, tokenizer.name, house)
        return replace(found, before=self._sent(found.before), after=self._sent(found.after))

    def _sent(self, dialogue: tuple[Dialogue, ...]) -> tuple[Dialogue, ...]:
        names = {name for lane in _DIALOGUE for name in self.kept.get(lane, ())}
        return tuple(item for item in dialogue if item.item_id in names)


class Materials:
    """Gathers what calls are made again from."""

    def __init__(self, store: TurnStore, bases: Bases, memory: MemoryServiceStub) -> None:
        self._store = store
        self._bases = bases
        self._memory = memory

    async def account(self, row: TurnRow, receipt: receipt_pb.Receipt) -> Account:
        """The calls of a turn: as they were settled, or as far as they are noted. Raises DATABASE_UNAVAILABLE."""
        if receipt.HasField("settle_time"):
            return Account(receipt, tuple(receipt.items), tuple(receipt.legs))
        noted = await Words(self._store.database, row).noted()
        noted = noted or governor_pb.SettleTurnRequest()
        return Account(receipt, tuple(noted.items), tuple(noted.legs))

    async def gather(
        self, row: TurnRow, account: Account, record: receipt_pb.ModelLeg
    ) -> tuple[Material | None, list[str]]:
        """The material of a call, None where too little of it is left, and what is missing, a sentence each."""
        if row.conversation_id is None:
            return None, [_TRANSCRIPT]
        words, tenant = Words(self._store.database, row), row.tenant_id
        basis, agent, branch, (text, told) = await asyncio.gather(
            self._bases.find(tenant, record.basis_sha256), words.agent(), self._branch(row), self._said(words, record)
        )
        if row.continues and branch:
            text = next((message.text for message in reversed(branch) if message.role == "user"), None)
        absent = {_NO_BASIS: basis, _NO_AGENT: agent, _NO_QUESTION: text, _NO_ANSWER: told}
        missing = [sentence for sentence, found in absent.items() if found is None]
        if basis is None or agent is None or text is None or told is None:
            return None, missing
        kept = _kept(account, record)
        hits, lost = await self._hits(kept.get("memory", ()))
        branch = _as_it_was(branch, account, record)
        accepted = _accepted(row, agent, basis, text)
        warm = common_pb.Modulation(warm_style="warm_style" in kept.get("system_policy", ()))
        gathered = Gathered(derive(agent.intelligence, agent.resource_micros_per_turn), warm, hits, branch, ())
        offer = _offer(account.receipt, kept)
        material = Material(
            accepted, gathered, basis, offer, _terms(account.receipt, record, basis), kept, record.model
        )
        rounds, so_far = told
        return replace(material, rounds=rounds, so_far=so_far), [*lost, *_gone(material)]

    async def _branch(self, row: TurnRow) -> Sequence[BranchMessage]:
        if row.conversation_id is None or row.parent_message_id is None:
            return ()
        place = (row.tenant_id, row.conversation_id, row.parent_message_id)
        return await self._store.read_branch(*place, MOST_HISTORY, _ANY_SIZE)

    async def _said(
        self, words: Words, record: receipt_pb.ModelLeg
    ) -> tuple[str | None, tuple[tuple[ToolRound, ...], str] | None]:
        """The person's words, and what the answer had come to before the call."""
        return await words.question(), await words.told_before(record.rounds_before, record.continued_characters)

    async def _hits(self, memory_ids: Sequence[str]) -> tuple[list[memory_pb.MemoryHit], list[str]]:
        """The memories as hits, in this order, and a sentence for each that is not there."""
        found = await asyncio.gather(*(self._hit(memory_id) for memory_id in memory_ids))
        hits = [each for each in found if isinstance(each, memory_pb.MemoryHit)]
        return hits, [each for each in found if isinstance(each, str)]

    async def _hit(self, memory_id: str) -> memory_pb.MemoryHit | str:
        request = recall_pb.GetMemoryRequest(memory_id=memory_id)
        try:
            found: recall_pb.GetMemoryResponse = await self._memory.GetMemory(request, timeout=MEMORY_SECONDS)
        except SomaError as error:
            if error.reason is Reason.RESOURCE_NOT_FOUND:
                return f"Memory {memory_id} was forgotten."
            return f"Memory {memory_id} cannot be read now. {error.sentence}"
        return memory_pb.MemoryHit(memory=found.memory, score=1.0)


def _kept(account: Account, record: receipt_pb.ModelLeg) -> Mapping[str, list[str]]:
    """What was sent of each lane, in order."""
    kept: dict[str, list[str]] = {}
    for item in items_of(account.items, record):
        if item.kept:
            kept.setdefault(item.lane, []).append(item.item_id)
    return kept


def _as_it_was(branch: Sequence[BranchMessage], account: Account, record: receipt_pb.ModelLeg) -> list[BranchMessage]:
    """The branch without results that a client gave later: a round that had none was sent as if something was said."""
    said = {item.item_id for item in items_of(account.items, record) if item.lane == "history"}
    return [
        replace(message, tool_results=())
        if any(f"{message.message_id}/{call.round}" in said for call in message.tool_calls)
        else message
        for message in branch
    ]


def _accepted(row: TurnRow, agent: Agent, basis: Basis, text: str) -> Accepted:
    order = Order(
        caller=row.caller,
        request_id=row.request_id or row.turn_id,
        body_hash=b"",
        text=text,
        tools=basis.client_tools,
        tool_choice=basis.tool_choice,
    )
    return Accepted(
        turn_id=row.turn_id,
        order=order,
        agent=agent,
        profile=basis.profile,
        assistant_message_id=row.assistant_message_id,
        conversation_id=row.conversation_id,
        user_message_id=row.user_message_id,
        parent_message_id=row.parent_message_id,
        asks_anew=row.asks_anew,
    )


def _offer(receipt: receipt_pb.Receipt, kept: Mapping[str, Sequence[str]]) -> Offer:
    """The plan as far as it let in what was sent, tools in the order of their rank."""
    sent = set(kept.get("tools", ()))
    return Offer(lanes_values(receipt.lanes_planned), tuple(tool.name for tool in receipt.tools if tool.name in sent))


def _terms(receipt: receipt_pb.Receipt, record: receipt_pb.ModelLeg, basis: Basis) -> ModelRequest:
    said = record.parameters.fields
    numbers = {name: said[name].number_value if name in said else None for name in ("temperature", "top_p")}
    return basis.terms(numbers["temperature"], numbers["top_p"], receipt.max_output_tokens)


def _gone(material: Material) -> list[str]:
    """Messages and tools that were sent and are not there any more."""
    there = {str(message.message_id) for message in material.gathered.branch}
    sent = [name.partition("/")[0] for lane in _DIALOGUE for name in material.kept.get(lane, ())]
    lost = [f"Message {name} was deleted." for name in dict.fromkeys(sent) if name not in there]
    tools = {tool.name for tool in (*material.basis.client_tools, *material.basis.house_tools)}
    return [
        *lost,
        *(f"Tool {name} is not known any more." for name in material.kept.get("tools", ()) if name not in tools),
    ]
