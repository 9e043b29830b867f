"""Bodies of model calls made again from the receipt and the stores: byte for byte what the upstream received.

`SOMA_TEST_PROMPTS=200 .venv/bin/pytest tests/integration/chat/test_prompts.py` for the full number of turns.
"""

import hashlib
import json
from typing import Final

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.testing.sizes import size
from tests.integration.chat.party import Party
from tests.integration.chat.person import Person
from tests.integration.chat.talks import Talks, TurnSeen, settled

SEED: Final = 20_260


async def rebuilt(person: Person, turn_id: str, leg: int = 1) -> turn_pb.RebuildPromptResponse:
    """A body made again."""
    with person.acting():
        answer: turn_pb.RebuildPromptResponse = await person.turns.RebuildPrompt(
            turn_pb.RebuildPromptRequest(turn_id=turn_id, leg=leg)
        )
    return answer


async def same_as_received(person: Person, seen: TurnSeen) -> None:
    """Every call of the turn, made again, is what the upstream received for it."""
    await settled(person, seen.turn_id)
    receipt = await person.receipt(seen.turn_id)
    sent = [leg for leg in receipt.legs if leg.finish_reason != "" and leg.request_sha256]
    assert [leg.request_sha256.hex() for leg in sent] == [each.body_sha256 for each in seen.received], seen.kind
    for leg, received in zip(sent, seen.received, strict=True):
        made = await rebuilt(person, seen.turn_id, leg.leg)
        assert json.loads(made.body) == received.body, (seen.kind, leg.leg, list(made.missing))
        assert hashlib.sha256(made.body).hexdigest() == received.body_sha256, (seen.kind, leg.leg)
        assert made.exact, seen.kind
        assert list(made.missing) == []
        assert made.model == leg.model


async def test_the_prompts_of_generated_turns_are_made_again_byte_for_byte(party: Party) -> None:
    talks = Talks(party, SEED)
    await talks.prepare()
    turns = await talks.lead(size("SOMA_TEST_PROMPTS", 25))
    for seen in turns:
        await same_as_received(party.person, seen)
    assert {"tools", "fallback", "edited", "gone on with results", "consented"} <= {seen.kind for seen in turns}
