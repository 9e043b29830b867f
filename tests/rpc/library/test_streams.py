"""Streams: messages and ready-made bytes, failures in the middle, callers that go away."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as, current_call
from soma_common.rpc.replies import following
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from soma_common.testing.rpc import RpcHarness
from tests.rpc.library.scripted import TURN_ID, resume_request, turns


def event(sequence: int) -> event_pb.TurnEvent:
    return event_pb.TurnEvent(turn_id=TURN_ID, sequence=sequence)


class Endless:
    """Streams without end and notes how it ended."""

    def __init__(self) -> None:
        self.running = 0
        self.cleaned = 0

    async def __call__(self) -> AsyncIterator[event_pb.TurnEvent | bytes]:
        self.running += 1
        try:
            sequence = 0
            while True:
                sequence += 1
                yield event(sequence)
                await asyncio.sleep(0.005)
        finally:
            self.running -= 1
            self.cleaned += 1


async def test_messages_and_bytes_arrive_alike_and_in_order(rpc: RpcHarness) -> None:
    async def mixed() -> AsyncIterator[event_pb.TurnEvent | bytes]:
        for sequence in range(1, 21):
            yield event(sequence) if sequence % 2 else event(sequence).SerializeToString()

    served = await rpc.serve("chat", turns(mixed))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "mixed"):
        got = [each.sequence async for each in stub.ResumeTurn(resume_request())]
    assert got == list(range(1, 21))


async def test_a_failure_in_the_middle_arrives_after_what_was_sent(rpc: RpcHarness) -> None:
    async def breaks() -> AsyncIterator[event_pb.TurnEvent | bytes]:
        yield event(1)
        raise SomaError(Reason.CURSOR_TOO_OLD, {"turn_id": TURN_ID})

    served = await rpc.serve("chat", turns(breaks))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    got: list[int] = []

    async def read() -> None:
        async for each in stub.ResumeTurn(resume_request()):
            got.append(each.sequence)  # noqa: PERF401 - what came before the failure is the point

    with acting_as(user(), "breaks"), pytest.raises(SomaError) as caught:
        await read()
    assert got == [1]
    assert caught.value.reason is Reason.CURSOR_TOO_OLD


async def test_an_invalid_request_for_a_stream_never_reaches_the_handler(rpc: RpcHarness) -> None:
    endless = Endless()
    served = await rpc.serve("chat", turns(endless))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "invalid"), pytest.raises(SomaError) as caught:
        await anext(aiter(stub.ResumeTurn(turn_pb.ResumeTurnRequest(turn_id="x"))))
    assert caught.value.reason is Reason.INVALID_FIELD
    assert endless.cleaned == 0


async def test_leaving_the_block_ends_the_call_on_the_server(rpc: RpcHarness) -> None:
    endless = Endless()
    served = await rpc.serve("chat", turns(endless))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "leaves"):
        async with following(stub.ResumeTurn(resume_request())) as events:
            assert (await anext(events)).sequence == 1
    await eventually(lambda: endless.cleaned == 1)


async def test_a_dropped_stream_ends_the_call_on_the_server(rpc: RpcHarness) -> None:
    endless = Endless()
    served = await rpc.serve("chat", turns(endless))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "dropped"):
        async for _ in stub.ResumeTurn(resume_request()):
            break
    await eventually(lambda: endless.cleaned == 1)


async def test_a_stream_nobody_reads_ends_when_it_is_lost(rpc: RpcHarness) -> None:
    endless = Endless()
    served = await rpc.serve("chat", turns(endless))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "unread"):
        call = stub.ResumeTurn(resume_request())
        await eventually(lambda: endless.running == 1)
        del call
    await eventually(lambda: endless.cleaned == 1)


async def test_a_cancelled_reader_ends_the_call_on_the_server(rpc: RpcHarness) -> None:
    endless = Endless()
    served = await rpc.serve("chat", turns(endless))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)

    async def read() -> None:
        with acting_as(user(), "cancelled"):
            async for _ in stub.ResumeTurn(resume_request()):
                pass

    task = asyncio.create_task(read())
    await eventually(lambda: endless.running == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: endless.cleaned == 1)


async def test_a_stream_that_is_cancelled_from_elsewhere_says_so(rpc: RpcHarness) -> None:
    served = await rpc.serve("chat", turns(Endless()))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "elsewhere"):
        call = stub.ResumeTurn(resume_request())
        events = aiter(call)
        await anext(events)
        call.cancel()
        with pytest.raises(SomaError) as caught:
            await anext(events)
    assert caught.value.reason is Reason.CALL_CANCELLED


async def test_a_stream_has_no_deadline_of_its_own(rpc: RpcHarness) -> None:
    seen: list[float | None] = []

    async def look() -> AsyncIterator[event_pb.TurnEvent | bytes]:
        seen.append(current_call().deadline)
        yield event(1)

    served = await rpc.serve("chat", turns(look))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "no deadline"):
        assert len([each async for each in stub.ResumeTurn(resume_request())]) == 1
    with acting_as(user(), "a deadline", timeout_seconds=9):
        assert len([each async for each in stub.ResumeTurn(resume_request())]) == 1
    assert seen[0] is None
    assert seen[1] is not None
