"""What is said at L4, and why it is not the same for who sleeps and for who has nobody to ask."""

from uuid import uuid4

from servers.chat.answering.generation import canned_answer
from servers.chat.domain.agent import DEFAULT_CANNED_ANSWER, Agent, resting_answer


def test_only_who_was_planned_to_rest_says_so() -> None:
    agent = Agent(uuid4(), name="heron")
    assert canned_answer(agent, rested=True) == resting_answer("heron")
    assert canned_answer(agent, rested=False) == DEFAULT_CANNED_ANSWER
    assert canned_answer(Agent(uuid4(), canned_answer="Later."), rested=False) == "Later."
