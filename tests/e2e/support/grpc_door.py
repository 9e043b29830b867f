"""The gRPC doors as a plain client uses them: a channel, a token in the metadata, nothing of our own stack."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from soma.chat.v1 import (
    agent_service_pb2_grpc,
    conversation_service_pb2_grpc,
    message_pb2,
    model_service_pb2_grpc,
    turn_event_pb2,
    turn_service_pb2,
    turn_service_pb2_grpc,
)
from soma.cognitive.v1 import modulation_service_pb2_grpc, neuromodulator_service_pb2_grpc
from soma.control.v1 import admin_service_pb2_grpc, feature_service_pb2_grpc
from soma.governor.v1 import governor_service_pb2_grpc
from soma.memory.v1 import memory_service_pb2_grpc
from soma_common.testing.mesh import Mesh

Metadata = Sequence[tuple[str, str]]
TERMINAL = ("completed", "failed", "cancelled")


class GrpcDoor:
    """Stubs of every service, all for one person."""

    def __init__(self, mesh: Mesh, token: str | None) -> None:
        self._mesh = mesh
        self.metadata: Metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def __aenter__(self) -> Self:
        chat, governor, memory = self.channel("chat"), self.channel("governor"), self.channel("memory")
        cognitive, control = self.channel("cognitive"), self.channel("control")
        self.turns: Any = turn_service_pb2_grpc.TurnServiceStub(chat)
        self.agents: Any = agent_service_pb2_grpc.AgentServiceStub(chat)
        self.conversations: Any = conversation_service_pb2_grpc.ConversationServiceStub(chat)
        self.models: Any = model_service_pb2_grpc.ModelServiceStub(chat)
        self.governor: Any = governor_service_pb2_grpc.GovernorServiceStub(governor)
        self.memory: Any = memory_service_pb2_grpc.MemoryServiceStub(memory)
        self.modulation: Any = modulation_service_pb2_grpc.ModulationServiceStub(cognitive)
        self.neuromodulators: Any = neuromodulator_service_pb2_grpc.NeuromodulatorServiceStub(cognitive)
        self.admin: Any = admin_service_pb2_grpc.AdminServiceStub(control)
        self.features: Any = feature_service_pb2_grpc.FeatureServiceStub(control)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels.values():
            await channel.close()

    def channel(self, service: str) -> grpc.aio.Channel:
        """The channel to a service."""
        if service not in self._channels:
            options = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500))
            self._channels[service] = grpc.aio.insecure_channel(self._mesh.target(service), options=options)
        return self._channels[service]

    async def call(self, method: Any, request: Any, timeout_seconds: float = 20) -> Any:
        """One unary call as this person."""
        return await method(request, metadata=self.metadata, timeout=timeout_seconds, wait_for_ready=True)

    def stream(self, method: Any, request: Any, timeout_seconds: float = 60) -> Any:
        """One streaming call as this person."""
        return method(request, metadata=self.metadata, timeout=timeout_seconds, wait_for_ready=True)

    async def say(self, text: str, **fields: Any) -> "Heard":
        """A whole turn."""
        return await listen(self.stream(self.turns.SendMessage, send_request(text, **fields)))

    async def resume(self, turn_id: str, after_sequence: int = 0) -> "Heard":
        """A turn's events after a sequence, to its end."""
        request = turn_service_pb2.ResumeTurnRequest(turn_id=turn_id, after_sequence=after_sequence)
        return await listen(self.stream(self.turns.ResumeTurn, request))

    async def turn(self, turn_id: str) -> turn_service_pb2.Turn:
        """The stored turn."""
        answer = await self.call(self.turns.GetTurn, turn_service_pb2.GetTurnRequest(turn_id=turn_id))
        turn: turn_service_pb2.Turn = answer.turn
        return turn


def send_request(text: str, **fields: Any) -> turn_service_pb2.SendMessageRequest:
    """A message with an id of its own."""
    content = [message_pb2.ContentPart(text=text)] if text else []
    return turn_service_pb2.SendMessageRequest(**{"content": content, "request_id": str(uuid4()), **fields})


@dataclass(slots=True)
class Heard:
    """What a client heard of a turn."""

    events: list[turn_event_pb2.TurnEvent] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The joined deltas."""
        return "".join(event.text.text for event in self.events if event.WhichOneof("event") == "text")

    @property
    def kinds(self) -> list[str]:
        """What kind each event is."""
        return [str(event.WhichOneof("event")) for event in self.events]

    @property
    def started(self) -> turn_event_pb2.TurnStarted:
        """The first event."""
        assert self.kinds[0] == "started", self.kinds
        return self.events[0].started

    @property
    def end(self) -> turn_event_pb2.TurnEvent:
        """The last event, which ends the turn."""
        assert self.kinds[-1] in TERMINAL, self.kinds
        return self.events[-1]

    @property
    def turn_id(self) -> str:
        """The turn."""
        return self.events[0].turn_id

    @property
    def last_sequence(self) -> int:
        """The last sequence that was heard; 0 when nothing was."""
        return self.events[-1].sequence if self.events else 0

    @property
    def notices(self) -> list[str]:
        """The codes of all notices."""
        return [event.notice.code for event in self.events if event.WhichOneof("event") == "notice"]

    def assert_dense(self, after: int = 0) -> None:
        """No gap and no repeat in the sequences."""
        expected = after + 1
        for event in self.events:
            first = event.first_sequence or event.sequence
            assert first == expected, f"expected {expected}, heard {first}..{event.sequence}"
            expected = event.sequence + 1

    def joined(self, later: "Heard") -> "Heard":
        """This and what was heard later, as one."""
        return Heard([*self.events, *later.events])


async def listen(call: AsyncIterator[turn_event_pb2.TurnEvent], most: int | None = None) -> Heard:
    """Hear a stream to its end, or `most` events of it."""
    heard = Heard()
    async for event in call:
        heard.events.append(event)
        if most is not None and len(heard.events) >= most:
            break
    return heard


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed call as a client reads it."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    sentence: str
    retry_seconds: float | None
    fields: tuple[str, ...]
    text: str


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Read the status and its details."""
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    status = status_pb2.Status.FromString(raw if isinstance(raw, bytes) else raw.encode())
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    bad, said = error_details_pb2.BadRequest(), error_details_pb2.LocalizedMessage()
    retry_seconds = None
    for detail in status.details:
        for message in (info, bad, said):
            detail.Unpack(message)
        if detail.Unpack(retry):
            retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
    fields = tuple(violation.field for violation in bad.field_violations)
    text = f"{error.details()} {status}"
    return Refusal(error.code(), info.reason, dict(info.metadata), said.message, retry_seconds, fields, text)


async def refused(call: Any) -> Refusal:
    """The refusal of a call that must fail, unary or streaming."""
    try:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError("the call was not refused")
