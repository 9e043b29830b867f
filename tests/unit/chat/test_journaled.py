"""What calls used whose turn lost its process: each what is its own; the words behind the draft are the last one's."""

from datetime import UTC, datetime

import pytest

from servers.chat.domain.turn import Step
from servers.chat.turns.journaled import Journaled
from servers.chat.turns.settlement import OPEN_LEG
from servers.chat.turns.stream import numbered
from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import usage_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Usage

TURN = "0198c0de-0000-7000-8000-000000000000"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Words:
    """Counts words."""

    name = "words"

    def count(self, text: str) -> int:
        return len(text.split())

    def truncate(self, text: str, limit: int) -> str:
        return " ".join(text.split()[:limit])


def call(number: int, finish_reason: str, **used: int) -> receipt_pb.ModelLeg:
    usage = usage_pb2.TokenUsage(**used, estimated=True)
    return receipt_pb.ModelLeg(leg=number, model="m", usage=usage, finish_reason=finish_reason)


def journaled(*calls: receipt_pb.ModelLeg) -> Journaled:
    """Two words before the draft, three behind it."""
    said = [turn_event_pb2.TextDelta(text=text) for text in ("one two", " three four five")]
    events = [numbered(TURN, sequence, NOW, Step.TEXT, delta) for sequence, delta in enumerate(said, 1)]
    return Journaled(tuple(events), governor_pb.SettleTurnRequest(turn_id=TURN, legs=calls), 1)


@pytest.mark.parametrize(
    "first",
    [
        call(1, "error", input_tokens=7),  # its provider had begun to answer and broke off before the first word
        call(1, "error", input_tokens=7, output_tokens=2),
        call(1, "tool_calls", input_tokens=7, output_tokens=2),
    ],
    ids=["broken off unheard", "broken off", "whole"],
)
def test_words_behind_the_draft_are_those_of_the_last_call(first: receipt_pb.ModelLeg) -> None:
    found = journaled(first, call(2, OPEN_LEG, input_tokens=9))
    draft = found.draft
    assert draft is not None
    used = [found.usage(leg, Words()) for leg in draft.legs]
    assert used == [Usage(7, 0, first.usage.output_tokens, 0, estimated=True), Usage(9, 0, 3, 0, estimated=True)]


def test_a_draft_without_an_open_call_has_no_use_of_them() -> None:
    found = journaled(call(1, "tool_calls", input_tokens=7, output_tokens=2))
    assert found.draft is not None
    assert found.usage(found.draft.legs[0], Words()) == Usage(7, 0, 2, 0, estimated=True)
