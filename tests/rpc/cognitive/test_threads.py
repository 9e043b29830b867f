"""Threads of thought through their doors: made, taken one by one, chosen, reset, listed, and nobody else's."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import model_service_pb2 as model_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.cognitive.conftest import Cognition

GOAL = "Find the missing invoice, then ask the supplier, then book it."
CLEAR = thread_pb.THREAD_RESET_MODE_CLEAR


@pytest.fixture(autouse=True)
def as_member() -> Iterator[None]:
    with acting_as(user(), "test"):
        yield


def key() -> str:
    return str(uuid4())


async def made(cognition: Cognition, *options: str, **fields: Any) -> thread_pb.Thread:
    request = thread_pb.CreateThreadRequest(options=options, request_id=key(), **fields)
    return (await cognition.threads.CreateThread(request)).thread


async def taken(cognition: Cognition, **fields: Any) -> thread_pb.TakeNextOptionResponse:
    request = thread_pb.TakeNextOptionRequest(request_id=key(), **fields)
    answer: thread_pb.TakeNextOptionResponse = await cognition.threads.TakeNextOption(request)
    return answer


async def peeked(cognition: Cognition, **fields: Any) -> thread_pb.GetNextOptionResponse:
    answer: thread_pb.GetNextOptionResponse = await cognition.threads.GetNextOption(
        thread_pb.GetNextOptionRequest(**fields)
    )
    return answer


async def reset(cognition: Cognition, **fields: Any) -> thread_pb.Thread:
    return (await cognition.threads.ResetThread(thread_pb.ResetThreadRequest(request_id=key(), **fields))).thread


async def chosen(cognition: Cognition, option_id: str, **fields: Any) -> thread_pb.Thread:
    request = thread_pb.ChooseOptionRequest(option_id=option_id, request_id=key(), **fields)
    return (await cognition.threads.ChooseOption(request)).thread


async def found(cognition: Cognition, **fields: Any) -> thread_pb.Thread:
    return (await cognition.threads.GetThread(thread_pb.GetThreadRequest(**fields))).thread


async def refusal(call: Any) -> SomaError:
    with pytest.raises(SomaError) as refused:
        await call
    return refused.value


async def told(cognition: Cognition) -> int:
    query = "select count(*) from events where event_type = 'cognitive.thread.changed'"
    async with cognition.database.transaction(TENANT) as connection:
        return int(await connection.fetchval(query))


async def test_options_in_words_are_taken_in_their_order_until_none_is_left(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", "ride", "drive")
    assert (thread.method, thread.version, thread.current, thread.cursor) == ("given", 1, True, 0)
    assert thread.agent_id == str(default_agent_id(TENANT))
    assert [option.text for option in thread.options] == ["walk", "ride", "drive"]
    assert (await peeked(cognition)).option.text == "walk"
    assert (await peeked(cognition)).option.text == "walk"
    for place, text in enumerate(("walk", "ride", "drive"), 1):
        answer = await taken(cognition)
        assert answer.option.text == text
        assert answer.option.HasField("taken_time")
        assert (answer.cursor, answer.version, answer.exhausted) == (place, place + 1, place == 3)
    nothing = await taken(cognition)
    assert not nothing.HasField("option")
    assert (nothing.exhausted, nothing.version, nothing.cursor) == (True, 4, 3)
    assert (await peeked(cognition)).exhausted
    assert await told(cognition) == 4


async def test_options_with_scores_come_best_first_behind_those_in_words(cognition: Cognition) -> None:
    scored = [
        thread_pb.GivenOption(text="poor", score=0.1, reason="It is slow."),
        thread_pb.GivenOption(text="good", score=0.9),
        thread_pb.GivenOption(text="as good"),
    ]
    thread = await made(cognition, "first", scored_options=scored)
    assert [option.text for option in thread.options] == ["first", "good", "as good", "poor"]
    assert thread.options[3].reason == "It is slow."
    assert [option.score for option in thread.options] == [1.0, 0.9, 0.9, 0.1]
    assert await found(cognition) == thread


async def test_the_newest_thread_is_the_current_one_and_the_older_ones_stay(cognition: Cognition) -> None:
    older, newer = await made(cognition, "old"), await made(cognition, "new")
    assert (await found(cognition)).thread_id == newer.thread_id
    again = await found(cognition, thread_id=older.thread_id)
    assert not again.current
    assert (await taken(cognition, thread_id=older.thread_id)).option.text == "old"
    other = await made(cognition, "of another agent", agent_id=str(uuid4()))
    assert other.current
    assert (await found(cognition)).thread_id == newer.thread_id


async def test_many_makers_at_once_leave_one_current_thread(cognition: Cognition) -> None:
    threads = await asyncio.gather(*(made(cognition, f"way {number}") for number in range(8)))
    listed = (await cognition.threads.ListThreads(thread_pb.ListThreadsRequest())).threads
    assert {thread.thread_id for thread in listed} == {thread.thread_id for thread in threads}
    assert [thread.current for thread in listed].count(True) == 1


async def test_every_option_is_taken_by_one_of_many_takers_and_none_is_lost(cognition: Cognition) -> None:
    ways = [f"way {number}" for number in range(20)]
    await made(cognition, *ways)
    answers = await asyncio.gather(*(taken(cognition) for _ in range(24)))
    options = [answer.option.text for answer in answers if answer.HasField("option")]
    assert sorted(options) == sorted(ways)
    assert sorted(answer.version for answer in answers)[:20] == list(range(2, 22))
    assert await told(cognition) == 21


async def test_of_two_who_saw_the_same_version_one_takes_and_the_other_hears_of_it(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", "ride", "drive")

    async def by_get() -> Any:
        return await peeked(cognition, expected_version=1)

    async def by_choice() -> Any:
        return await chosen(cognition, thread.options[2].option_id, expected_version=1)

    answers = await asyncio.gather(
        taken(cognition, expected_version=1),
        by_get(),
        by_choice(),
        reset(cognition, expected_version=1, mode=CLEAR),
        return_exceptions=True,
    )
    lost = [answer for answer in answers if isinstance(answer, SomaError)]
    assert [each.reason for each in lost] == [Reason.CONFLICT] * 3
    assert (await found(cognition)).version == 2


async def test_a_repeated_taking_answers_the_same_option(cognition: Cognition) -> None:
    await made(cognition, "walk", "ride")
    request = thread_pb.TakeNextOptionRequest(request_id=key())
    first = await cognition.threads.TakeNextOption(request)
    assert await cognition.threads.TakeNextOption(request) == first
    assert (await found(cognition)).cursor == 1
    same = thread_pb.TakeNextOptionRequest(request_id=key())
    answers = await asyncio.gather(*(cognition.threads.TakeNextOption(same) for _ in range(4)))
    assert {answer.option.text for answer in answers} == {"ride"}


async def test_a_version_that_is_expected_takes_by_get_and_a_wrong_one_does_not(cognition: Cognition) -> None:
    await made(cognition, "walk", "ride")
    answer = await peeked(cognition, expected_version=1)
    assert (answer.option.text, answer.version, answer.cursor, answer.exhausted) == ("walk", 2, 1, False)
    assert (await refusal(peeked(cognition, expected_version=1))).reason is Reason.CONFLICT
    assert (await peeked(cognition)).option.text == "ride"
    with acting_as(user(roles=("viewer",)), "test"):
        assert (await peeked(cognition)).option.text == "ride"
        assert (await refusal(peeked(cognition, expected_version=2))).reason is Reason.SCOPE_MISSING
        assert (await refusal(taken(cognition))).reason is Reason.SCOPE_MISSING
    assert (await found(cognition)).version == 2


async def test_a_certain_option_is_chosen_and_those_before_it_stay(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", "ride", "drive")
    ride = thread.options[1].option_id
    after = await chosen(cognition, ride)
    assert (after.cursor, after.version, after.exhausted) == (0, 2, False)
    problem = await refusal(chosen(cognition, ride))
    assert problem.reason is Reason.INVALID_FIELD
    assert "it was taken before; choose another, or reset the thread" in problem.sentence
    assert (await refusal(chosen(cognition, key()))).reason is Reason.RESOURCE_NOT_FOUND
    assert (await taken(cognition)).option.text == "walk"
    assert (await taken(cognition)).option.text == "drive"
    assert (await found(cognition)).exhausted


async def test_reset_rewinds_or_clears(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", "ride")
    assert (await reset(cognition)).version == 1
    await taken(cognition)
    await chosen(cognition, thread.options[1].option_id)
    again = await reset(cognition)
    assert again.options == thread.options
    assert (again.cursor, again.exhausted, again.version) == (0, False, 4)
    assert (await taken(cognition)).option.text == "walk"
    empty = await reset(cognition, mode=CLEAR)
    assert (len(empty.options), empty.exhausted, empty.cursor, empty.version) == (0, True, 0, 6)
    assert await found(cognition) == empty
    assert (await taken(cognition)).exhausted
    assert await told(cognition) == 6


async def test_without_a_thread_the_answer_says_how_to_make_one(cognition: Cognition) -> None:
    for call in (peeked(cognition), taken(cognition), reset(cognition), found(cognition)):
        problem = await refusal(call)
        assert problem.reason is Reason.RESOURCE_NOT_FOUND
        assert problem.sentence == (
            f"There is no current thread of agent {default_agent_id(TENANT)} yet, or it was erased; "
            "CreateThread (POST /cognitive/thread) makes one."
        )
    other = key()
    assert (await refusal(found(cognition, thread_id=other))).sentence == f"There is no thread {other}."


async def test_a_thread_is_found_by_its_own_agent_only_where_one_is_named(cognition: Cognition) -> None:
    thread = await made(cognition, "walk")
    assert await found(cognition, thread_id=thread.thread_id, agent_id=thread.agent_id) == thread
    problem = await refusal(found(cognition, thread_id=thread.thread_id, agent_id=key()))
    assert problem.reason is Reason.RESOURCE_NOT_FOUND


async def test_threads_are_listed_newest_first_by_pages_without_their_options(cognition: Cognition) -> None:
    threads = [await made(cognition, f"way {number}", goal=f"goal {number}") for number in range(5)]
    await taken(cognition, thread_id=threads[4].thread_id)
    seen: list[thread_pb.Thread] = []
    request = thread_pb.ListThreadsRequest(page_size=2)
    while True:
        page = await cognition.threads.ListThreads(request)
        seen += page.threads
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert [thread.goal for thread in seen] == [f"goal {number}" for number in (4, 3, 2, 1, 0)]
    assert [thread.current for thread in seen] == [True, False, False, False, False]
    assert [(thread.cursor, thread.exhausted) for thread in seen] == [(1, True)] + [(0, False)] * 4
    assert all(not thread.options for thread in seen)
    bad = thread_pb.ListThreadsRequest(page_token="nonsense")
    assert (await refusal(cognition.threads.ListThreads(bad))).metadata["field"] == "page_token"


async def test_all_of_a_tenant_see_a_thread_and_nobody_of_another_does(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", "ride", agent_id=key())
    named = {"thread_id": thread.thread_id}
    with acting_as(user("bob"), "test"):
        assert (await taken(cognition, **named)).option.text == "walk"
    with acting_as(user("eve", tenant_id=OTHER_TENANT), "test"):
        calls = (
            found(cognition, **named),
            peeked(cognition, **named),
            peeked(cognition, expected_version=2, **named),
            taken(cognition, **named),
            chosen(cognition, thread.options[1].option_id, **named),
            reset(cognition, mode=CLEAR, **named),
            found(cognition, agent_id=thread.agent_id),
        )
        for call in calls:
            assert (await refusal(call)).reason is Reason.RESOURCE_NOT_FOUND
        answer = await cognition.threads.ListThreads(thread_pb.ListThreadsRequest(agent_id=thread.agent_id))
        assert not answer.threads
    assert (await found(cognition, **named)).version == 2


async def test_a_former_client_may_name_its_own_tenant_and_no_other(cognition: Cognition) -> None:
    await made(cognition, "walk", "ride", tenant_id=str(TENANT))
    assert (await peeked(cognition, tenant_id=str(TENANT))).option.text == "walk"
    assert (await taken(cognition, tenant_id=str(TENANT))).option.text == "walk"
    assert (await reset(cognition, tenant_id=str(TENANT))).cursor == 0
    foreign = str(OTHER_TENANT)
    calls = (
        made(cognition, "walk", tenant_id=foreign),
        peeked(cognition, tenant_id=foreign),
        taken(cognition, tenant_id=foreign),
        reset(cognition, tenant_id=foreign),
    )
    for call in calls:
        problem = await refusal(call)
        assert (problem.reason, problem.metadata["field"]) == (Reason.INVALID_FIELD, "tenant_id")


BAD_THREADS: dict[str, dict[str, Any]] = {
    "neither a goal nor options": {},
    "a blank goal": {"goal": " \n "},
    "a blank option": {"options": ["walk", "  "]},
    "a blank option with a score": {"scored_options": [thread_pb.GivenOption(text=" ", score=0.5)]},
    "a score beyond one": {"scored_options": [thread_pb.GivenOption(text="walk", score=1.5)]},
    "a character that no text has": {"options": ["wa\0lk"]},
    "too many": {"options": ["walk"] * 65},
    "an agent that is no id": {"options": ["walk"], "agent_id": "me"},
    "no request_id": {"options": ["walk"], "request_id": ""},
}


@pytest.mark.parametrize("fields", BAD_THREADS.values(), ids=BAD_THREADS)
async def test_a_bad_thread_is_refused_and_nothing_is_kept(cognition: Cognition, fields: dict[str, Any]) -> None:
    request = thread_pb.CreateThreadRequest(**({"request_id": key()} | fields))
    assert (await refusal(cognition.threads.CreateThread(request))).reason is Reason.INVALID_FIELD
    assert (await refusal(found(cognition))).reason is Reason.RESOURCE_NOT_FOUND
    assert await told(cognition) == 0


async def test_a_goal_alone_is_thought_about_by_rules(cognition: Cognition) -> None:
    thread = await made(cognition, goal=GOAL)
    assert (thread.method, thread.goal) == ("rules", GOAL)
    assert [option.text for option in thread.options] == ["Find the missing invoice", "Ask the supplier", "Book it"]
    assert len((await made(cognition, goal=GOAL, max_options=2)).options) == 2
    assert cognition.models.asked == []


async def test_a_model_thinks_of_options_once_for_a_request(cognition: Cognition) -> None:
    ways = [{"text": "Wait.", "score": 0.2}, {"text": "Call them.", "score": 0.9, "reason": "They know."}]
    cognition.models.says = lambda _: json.dumps({"options": ways})
    request = thread_pb.CreateThreadRequest(goal=GOAL, use_model=True, max_options=3, request_id=key())
    thread = (await cognition.threads.CreateThread(request)).thread
    assert thread.method == "model:scripted"
    assert [(option.text, option.reason) for option in thread.options] == [("Call them.", "They know."), ("Wait.", "")]
    assert (await cognition.threads.CreateThread(request)).thread == thread
    [asked] = cognition.models.asked
    assert json.loads(asked.prompt) == {"goal": GOAL, "options_wanted": 3}
    assert 1 <= asked.timeout_seconds <= 5


async def test_a_request_that_is_lost_and_repeated_asks_the_model_under_the_same_key(cognition: Cognition) -> None:
    cognition.models.says = lambda _: json.dumps({"options": [{"text": "Wait.", "score": 1}]})
    request = thread_pb.CreateThreadRequest(goal=GOAL, use_model=True, request_id=key())
    answers = await asyncio.gather(*(cognition.threads.CreateThread(request) for _ in range(3)))
    assert len({answer.thread.thread_id for answer in answers}) == 1
    assert len({asked.request_id for asked in cognition.models.asked}) == 1


def fails(_: model_pb.GenerateTextRequest) -> str:
    raise SomaError(Reason.BUDGET_EXHAUSTED)


@pytest.mark.parametrize("says", [lambda _: "I would call them.", lambda _: '{"options": []}', fails])
async def test_where_no_model_answers_well_rules_make_the_options(cognition: Cognition, says: Any) -> None:
    cognition.models.says = says
    thread = await made(cognition, goal=GOAL, use_model=True)
    assert len(cognition.models.asked) == 1
    assert (thread.method, len(thread.options)) == ("rules", 3)


async def test_an_answer_that_breaks_off_is_not_taken(cognition: Cognition) -> None:
    cognition.models.says = lambda _: json.dumps({"options": [{"text": "Wait.", "score": 1}]})
    cognition.models.finish_reason = "length"
    assert (await made(cognition, goal=GOAL, use_model=True)).method == "rules"


async def test_a_model_that_thinks_too_long_leaves_time_for_rules(cognition: Cognition) -> None:
    cognition.models.pause = asyncio.Event()
    request = thread_pb.CreateThreadRequest(goal=GOAL, use_model=True, request_id=key())
    answer = await cognition.threads.CreateThread(request, timeout=2.8)
    assert answer.thread.method == "rules"


async def test_given_options_are_not_thought_about(cognition: Cognition) -> None:
    thread = await made(cognition, "walk", goal=GOAL, use_model=True)
    assert (thread.method, thread.goal) == ("given", GOAL)
    assert cognition.models.asked == []
