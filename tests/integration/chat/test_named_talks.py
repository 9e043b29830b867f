"""A conversation gets its name after its first turn and beside it: whoever watches sees it, and the budget shows it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person
from tests.integration.chat.stack import ChatStack


@pytest.fixture
def naming(stack: ChatStack) -> Iterator[None]:
    """The process of chat with titles by the model, as it is by default."""
    stack.kill("chat")
    stack.start("chat", SOMA_FEATURE_TITLES="true")
    yield
    stack.kill("chat")


@pytest.mark.usefixtures("naming")
async def test_a_watcher_sees_a_turn_begin_and_end_and_then_the_name(ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(Script(text="With soda."), Script(text='"Bread without yeast"', first_token_seconds=0.3))
    conversations: Any = ada.stub("chat", ConversationServiceStub)
    with ada.acting():
        made = (
            await conversations.CreateConversation(
                conversation_pb.CreateConversationRequest(request_id="0198c0de-0000-4000-8000-000000000001")
            )
        ).conversation
        request = conversation_pb.WatchConversationRequest(conversation_id=made.conversation_id)
        replies = aiter(conversations.WatchConversation(request))
    assert (await anext(replies)).conversation == made
    told = await ada.say("How do I bake bread without yeast?", conversation_id=made.conversation_id)
    assert told.started.untitled
    assert told.last.HasField("completed")
    states = [made]
    async with asyncio.timeout(20):
        while not states[-1].title:
            states.append((await anext(replies)).conversation)
    assert states[-1].title == "Bread without yeast"
    assert (states[-1].message_count, states[-1].running_turn_id) == (2, "")
    assert any(state.message_count == 2 and not state.title for state in states), "the turn did not wait for its name"
    again = await ada.say("And cake?", conversation_id=made.conversation_id)
    assert not again.started.untitled
    asked = [received.body["messages"] for received in model.requests()]
    assert len(asked) == 3, "one call names it, and none ever again"
    with ada.acting():
        budget = (await ada.governor.GetBudget(governor_pb.GetBudgetRequest())).budgets[0]
    used = told.last.completed.usage, again.last.completed.usage
    turns = sum(usage.input_tokens + usage.output_tokens for usage in used)
    assert 0 < budget.used_tokens - turns <= 324, "the name is paid for beside the turns"
    assert budget.held_tokens == 0
