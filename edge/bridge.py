"""The edge's calls to the services: unary calls, and turns as streams of untouched bytes that survive cuts.

Nothing here knows HTTP, JSON or sockets; identity and correlation come from `acting_as` around the call.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from soma.chat.v1 import turn_event_pb2, turn_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.dial import Channel
from soma_common.rpc.replies import ReplyStream

_LOG: Final = get_logger("soma.edge.bridge")
_TURNS: Final = "/soma.chat.v1.TurnService"
_RESUME: Final = f"{_TURNS}/ResumeTurn"
_TERMINAL: Final = frozenset(("completed", "failed", "cancelled"))
_STREAMS_PER_CHANNEL: Final = 80

# What starts or follows a turn, and what a turn is given on its way.
_FOLLOWED: Final[Mapping[type[Message], str]] = {
    turn_service_pb2.SendMessageRequest: "SendMessage",
    turn_service_pb2.EditMessageRequest: "EditMessage",
    turn_service_pb2.RegenerateMessageRequest: "RegenerateMessage",
    turn_service_pb2.ResumeTurnRequest: "ResumeTurn",
}
_SUBMISSIONS: Final[Mapping[type[Message], tuple[str, type[Message]]]] = {
    turn_service_pb2.SubmitToolResultRequest: ("SubmitToolResult", turn_service_pb2.SubmitToolResultResponse),
    turn_service_pb2.ResolveApprovalRequest: ("ResolveApproval", turn_service_pb2.ResolveApprovalResponse),
    turn_service_pb2.RateTurnRequest: ("RateTurn", turn_service_pb2.RateTurnResponse),
}

Reply = TypeVar("Reply", bound=Message)
TurnRequest = (
    turn_service_pb2.SendMessageRequest
    | turn_service_pb2.EditMessageRequest
    | turn_service_pb2.RegenerateMessageRequest
    | turn_service_pb2.ResumeTurnRequest
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a cut stream is tried again: before its first event, and once the turn is known to run."""

    before_first_seconds: float = 3.0
    after_first_seconds: float = 25.0
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 1.0


class Mesh:
    """The services by name; `open_channel` makes one more connection to a service."""

    def __init__(self, channels: Mapping[str, Channel], open_channel: Callable[[str], Channel]) -> None:
        self._channels = dict(channels)
        self._lanes = _Lanes(lambda: open_channel("chat"))
        self._unary: dict[str, Callable[..., Any]] = {}

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that can be called."""
        return tuple(self._channels)

    def check(self, service: str) -> Callable[[], Any]:
        """The health check of a service."""
        return self._channels[service].check

    async def call(self, method: MethodDescriptor, request: Message) -> Message:
        """One unary call by its descriptor; raises SomaError."""
        path = path_of(method)
        known = self._unary.get(path)
        if known is None:
            reply = GetMessageClass(method.output_type)
            known = self._unary[path] = self._of(path).stub(
                lambda channel: channel.unary_unary(path, type(request).SerializeToString, reply.FromString)
            )
        answer: Message = await known(request)
        return answer

    async def ask(self, path: str, request: Message, reply: type[Reply]) -> Reply:
        """One unary call by its path; raises SomaError."""
        known = self._unary.get(path)
        if known is None:
            known = self._unary[path] = self._of(path).stub(
                lambda channel: channel.unary_unary(path, type(request).SerializeToString, reply.FromString)
            )
        answer: Reply = await known(request)
        return answer

    @asynccontextmanager
    async def stream(self, path: str, request: Message) -> AsyncIterator[AsyncIterator[bytes]]:
        """The replies of a server-streaming call as bytes; leaving the block ends the call."""
        async with self._lane(path) as channel:
            opened: Callable[[Message], ReplyStream] = channel.stub(
                lambda made: cast(Any, made.unary_stream(path, type(request).SerializeToString, None))
            )
            async with aclosing(opened(request)) as replies:
                yield replies

    @asynccontextmanager
    async def _lane(self, path: str) -> AsyncIterator[Channel]:
        if not path.startswith("/soma.chat."):
            yield self._of(path)
            return
        async with self._lanes.take() as channel:
            yield channel

    def _of(self, path: str) -> Channel:
        house = path.split(".", 2)[1]
        found = self._channels.get(house)
        if found is None:
            raise SomaError(Reason.METHOD_UNKNOWN, {"method": path})
        return found

    async def close(self) -> None:
        """Ends all connections."""
        for channel in self._channels.values():
            await channel.close()
        await self._lanes.close()


class _Lanes:
    """Connections for streams: a server takes a bounded number a connection, so more are opened as they fill."""

    def __init__(self, open_channel: Callable[[], Channel]) -> None:
        self._open = open_channel
        self._used: dict[Channel, int] = {}

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Channel]:
        channel = next((each for each, used in self._used.items() if used < _STREAMS_PER_CHANNEL), None) or self._open()
        self._used[channel] = self._used.get(channel, 0) + 1
        try:
            yield channel
        finally:
            self._used[channel] -= 1

    async def close(self) -> None:
        for channel in self._used:
            await channel.close()


class Turns:
    """Turns as streams of serialised TurnEvents. A cut connection is mended by resuming where it broke off."""

    def __init__(self, mesh: Mesh, clock: Clock, ids: Ids, patience: Patience | None = None) -> None:
        self._mesh = mesh
        self._clock = clock
        self._ids = ids
        self._patience = patience or Patience()
        self._stops: set[asyncio.Task[None]] = set()

    async def follow(self, request: TurnRequest) -> AsyncGenerator[bytes, None]:
        """The events of a new turn or of a known one, to its end; raises SomaError."""
        cursor = _Cursor(request)
        mending = _Mending(self._patience, self._clock)
        with self._stopping(cursor):
            while True:
                problem, heard = SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "chat"}), False
                try:
                    async with self._mesh.stream(cursor.path, cursor.request) as events:
                        async for event in events:
                            heard, cursor.last = True, event
                            yield event
                    if cursor.started and cursor.last is None:
                        return  # the client had heard the turn to its end
                except SomaError as error:
                    if not _is_cut(error):
                        raise
                    problem = error
                if cursor.advance():
                    return
                if heard:
                    mending.went_well()
                pause = mending.pause(started=cursor.started)
                if pause is None:
                    raise problem
                _LOG.info("stream cut, trying again", turn_id=cursor.turn_id, after_sequence=cursor.sequence)
                await asyncio.sleep(pause)

    @contextmanager
    def _stopping(self, cursor: "_Cursor") -> Iterator[None]:
        """Stops a turn that was to stop when its caller leaves, where chat cannot see that: behind a mended line."""
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            if cursor.mended and cursor.stops:
                # In a task of its own, with the identity of this one: whoever leaves does not wait.
                task = asyncio.create_task(self._stop(cursor.turn_id), name="stop a turn that was left")
                self._stops.add(task)
                task.add_done_callback(self._stops.discard)
            raise

    async def _stop(self, turn_id: str) -> None:
        try:
            await self.cancel(turn_id, str(self._ids.uuid7()))
        except SomaError as error:
            _LOG.warning("a turn that was left could not be stopped", turn_id=turn_id, reason=error.reason.value)

    async def get(self, turn_id: str) -> turn_service_pb2.Turn:
        """One turn as it is stored."""
        request = turn_service_pb2.GetTurnRequest(turn_id=turn_id)
        return (await self._mesh.ask(f"{_TURNS}/GetTurn", request, turn_service_pb2.GetTurnResponse)).turn

    async def submit(self, request: Message) -> Message:
        """Hands in a tool's result, a decision or a rating."""
        method, reply = _SUBMISSIONS[type(request)]
        return await self._mesh.ask(f"{_TURNS}/{method}", request, reply)

    async def cancel(self, turn_id: str, request_id: str) -> None:
        """Asks for the end of a turn."""
        request = turn_service_pb2.CancelTurnRequest(turn_id=turn_id, request_id=request_id)
        await self._mesh.ask(f"{_TURNS}/CancelTurn", request, turn_service_pb2.CancelTurnResponse)


class _Cursor:
    """How far a turn was followed; only looks into an event when the stream is over."""

    def __init__(self, request: TurnRequest) -> None:
        self.request = request
        self.mended = False
        self.stops = getattr(request, "on_disconnect", 0) == turn_service_pb2.ON_DISCONNECT_CANCEL
        self.last: bytes | None = None
        self.path = f"{_TURNS}/{_FOLLOWED[type(request)]}"
        self.turn_id = request.turn_id if isinstance(request, turn_service_pb2.ResumeTurnRequest) else ""
        self.sequence = request.after_sequence if isinstance(request, turn_service_pb2.ResumeTurnRequest) else 0

    @property
    def started(self) -> bool:
        """Whether the turn is known to exist."""
        return bool(self.turn_id)

    def advance(self) -> bool:
        """Moves to after the last event that came; True when it was the turn's last."""
        if self.last is None:
            return False
        event = turn_event_pb2.TurnEvent.FromString(self.last)
        self.mended, self.path = True, _RESUME
        self.turn_id, self.sequence = event.turn_id, event.sequence
        self.request = turn_service_pb2.ResumeTurnRequest(turn_id=event.turn_id, after_sequence=event.sequence)
        return event.WhichOneof("event") in _TERMINAL


class _Mending:
    """Counts the pauses between tries."""

    def __init__(self, patience: Patience, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self.went_well()

    def went_well(self) -> None:
        self._since: float | None = None
        self._next = self._patience.first_pause_seconds

    def pause(self, *, started: bool) -> float | None:
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        allowed = self._patience.after_first_seconds if started else self._patience.before_first_seconds
        if now - self._since >= allowed:
            return None
        pause, self._next = self._next, min(self._next * 2, self._patience.longest_pause_seconds)
        return pause


def _is_cut(error: SomaError) -> bool:
    if error.reason is Reason.DEPENDENCY_DOWN:
        return error.metadata.get("dependency") == "chat"
    return error.reason in (Reason.SHUTTING_DOWN, Reason.CALL_CANCELLED)


def path_of(method: MethodDescriptor) -> str:
    """`/soma.chat.v1.TurnService/GetTurn`."""
    return f"/{method.containing_service.full_name}/{method.name}"
