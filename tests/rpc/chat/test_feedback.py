"""A rating is told after the observation of its turn, however long that one waits."""

from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from servers.chat.intents.feedback import Feedback, feedback_on
from servers.chat.intents.intent import CONSUMER, FEEDBACK, DueIntent
from servers.chat.intents.letters import IntentLetters
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma_common.dlq import DLQHandler
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.rpc.features import Features
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT
from tests.rpc.chat.messages import put
from tests.rpc.chat.resources import Chat, make_conversation
from tests.rpc.chat.test_extraction import TURN, WANT

pytestmark = pytest.mark.usefixtures("as_ada")


@dataclass
class Learner:
    """The adaptation of the cognitive service, as far as it is told."""

    told: list[adaptation_pb.RecordFeedbackRequest] = field(default_factory=list)
    is_of_the_release_before: bool = False

    async def RecordFeedback(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.RecordFeedbackRequest, **_: float
    ) -> adaptation_pb.RecordFeedbackResponse:
        if self.is_of_the_release_before:
            raise SomaError(Reason.METHOD_UNKNOWN, {"method": "RecordFeedback"})
        self.told.append(request)
        return adaptation_pb.RecordFeedbackResponse(accepted=True)


class NoFlags:
    """Nothing is switched off."""

    def effects_off(self, _: object) -> list[str]:
        return []


def due(turn: UUID, kind: str, payload: bytes) -> DueIntent:
    return DueIntent(TENANT, uuid4(), "ada", ["member"], [], "test", turn, kind, payload, 40, SetClock().now())


async def rated(chat: Chat) -> UUID:
    """A turn that was rated as good."""
    made, turn = await make_conversation(chat, "Rated"), uuid4()
    [message] = await put(chat, made.conversation_id, "hello", turn=turn)
    ids = (UUID(made.conversation_id), uuid4(), UUID(str(message)), uuid4())
    async with chat.database.transaction(TENANT) as connection:
        await connection.execute(TURN, TENANT, turn, uuid4(), *ids, "offline")
        await connection.execute("update turns set rating = 1, rate_time = now() where turn_id = $1", turn)
    return turn


async def test_a_rating_waits_for_an_observation_also_where_that_became_a_letter(chat: Chat) -> None:
    turn, learner = await rated(chat), Learner()
    feedback = Feedback(chat.database, cast(Any, learner), cast(Features, NoFlags()))
    asked = due(turn, FEEDBACK, feedback_on(turn, uuid4(), 1, SetClock().now()).SerializeToString())
    observation = modulation_pb.ObserveTurnRequest(turn_id=str(turn)).SerializeToString()
    observed = due(turn, "observe_turn", observation)
    async with chat.database.transaction(TENANT) as connection:
        values = (TENANT, observed.intent_id, turn, "observe_turn", observation, 40)
        await connection.execute(WANT, *values)
    with pytest.raises(SomaError) as waits:
        await feedback.tell(asked)
    assert waits.value.reason is Reason.DEPENDENCY_DOWN
    handler = DLQHandler(chat.database, EventStore("chat"))
    letters = IntentLetters(chat.database, handler, Ids())
    await letters.park(observed, SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "cognitive"}), hopeless=False)
    with pytest.raises(SomaError) as waits:
        await feedback.tell(asked)
    assert waits.value.reason is Reason.DEPENDENCY_DOWN
    assert learner.told == []
    async with chat.database.transaction(TENANT) as connection:
        await connection.execute("delete from dead_letters where consumer = $1", CONSUMER)
    await feedback.tell(asked)
    [told] = learner.told
    assert (told.turn_id, told.reward) == (str(turn), 1.0)


async def test_a_rating_waits_for_a_cognitive_service_that_can_hear_it(chat: Chat) -> None:
    turn, learner = await rated(chat), Learner(is_of_the_release_before=True)
    feedback = Feedback(chat.database, cast(Any, learner), cast(Features, NoFlags()))
    asked = due(turn, FEEDBACK, feedback_on(turn, uuid4(), 1, SetClock().now()).SerializeToString())
    with pytest.raises(SomaError) as waits:
        await feedback.tell(asked)
    assert waits.value.reason is Reason.DEPENDENCY_DOWN
    learner.is_of_the_release_before = False
    await feedback.tell(asked)
    assert len(learner.told) == 1
