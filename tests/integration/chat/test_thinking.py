"""A thread whose options the tenant's own model thinks of: asked through chat, held and settled by the governor."""

import json
from typing import Any
from uuid import uuid4

from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1.thread_service_pb2_grpc import ThreadServiceStub
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person
from tests.integration.chat.stack import MODEL, ChatStack

GOAL = "Find the missing invoice, then book it."


async def thought(person: Person) -> thread_pb.Thread:
    threads: Any = person.stub("cognitive", ThreadServiceStub)
    request = thread_pb.CreateThreadRequest(goal=GOAL, use_model=True, request_id=str(uuid4()))
    with person.acting():
        return (await threads.CreateThread(request)).thread  # type: ignore[no-any-return]  # the stub is any


async def test_a_model_thinks_of_the_options_of_a_goal(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    ways = [{"text": "Look in the mail.", "score": 0.3}, {"text": "Call them.", "score": 0.9, "reason": "They know."}]
    model.enqueue(Script(text=json.dumps({"options": ways})))
    thread = await thought(ada)
    assert thread.method == f"model:{MODEL}"
    assert [option.text for option in thread.options] == ["Call them.", "Look in the mail."]
    assert GOAL in str(model.requests()[-1])


async def test_where_the_model_only_chats_rules_think(stack: ChatStack, ada: Person, model: ScriptedUpstream) -> None:
    model.enqueue(Script(text="I would call them."))
    thread = await thought(ada)
    assert thread.method == "rules"
    assert [option.text for option in thread.options] == ["Find the missing invoice", "Book it"]
