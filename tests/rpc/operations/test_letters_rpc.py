"""Dead letters through control's door: of all houses, of one tenant, and decided about where they live."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from soma.control.v1 import dlq_service_pb2 as dlq_pb
from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import next_page_token
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT
from soma_common.operations.metrics import ParkedLetters
from soma_common.rpc.call import acting_as
from soma_common.security.roles import installation_scopes_for
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.operations.conftest import SECRET, Installation

ANYBODY = str(uuid4())


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user("olga", roles=("operator",)), "test"):
        yield


async def ids(installation: Installation, **filters: Any) -> list[str]:
    page = await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest(**filters))
    assert not page.unreachable_houses
    return [letter.event_id for letter in page.dead_letters]


def key(house: str, event_id: str) -> dict[str, Any]:
    return {"house": house, "consumer": "reader", "event_id": event_id}


def retrying(event_id: str, payload: bytes = b"") -> dlq_pb.RetryDeadLetterRequest:
    return dlq_pb.RetryDeadLetterRequest(
        house="memory", consumer="reader", event_id=event_id, edited_payload=payload, request_id=str(uuid4())
    )


async def test_letters_of_all_houses_are_one_list_the_oldest_first(installation: Installation) -> None:
    chat, memory = installation.houses["chat"], installation.houses["memory"]
    every = [await house.park(stream=f"s/{n}") for n, house in enumerate((chat, memory, memory, chat, chat))]
    assert await ids(installation) == every
    token, walked = "", []
    for size in (1, 2, 1, 200):
        page = await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest(page_size=size, page_token=token))
        walked += [letter.event_id for letter in page.dead_letters]
        token = page.next_page_token
    assert (walked, token) == (every, "")


async def test_filters(installation: Installation) -> None:
    chat, memory = installation.houses["chat"], installation.houses["memory"]
    first = await chat.park(consumer="a", stream="s/1")
    second = await memory.park(consumer="b", stream="s/1")
    third = await memory.park(consumer="b", stream="s/2", attempts=1)
    assert await ids(installation, consumer="b") == [second, third]
    assert await ids(installation, stream="s/1") == [first, second]
    assert await ids(installation, house="chat") == [first]
    assert await ids(installation, status=letter_pb.DEAD_LETTER_STATUS_RETRYING) == [third]
    assert await ids(installation, event_id_prefix=second[:-1]) in ([second], [second, third])
    assert await ids(installation, event_id_prefix=second.upper()) == [second]
    assert await ids(installation, event_id_prefix="ffff") == []


async def test_what_was_discarded_is_listed_only_when_asked_for(installation: Installation) -> None:
    event_id = await installation.houses["memory"].park()
    await installation.dlq.DiscardDeadLetter(
        dlq_pb.DiscardDeadLetterRequest(**key("memory", event_id), request_id=str(uuid4()))
    )
    assert await ids(installation) == []
    assert await ids(installation, status=letter_pb.DEAD_LETTER_STATUS_DISCARDED) == [event_id]


async def test_a_letter_has_its_event_and_no_text_of_the_exception(installation: Installation) -> None:
    event_id = await installation.houses["memory"].park()
    found = await installation.dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**key("memory", event_id)))
    letter = found.dead_letter
    assert (letter.house, letter.consumer, letter.attempts, letter.event_type) == (
        "memory",
        "reader",
        9,
        "turn.started",
    )
    assert (letter.error_class, letter.error_id) == ("RuntimeError", "an-error-id")
    assert letter.status == letter_pb.DEAD_LETTER_STATUS_PARKED
    assert letter.event == event_pb.Event.FromString(letter.body)
    assert letter.event.schema.message == "soma.events.v1.TurnStarted"
    assert dict(letter.headers) == {"traceparent": b"00-11"}
    assert not letter.HasField("edited_event")
    assert SECRET.encode() not in found.SerializeToString()
    listed = await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest())
    assert not listed.dead_letters[0].body
    assert not listed.dead_letters[0].HasField("event")
    assert SECRET.encode() not in listed.SerializeToString()


async def test_another_tenants_letters_are_not_there(installation: Installation) -> None:
    event_id = await installation.houses["memory"].park()
    with acting_as(user("eve", tenant_id=OTHER_TENANT, roles=("admin",)), "test"):
        assert await ids(installation) == []
        there, dlq = key("memory", event_id), installation.dlq
        for call in (
            lambda: dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**there)),
            lambda: dlq.RetryDeadLetter(retrying(event_id)),
            lambda: dlq.DiscardDeadLetter(dlq_pb.DiscardDeadLetterRequest(**there, request_id=ANYBODY)),
        ):
            with pytest.raises(SomaError) as refused:
                await call()
            assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
        done = await installation.dlq.RetryDeadLetters(dlq_pb.RetryDeadLettersRequest(request_id=ANYBODY))
        assert done.retried_count == 0
    assert await ids(installation, status=letter_pb.DEAD_LETTER_STATUS_PARKED) == [event_id]


@pytest.mark.parametrize("role", ["viewer", "member"])
async def test_only_operators_and_administrators_come_in(installation: Installation, role: str) -> None:
    with acting_as(user("vera", roles=(role,)), "test"):
        dlq = installation.dlq
        for call in (
            lambda: dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest()),
            lambda: dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**key("memory", ANYBODY))),
            lambda: dlq.RetryDeadLetters(dlq_pb.RetryDeadLettersRequest(request_id=ANYBODY)),
        ):
            with pytest.raises(SomaError) as refused:
                await call()
            assert refused.value.reason is Reason.SCOPE_MISSING


async def test_a_house_lets_nobody_but_control_in(installation: Installation) -> None:
    with pytest.raises(SomaError) as refused:
        await installation.direct("memory", "chat").ListDeadLetters(operations_pb.ListDeadLettersRequest())
    assert refused.value.reason is Reason.CALLER_NOT_ALLOWED


async def test_unknown_houses_and_letters_are_not_found(installation: Installation) -> None:
    for house in ("attic", "memory"):
        with pytest.raises(SomaError) as refused:
            await installation.dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**key(house, ANYBODY)))
        assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    with pytest.raises(SomaError) as refused:
        await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest(house="attic"))
    assert "attic" in refused.value.sentence


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        next_page_token(["memory", "no-uuid", "reader"], dict.fromkeys(("consumer", "stream", "house"), "")),
    ],
)
async def test_a_bad_page_token_is_refused_by_name(installation: Installation, token: str) -> None:
    dlq, request_id = installation.dlq, str(uuid4())
    for call in (
        lambda: dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest(page_token=token)),
        lambda: dlq.RetryDeadLetters(dlq_pb.RetryDeadLettersRequest(page_token=token, request_id=request_id)),
    ):
        with pytest.raises(SomaError) as refused:
            await call()
        assert refused.value.reason is Reason.INVALID_FIELD
        assert "page_token" in refused.value.sentence


async def test_a_token_of_another_filter_is_refused(installation: Installation) -> None:
    for _ in range(2):
        await installation.houses["memory"].park()
    page = await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest(page_size=1))
    with pytest.raises(SomaError) as refused:
        await installation.dlq.ListDeadLetters(
            dlq_pb.ListDeadLettersRequest(page_size=1, page_token=page.next_page_token, consumer="reader")
        )
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_house_that_is_down_is_named_and_the_others_answer(installation: Installation) -> None:
    there = await installation.houses["chat"].park()
    away = await installation.houses["memory"].park(stream="s/2")
    await installation.stop("memory")
    page = await installation.dlq.ListDeadLetters(dlq_pb.ListDeadLettersRequest())
    assert [letter.event_id for letter in page.dead_letters] == [there]
    assert list(page.unreachable_houses) == ["memory"]
    assert page.next_page_token == ""
    done = await installation.dlq.RetryDeadLetters(dlq_pb.RetryDeadLettersRequest(request_id=str(uuid4())))
    assert (done.retried_count, list(done.unreachable_houses)) == (1, ["memory"])
    with pytest.raises(SomaError) as refused:
        await installation.dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**key("memory", away)))
    assert refused.value.reason is Reason.DEPENDENCY_DOWN
    assert refused.value.metadata["dependency"] == "memory"


async def test_a_retry_is_told_once_however_often_it_is_sent(installation: Installation) -> None:
    memory = installation.houses["memory"]
    event_id = await memory.park()
    request = retrying(event_id)
    first = await installation.dlq.RetryDeadLetter(request)
    assert first.dead_letter.status == letter_pb.DEAD_LETTER_STATUS_RETRYING
    assert await installation.dlq.RetryDeadLetter(request) == first
    assert await memory.told("dead_letter.retried") == 1
    request.event_id = str(uuid4())
    with pytest.raises(SomaError) as refused:
        await installation.dlq.RetryDeadLetter(request)
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_an_edited_payload_is_tried_and_the_original_kept(installation: Installation) -> None:
    event_id = await installation.houses["memory"].park()
    mended = payloads_pb.TurnStarted(turn_id="mended")
    request = retrying(event_id, mended.SerializeToString())
    assert (await installation.dlq.RetryDeadLetter(request)).dead_letter.edited
    letter = (await installation.dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**key("memory", event_id)))).dead_letter
    assert payloads_pb.TurnStarted.FromString(letter.edited_event.payload) == mended
    assert payloads_pb.TurnStarted.FromString(letter.event.payload) != mended
    letter.edited_event.payload = letter.event.payload
    assert letter.edited_event == letter.event


@pytest.mark.parametrize(
    "payload",
    [b"\xff\xff\xff", payloads_pb.BudgetSettled(owner_id="x", tokens=3).SerializeToString()],
    ids=["no message", "another message"],
)
async def test_a_payload_that_does_not_fit_is_refused_and_nothing_changes(
    installation: Installation, payload: bytes
) -> None:
    event_id = await installation.houses["memory"].park()
    request = retrying(event_id, payload)
    with pytest.raises(SomaError) as refused:
        await installation.dlq.RetryDeadLetter(request)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert "soma.events.v1.TurnStarted" in refused.value.sentence
    assert await ids(installation, status=letter_pb.DEAD_LETTER_STATUS_PARKED) == [event_id]


async def test_all_parked_are_retried_page_by_page_each_once(installation: Installation) -> None:
    chat, memory = installation.houses["chat"], installation.houses["memory"]
    for number in range(5):
        await memory.park(stream=f"s/{number}")
    await chat.park()
    soon = await chat.park(attempts=1, stream="s/9")
    token, counts, requests = "", list[int](), list[dlq_pb.RetryDeadLettersRequest]()
    while not requests or token:
        requests.append(dlq_pb.RetryDeadLettersRequest(page_size=2, page_token=token, request_id=str(uuid4())))
        done = await installation.dlq.RetryDeadLetters(requests[-1])
        counts.append(done.retried_count)
        token = done.next_page_token
    assert counts == [3, 2, 1]
    assert await memory.told("dead_letter.retried") == 5
    repeated = await installation.dlq.RetryDeadLetters(requests[0])
    assert (repeated.retried_count, await memory.told("dead_letter.retried")) == (3, 5)
    assert soon in await ids(installation, status=letter_pb.DEAD_LETTER_STATUS_RETRYING)
    assert await chat.told("dead_letter.retried") == 1


async def test_a_discarded_event_lets_its_stream_go_on_and_is_told(installation: Installation) -> None:
    memory = installation.houses["memory"]
    event_id = await memory.park()
    request = dlq_pb.DiscardDeadLetterRequest(**key("memory", event_id), request_id=str(uuid4()))
    gone = await installation.dlq.DiscardDeadLetter(request)
    assert gone.dead_letter.status == letter_pb.DEAD_LETTER_STATUS_DISCARDED
    assert await installation.dlq.DiscardDeadLetter(request) == gone
    assert await memory.told("dead_letter.discarded") == 1
    async with memory.database.worker() as connection:
        place = await connection.fetchval("select sequence from inbox_streams where consumer = 'reader'")
    assert place == 1
    with pytest.raises(SomaError) as refused:
        await installation.dlq.RetryDeadLetter(retrying(event_id))
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_parked_events_are_a_number_to_be_woken_by(installation: Installation) -> None:
    memory, registry = installation.houses["memory"], CollectorRegistry()
    gauge = ParkedLetters(memory.letters, registry)

    def parked(consumer: str) -> float | None:
        return registry.get_sample_value("soma_dead_letters_parked", {"consumer": consumer})

    await gauge.look()
    assert parked("reader") is None
    ids = [
        await memory.park(stream=f"s/{number}", tenant=tenant) for number, tenant in enumerate((TENANT, OTHER_TENANT))
    ]
    await memory.park(stream="s/9", attempts=1)
    await gauge.look()
    assert parked("reader") == 2, "of all tenants, and not those that are tried again by themselves"
    await memory.letters.discard(TENANT, "reader", UUID(ids[0]), "ada")
    await memory.letters.discard(OTHER_TENANT, "reader", UUID(ids[1]), "eve")
    await gauge.look()
    assert parked("reader") == 0


async def test_letters_of_the_installation_are_for_who_runs_it(installation: Installation) -> None:
    memory = installation.houses["memory"]
    mine, nobodys = await memory.park(), await memory.park(tenant=SYSTEM_TENANT, stream="unreadable/1")
    where = {**key("memory", nobodys), "system": True}
    for role in ("operator", "admin"):
        with acting_as(user("eve", roles=(role,)), "test"):
            assert await ids(installation) == [mine]
            for call in (
                lambda: ids(installation, system=True),
                lambda: installation.dlq.GetDeadLetter(dlq_pb.GetDeadLetterRequest(**where)),
                lambda: installation.dlq.DiscardDeadLetter(
                    dlq_pb.DiscardDeadLetterRequest(**where, request_id=ANYBODY)
                ),
            ):
                with pytest.raises(SomaError) as refused:
                    await call()
                assert refused.value.reason is Reason.SCOPE_MISSING
    owner = replace(user("owner", roles=("admin",)), scopes=installation_scopes_for(("admin",)))
    with acting_as(owner, "test"):
        assert await ids(installation) == [mine]
        assert await ids(installation, system=True) == [nobodys]
        request = dlq_pb.DiscardDeadLetterRequest(**where, request_id=str(uuid4()))
        gone = await installation.dlq.DiscardDeadLetter(request)
        assert gone.dead_letter.status == letter_pb.DEAD_LETTER_STATUS_DISCARDED
        assert await installation.dlq.DiscardDeadLetter(request) == gone, "the answer is kept as the caller's"
        assert await ids(installation, system=True) == []
