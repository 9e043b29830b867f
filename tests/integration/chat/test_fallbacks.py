"""Model calls that fail at every token: before the first one, amid the answer, at its end; alone, with others at hand.

Whatever happens, what was told stands in the answer once, each call is billed as its provider counts, and a person
reads why.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from soma.governor.v1 import receipt_pb2
from soma_common.kernel.reasons import Reason
from soma_common.testing.upstream import Continues, Fault, FaultKind, ReceivedRequest, Script
from tests.integration.chat.party import CHEAP, DEAR, Party, switches
from tests.integration.chat.person import Told
from tests.integration.chat.stack import ChatStack

PIECES: Final = 4
TEXT: Final = (
    "Herons stand in shallow water for a long time, wait without moving, and strike at once. "
    "They eat fish, frogs, small mammals, even birds; most hunt at dawn or dusk.\n\n"
    "Their nests are built high up in trees, close together."
)
# Before the first byte, after the chunk that names the role, after each piece of the text.
PLACES: Final = range(PIECES + 2)
FAULTS: Final = {
    FaultKind.CUT: Reason.MODEL_UNAVAILABLE,
    FaultKind.STALL: Reason.MODEL_TIMEOUT,
    FaultKind.BAD_JSON: Reason.MODEL_PROTOCOL_ERROR,
    FaultKind.ENDS: Reason.MODEL_UNAVAILABLE,
    FaultKind.SERVER_ERROR: Reason.MODEL_UNAVAILABLE,
    FaultKind.RATE_LIMITED: Reason.MODEL_RATE_LIMITED,
}
REPEATS: Final = (Continues.EXACTLY, Continues.LAST_WORDS, Continues.LONGER, Continues.WHOLE)


@pytest.fixture(scope="module")
def impatient(shared_stack: ChatStack) -> Iterator[None]:
    """A chat that waits for no model longer than half a second."""
    shared_stack.kill("chat")
    shared_stack.start("chat", SOMA_MODEL_PATIENCE_SECONDS="0.5")
    yield
    shared_stack.kill("chat")


@pytest.fixture
def herons(impatient: None, stack: ChatStack, party: Party) -> Party:
    """Whose models all tell of herons."""
    stack.upstream.set_default(Script(text=TEXT, chunks=PIECES, continues=Continues.LAST_WORDS))
    return party


@dataclass(frozen=True)
class Case:
    """One turn: which fault, where, and who else could answer: the same model again, another one, nobody."""

    kind: FaultKind
    place: int
    way: str

    @property
    def name(self) -> str:
        return f"{self.kind.value}-{self.place}-{self.way}".replace("_", "-")

    @property
    def amid(self) -> bool:
        return self.place > 1

    def faulty(self) -> Script:
        fault = Fault(self.kind, self.place, seconds=0.1)
        repeats = REPEATS[self.place % len(REPEATS)]
        return Script(text=TEXT, chunks=PIECES, continues=repeats, model=self.name, fault=fault)

    async def run(self, party: Party) -> Told:
        """The turn, with what must hold of it whatever happened."""
        spare = f"{self.name}-spare"
        if self.way == "fallback":
            await party.add(spare, price=CHEAP)
            repeats = REPEATS[(self.place + 1) % len(REPEATS)]
            await party.plan(Script(text=TEXT, chunks=PIECES, continues=repeats, model=spare))
        fallbacks = [spare] if self.way == "fallback" else []
        await party.add(self.name, price=DEAR, fallback_profile_ids=fallbacks)
        await party.plan(*[self.faulty()] * (1 if self.way == "again" else 4))
        told = await party.say(self.name)
        self.expect_end(told)
        turn = await party.person.turn(told.turn_id)
        assert turn.text == told.text, self
        receipt = await party.person.receipt(told.started.receipt_id)
        expect_bill(told, receipt, await party.received(self.name, spare))
        return told

    def expect_end(self, told: Told) -> None:
        reason = FAULTS[self.kind]
        if self.way == "none":
            assert told.last.HasField("failed"), self
            failed = told.last.failed
            assert failed.reason == reason, (self, failed)
            assert self.name in failed.sentence
            assert TEXT.startswith(told.text)
            assert failed.partial_text_kept == bool(told.text) == self.amid
            return
        assert told.last.HasField("completed"), (self, told.last)
        assert told.text == TEXT, self
        after = f"{self.name}-spare" if self.way == "fallback" else self.name
        expected = [(self.name, after, reason)] if self.amid or self.way == "fallback" else []
        assert switches(told) == expected, self


def expect_bill(told: Told, receipt: receipt_pb2.Receipt, requests: list[ReceivedRequest]) -> None:
    """The legs are the requests, each as its provider counts it; the turn is their sum."""
    legs = list(receipt.legs)
    assert [leg.model for leg in legs] == [row.body["model"] for row in requests]
    assert [leg.leg for leg in legs] == list(range(1, len(legs) + 1))
    for leg, row in zip(legs, requests, strict=True):
        used = leg.usage
        if not used.estimated:
            assert (used.input_tokens, used.output_tokens) == (row.prompt_tokens, row.completion_tokens)
            continue
        # What nobody told is counted here: the framing of each message by one token more than the upstream does.
        assert abs(used.input_tokens - row.prompt_tokens) <= len(row.messages) + 0.1 * row.prompt_tokens
        whole = row.script and row.outcome == "fault"
        assert used.output_tokens <= row.completion_tokens
        assert used.output_tokens == row.completion_tokens or not whole
        price = CHEAP if leg.model.endswith("-spare") else DEAR
        assert leg.cost_micros == -(
            -(used.input_tokens * price.input_micros_per_million + used.output_tokens * price.output_micros_per_million)
            // 1_000_000
        )
    ended = told.last.completed if told.last.HasField("completed") else told.last.failed
    sums = (sum(leg.usage.input_tokens for leg in legs), sum(leg.usage.output_tokens for leg in legs))
    assert (ended.usage.input_tokens, ended.usage.output_tokens) == sums
    assert ended.cost_micros == receipt.cost_micros == sum(leg.cost_micros for leg in legs)


@pytest.mark.parametrize("kind", list(FAULTS))
async def test_a_fault_at_any_token_repeats_and_loses_nothing(herons: Party, kind: FaultKind) -> None:
    cases = [Case(kind, place, way) for place in PLACES for way in ("again", "fallback", "none")]
    if kind is FaultKind.BAD_JSON:
        # Who speaks another language from the start is not asked again.
        cases = [case for case in cases if case.way != "again" or case.amid]
    if kind is FaultKind.RATE_LIMITED:
        # Amid an answer nobody says for how long, and a guess is waited for once.
        cases = [case for case in cases if case.way == "fallback" or case.place in (0, 2)]
    some = asyncio.Semaphore(6)

    async def run(case: Case) -> Told:
        async with some:
            return await case.run(herons)

    turns = await asyncio.gather(*(run(case) for case in cases))
    ends = [turn.last.completed if turn.last.HasField("completed") else turn.last.failed for turn in turns]
    used = sum(end.usage.input_tokens + end.usage.output_tokens for end in ends)
    await herons.booked(used)
