"""A person who talks to chat, and the answer they get: events in order, with what a client would make of them."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from soma.cognitive.v1.neuromodulator_service_pb2_grpc import NeuromodulatorServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import RpcCall, acting_as
from soma_common.rpc.dial import Channel
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from tests.integration.chat.stack import ChatStack

# The stack has none, which turns tell as soon as somebody has noticed.
NO_CONTROL: Final = "The control service does not answer"


@dataclass
class Told:
    """What a stream told."""

    events: list[event_pb.TurnEvent] = field(default_factory=list)

    def take(self, event: event_pb.TurnEvent) -> None:
        """One more; the numbers must be dense, merged deltas cover theirs."""
        first = event.first_sequence or event.sequence
        assert not self.events or first == self.events[-1].sequence + 1, "a gap or a repeat"
        self.events.append(event)

    @property
    def heard(self) -> list[event_pb.TurnEvent]:
        """The events but the notice that there is no control."""
        return [event for event in self.events if not event.notice.sentence.startswith(NO_CONTROL)]

    def kinds(self) -> list[str]:
        """What happened, in order, neighbouring deltas as one."""
        kinds = [str(event.WhichOneof("event")) for event in self.heard]
        return [kind for number, kind in enumerate(kinds) if number == 0 or kinds[number - 1] != kind]

    @property
    def text(self) -> str:
        """The joined deltas."""
        return "".join(event.text.text for event in self.events)

    @property
    def started(self) -> event_pb.TurnStarted:
        """The header."""
        return self.events[0].started

    @property
    def last(self) -> event_pb.TurnEvent:
        """The end."""
        return self.events[-1]

    @property
    def turn_id(self) -> str:
        """Which turn it is."""
        return self.events[0].turn_id

    @property
    def notices(self) -> list[str]:
        """The codes of the notices."""
        return [event.notice.code for event in self.heard if event.HasField("notice")]


class Person:
    """A user of chat with stubs of their own."""

    def __init__(self, stack: ChatStack, sub: str, tenant: TenantId, role: str = "member") -> None:
        self.sub: Final = sub
        self.tenant: Final = tenant
        self._stack = stack
        self._caller = user(sub, tenant, (role,))
        self._channels: list[Channel] = []
        self.turns: Any = self.stub("chat", TurnServiceStub)
        self.governor: Any = self.stub("governor", GovernorServiceStub)
        self.memory: Any = self.stub("memory", MemoryServiceStub)
        self.mood: Any = self.stub("cognitive", NeuromodulatorServiceStub)

    def stub(self, service: str, factory: Any) -> Any:
        """A stub as the edge has it."""
        channel = self._stack.channel(service)
        self._channels.append(channel)
        return channel.stub(factory)

    async def reconnect(self, turn_id: str) -> turn_pb.Turn:
        """A turn as it stands, once the channel found the new process."""

        async def look() -> turn_pb.Turn | None:
            try:
                return await self.turn(turn_id)
            except SomaError as error:
                if error.reason is not Reason.DEPENDENCY_DOWN:
                    raise
                return None

        found = await eventually(look, within_seconds=60)
        assert found is not None
        return found

    async def __aenter__(self) -> "Person":
        return self

    async def __aexit__(self, *_: object) -> None:
        for channel in self._channels:
            await channel.close()

    def acting(self) -> AbstractContextManager[RpcCall]:
        """Calls inside are theirs."""
        return acting_as(self._caller, "a-correlation")

    async def stream(self, request: turn_pb.SendMessageRequest) -> AsyncIterator[event_pb.TurnEvent]:
        """Sends and follows."""
        with self.acting():
            replies = self.turns.SendMessage(request)
        async with aclosing(replies):
            async for event in replies:
                yield event

    async def send(self, request: turn_pb.SendMessageRequest) -> Told:
        """Sends and reads to the end."""
        told = Told()
        async for event in self.stream(request):
            told.take(event)
        return told

    async def say(self, text: str, **fields: Any) -> Told:
        """Says something and reads to the end."""
        return await self.send(said(text, **fields))

    async def resume(self, turn_id: str, after_sequence: int = 0) -> Told:
        """Follows from a point to the end."""
        told = Told()
        with self.acting():
            replies = self.turns.ResumeTurn(turn_pb.ResumeTurnRequest(turn_id=turn_id, after_sequence=after_sequence))
        async with aclosing(replies):
            async for event in replies:
                told.take(event)
        return told

    async def cancel(self, turn_id: str) -> turn_pb.CancelTurnResponse:
        """Stops a turn."""
        with self.acting():
            request = turn_pb.CancelTurnRequest(turn_id=turn_id, request_id=str(uuid4()))
            response: turn_pb.CancelTurnResponse = await self.turns.CancelTurn(request)
            return response

    async def turn(self, turn_id: str) -> turn_pb.Turn:
        """A turn as it stands."""
        with self.acting():
            response: turn_pb.GetTurnResponse = await self.turns.GetTurn(turn_pb.GetTurnRequest(turn_id=turn_id))
            return response.turn

    async def receipt(self, receipt_id: str) -> receipt_pb.Receipt:
        """A receipt."""
        with self.acting():
            request = governor_pb.GetReceiptRequest(receipt_id=receipt_id)
            response: governor_pb.GetReceiptResponse = await self.governor.GetReceipt(request)
            return response.receipt


def said(text: str, **fields: Any) -> turn_pb.SendMessageRequest:
    """A request that says something."""
    fields.setdefault("request_id", str(uuid4()))
    return turn_pb.SendMessageRequest(content=[message_pb.ContentPart(text=text)], **fields)


def spoken(role: str, text: str = "", **fields: Any) -> message_pb.TranscriptMessage:
    """A message of a transcript."""
    parts = [message_pb.ContentPart(text=text)] if text else []
    number = message_pb.Role.Value(f"ROLE_{role.upper()}")
    return message_pb.TranscriptMessage(role=number, content=parts, **fields)


def transcript(*messages: message_pb.TranscriptMessage, **fields: Any) -> turn_pb.SendMessageRequest:
    """A request over a whole message list."""
    fields.setdefault("request_id", str(uuid4()))
    return turn_pb.SendMessageRequest(transcript=message_pb.Transcript(messages=messages), **fields)
