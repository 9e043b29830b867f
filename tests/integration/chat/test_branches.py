"""Another answer, other words, and going from branch to branch, as a client sees it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.tree import Tree, edit, follow, regeneration

# More time than a busy machine needs.
PARROT = memory_pb.RecallMemoriesRequest(query="parrot called", time_budget_milliseconds=5_000)
SLOW = Script(chunks=60, gap_seconds=0.05)


async def answered(person: Person, model: ScriptedUpstream, question: str, answer: str, **fields: str) -> Told:
    model.enqueue(Script(text=answer, chunks=2))
    return await person.say(question, **fields)


async def regenerated(person: Person, message_id: str, **fields: Any) -> Told:
    return await follow(person, person.turns.RegenerateMessage, regeneration(message_id, **fields))


async def edited(person: Person, message_id: str, text: str, **fields: Any) -> Told:
    return await follow(person, person.turns.EditMessage, edit(message_id, text, **fields))


async def test_another_answer_stands_beside_the_old_one(ada: Person, model: ScriptedUpstream) -> None:
    first = await answered(ada, model, "Which bird?", "A robin.")
    assert first.started.untitled
    tree = Tree(ada, first.started.conversation_id)
    model.enqueue(Script(text="A wren.", chunks=2))
    second = await regenerated(ada, first.started.assistant_message_id)
    assert second.text == "A wren."
    assert second.started.user_message_id == first.started.user_message_id
    assert second.started.parent_message_id == ""
    # The same question, and not the old answer, is what the model saw.
    assert [each["content"] for each in model.requests()[-1].messages if each["role"] == "user"] == ["Which bird?"]
    assert "robin" not in model.requests()[-1].prompt
    question, answer = await tree.messages()
    assert (answer.content[0].text, answer.sibling_count, answer.sibling_number) == ("A wren.", 2, 2)
    assert (question.sibling_count, question.sibling_number) == (1, 1)
    conversation = await tree.conversation()
    assert (conversation.current_leaf_message_id, conversation.message_count) == (answer.message_id, 3)
    old = await tree.messages(leaf_message_id=first.started.assistant_message_id)
    assert [(each.content[0].text, each.sibling_number) for each in old] == [("Which bird?", 1), ("A robin.", 1)]
    assert await tree.said(all_branches=True) == ["Which bird?", "A robin.", "A wren."]


async def test_an_answer_in_the_middle_is_given_anew_with_what_came_before_it(
    ada: Person, model: ScriptedUpstream
) -> None:
    first = await answered(ada, model, "one", "1")
    place = first.started.conversation_id
    second = await answered(ada, model, "two", "2", conversation_id=place)
    await answered(ada, model, "three", "3", conversation_id=place)
    model.enqueue(Script(text="zwei", chunks=1))
    again = await regenerated(ada, second.started.assistant_message_id)
    assert again.started.parent_message_id == first.started.assistant_message_id
    asked = [(each["role"], each["content"]) for each in model.requests()[-1].messages if each["role"] != "system"]
    assert asked == [("user", "one"), ("assistant", "1"), ("user", "two")]
    tree = Tree(ada, place)
    assert await tree.said() == ["one", "1", "two", "zwei"]
    await answered(ada, model, "drei", "3", conversation_id=place)
    assert await tree.said() == ["one", "1", "two", "zwei", "drei", "3"]
    # Choosing the old answer leads to where its branch went on last.
    chosen = await tree.choose(second.started.assistant_message_id)
    assert await tree.said() == ["one", "1", "two", "2", "three", "3"]
    assert chosen.current_leaf_message_id == (await tree.messages())[-1].message_id
    with pytest.raises(SomaError) as missing:
        await tree.choose(str(uuid4()))
    assert missing.value.reason is Reason.RESOURCE_NOT_FOUND
    with pytest.raises(SomaError) as missing:
        await tree.messages(leaf_message_id=str(uuid4()))
    assert missing.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_other_words_stand_beside_the_old_ones(ada: Person, model: ScriptedUpstream) -> None:
    first = await answered(ada, model, "one", "1")
    place = first.started.conversation_id
    second = await answered(ada, model, "two", "2", conversation_id=place)
    model.enqueue(Script(text="7", chunks=1))
    changed = await edited(ada, second.started.user_message_id, "seven")
    assert changed.started.parent_message_id == first.started.assistant_message_id
    assert changed.started.user_message_id != second.started.user_message_id
    tree = Tree(ada, place)
    messages = await tree.messages()
    assert await tree.said() == ["one", "1", "seven", "7"]
    assert [(each.sibling_number, each.sibling_count) for each in messages] == [(1, 1), (1, 1), (2, 2), (1, 1)]
    # Also the first message of all: two beginnings.
    model.enqueue(Script(text="0", chunks=1))
    root = await edited(ada, first.started.user_message_id, "zero")
    assert root.started.parent_message_id == ""
    assert await tree.said() == ["zero", "0"]
    assert [(each.sibling_number, each.sibling_count) for each in await tree.messages()] == [(2, 2), (1, 1)]
    assert (await tree.conversation()).message_count == 8


async def test_a_stopped_answer_and_a_question_without_one_are_answered_anew(
    ada: Person, model: ScriptedUpstream
) -> None:
    model.enqueue(SLOW)
    told = Told()
    async for event in ada.stream(said("tell me")):
        told.take(event)
        if event.HasField("text") and len(told.events) == 4:
            await ada.cancel(told.turn_id)
    assert told.last.cancelled.partial_text_kept
    model.enqueue(Script(text="whole", chunks=1))
    assert (await regenerated(ada, told.started.assistant_message_id)).text == "whole"
    # One that was stopped before its first word has no answer: its question is named.
    place = told.started.conversation_id
    model.enqueue(Script(first_token_seconds=10))
    silent = Told()
    async for event in ada.stream(said("and?", conversation_id=place)):
        silent.take(event)
        if event.HasField("started"):
            await ada.cancel(event.turn_id)
    model.enqueue(Script(text="here", chunks=1))
    assert (await regenerated(ada, silent.started.user_message_id)).text == "here"
    assert await Tree(ada, place).said() == ["tell me", "whole", "and?", "here"]


async def test_where_no_other_answer_comes_the_person_is_back_where_they_were(
    ada: Person, model: ScriptedUpstream
) -> None:
    first = await answered(ada, model, "one", "1")
    place = first.started.conversation_id
    await answered(ada, model, "two", "2", conversation_id=place)
    tree = Tree(ada, place)
    before = await tree.conversation()
    model.enqueue(Script(first_token_seconds=10))
    told = Told()
    with ada.acting():
        replies = ada.turns.RegenerateMessage(regeneration(first.started.assistant_message_id))
    async for event in replies:
        told.take(event)
        if event.HasField("started"):
            await ada.cancel(event.turn_id)
    assert told.last.HasField("cancelled")
    after = await tree.conversation()
    assert after.current_leaf_message_id == before.current_leaf_message_id
    assert after.message_count == before.message_count
    # One that is refused by the plan leaves nothing either, and its question stays.
    for request in (regeneration(first.started.user_message_id, model_profile_id="no-such"),):
        with pytest.raises(SomaError):
            await follow(ada, ada.turns.RegenerateMessage, request)
    with pytest.raises(SomaError) as refused:
        await edited(ada, first.started.user_message_id, "x9?" * 20_000)
    assert refused.value.reason is Reason.CONTEXT_OVERFLOW
    assert await tree.said() == ["one", "1", "two", "2"]
    assert (await tree.conversation()).message_count == 4


async def test_a_repeat_follows_the_same_turn_and_another_request_is_refused(
    ada: Person, model: ScriptedUpstream
) -> None:
    first = await answered(ada, model, "one", "1")
    key = str(uuid4())
    again = regeneration(first.started.assistant_message_id, request_id=key)
    told = await asyncio.gather(*(follow(ada, ada.turns.RegenerateMessage, again) for _ in range(3)))
    assert len({each.turn_id for each in told}) == 1
    assert len(model.requests()) == 2
    assert len({bytes(each.events[-1].SerializeToString()) for each in told}) == 1
    question = first.started.user_message_id
    for stub, request in (
        (ada.turns.RegenerateMessage, regeneration(question, request_id=key)),
        (ada.turns.EditMessage, edit(first.started.assistant_message_id, "one", request_id=key)),
        (ada.turns.SendMessage, said("one", request_id=key)),
    ):
        with pytest.raises(SomaError) as reused:
            await follow(ada, stub, request)
        assert reused.value.reason is Reason.REQUEST_ID_REUSED


async def test_what_cannot_be_asked_anew_is_refused(
    stack: ChatStack, ada: Person, eve: Person, model: ScriptedUpstream
) -> None:
    first = await answered(ada, model, "one", "1")
    answer, question = first.started.assistant_message_id, first.started.user_message_id
    for person, message_id, reason in (
        (ada, str(uuid4()), Reason.RESOURCE_NOT_FOUND),
        (eve, question, Reason.RESOURCE_NOT_FOUND),
    ):
        for stub, request in (
            (person.turns.RegenerateMessage, regeneration(message_id)),
            (person.turns.EditMessage, edit(message_id, "mine")),
        ):
            with pytest.raises(SomaError) as refused:
                await follow(person, stub, request)
            assert refused.value.reason is reason
    with pytest.raises(SomaError) as wrong:
        await edited(ada, answer, "put into its mouth")
    assert (wrong.value.reason, wrong.value.metadata["field"]) == (Reason.INVALID_FIELD, "message_id")
    with pytest.raises(SomaError) as blank:
        await edited(ada, question, " \n")
    assert blank.value.reason is Reason.INVALID_FIELD
    model.enqueue(SLOW)
    async for event in ada.stream(said("slowly", conversation_id=first.started.conversation_id)):
        if event.HasField("started"):
            with pytest.raises(SomaError) as busy:
                await regenerated(ada, answer)
            assert busy.value.reason is Reason.CONVERSATION_BUSY
            await ada.cancel(event.turn_id)


async def test_a_branch_is_answered_by_the_agent_that_answered_it(ada: Person, model: ScriptedUpstream) -> None:
    first = await answered(ada, model, "one", "1")
    again = await regenerated(ada, first.started.assistant_message_id)
    assert again.started.agent_id == first.started.agent_id


async def test_other_words_take_the_place_of_what_was_learned(ada: Person, model: ScriptedUpstream) -> None:
    first = await ada.say("My parrot is called Quibble.")

    async def known() -> set[str]:
        with ada.acting():
            found = await ada.memory.RecallMemories(PARROT)
        return {name for hit in found.hits for name in ("Quibble", "Fidget") if name in hit.memory.text}

    async def knows(*names: str) -> bool:
        return await known() == set(names)

    assert await eventually(lambda: knows("Quibble"), within_seconds=10)
    # Another answer to the same words teaches nothing again.
    await regenerated(ada, first.started.assistant_message_id)
    with ada.acting():
        found = await ada.memory.RecallMemories(PARROT)
    assert len([hit for hit in found.hits if "Quibble" in hit.memory.text]) == 1
    await edited(ada, first.started.user_message_id, "My parrot is called Fidget.")
    assert await eventually(lambda: knows("Fidget"), within_seconds=10)


async def test_turns_are_listed_newest_first_by_pages(ada: Person, eve: Person, model: ScriptedUpstream) -> None:
    first = await answered(ada, model, "one", "1")
    place = first.started.conversation_id
    told = [first, await answered(ada, model, "two", "2", conversation_id=place)]
    told.append(await regenerated(ada, first.started.assistant_message_id))
    elsewhere = await ada.say("elsewhere")
    await eve.say("hers")

    async def listed(**fields: Any) -> turn_pb.ListTurnsResponse:
        with ada.acting():
            answer: turn_pb.ListTurnsResponse = await ada.turns.ListTurns(turn_pb.ListTurnsRequest(**fields))
            return answer

    everything = await listed()
    assert [turn.turn_id for turn in everything.turns] == [it.turn_id for it in (elsewhere, *reversed(told))]
    assert {turn.text for turn in everything.turns} == {""}
    assert everything.turns[0].last_sequence == elsewhere.last.sequence
    page = await listed(conversation_id=place, page_size=2)
    rest = await listed(conversation_id=place, page_size=2, page_token=page.next_page_token)
    assert [turn.turn_id for turn in (*page.turns, *rest.turns)] == [it.turn_id for it in reversed(told)]
    assert rest.next_page_token == ""
    assert not (await listed(status=turn_pb.TURN_STATUS_FAILED)).turns
    assert len((await listed(status=turn_pb.TURN_STATUS_COMPLETED, conversation_id=place)).turns) == 3
    with pytest.raises(SomaError) as foreign:
        await listed(page_size=2, page_token=page.next_page_token)
    assert foreign.value.reason is Reason.INVALID_FIELD


async def test_a_rating_is_kept_and_a_later_one_takes_its_place(
    ada: Person, eve: Person, model: ScriptedUpstream
) -> None:
    told = await answered(ada, model, "one", "1")
    tree = Tree(ada, told.started.conversation_id)

    async def rate(person: Person, turn_id: str, rating: Any, text: str = "") -> turn_pb.RateTurnResponse:
        request = turn_pb.RateTurnRequest(turn_id=turn_id, rating=rating, text=text, request_id=str(uuid4()))
        with person.acting():
            answer: turn_pb.RateTurnResponse = await person.turns.RateTurn(request)
            return answer

    for number, name in ((1, "RATING_GOOD"), (2, "RATING_BAD"), (0, "RATING_UNSPECIFIED")):
        assert (await rate(ada, told.turn_id, number, "because")).rate_time.seconds > 0
        assert (await ada.turn(told.turn_id)).rating == number
        question, answer = await tree.messages()
        assert (question.rating, answer.rating) == (0, number), name
    for person, turn_id in ((eve, told.turn_id), (ada, str(uuid4()))):
        with pytest.raises(SomaError) as missing:
            await rate(person, turn_id, 1)
        assert missing.value.reason is Reason.RESOURCE_NOT_FOUND
    key = str(uuid4())
    late = said("x9?" * 20_000, conversation_id=told.started.conversation_id, request_id=key)
    with pytest.raises(SomaError):
        await ada.send(late)
    with ada.acting():
        refused = await ada.turns.ListTurns(turn_pb.ListTurnsRequest(status=turn_pb.TURN_STATUS_REFUSED))
    with pytest.raises(SomaError) as unanswered:
        await rate(ada, refused.turns[0].turn_id, 1)
    assert unanswered.value.reason is Reason.INVALID_FIELD
