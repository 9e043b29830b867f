"""One turn from a terminal: the question goes to chat, the answer comes back piece by piece, Ctrl-C stops it.

Nothing here reads the keyboard or prints; what happens is told to a `Listener`.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cli.commands.token import mint
from cli.exits import CommandError, Exit
from config import IdentitySettings
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.common.v1 import level_pb2 as level_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import dial
from soma_common.rpc.replies import following

_TOKEN_SECONDS: Final = 3600
_LEVEL: Final = "DEGRADATION_LEVEL_"


class Listener(Protocol):
    """What is told while a turn runs."""

    def text(self, piece: str) -> None:
        """A piece of the answer."""

    def notice(self, sentence: str) -> None:
        """Something the person should know."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended. `failure` is the sentence of one that failed, empty otherwise."""

    conversation_id: str
    receipt: str
    failure: str
    cancelled: bool


class OwnerToken:
    """Signs calls with a token of this installation's owner, made anew for every turn."""

    def __init__(self, identity: IdentitySettings, role: str = "admin") -> None:
        self._identity = identity
        self._role = role
        self.caller = Caller(TenantId(identity.tenant_id), identity.owner_sub, frozenset((role,)))

    def token_for(self, caller: Caller) -> str:
        """The token; the caller is always the owner."""
        return mint(self._identity, caller.sub, self._role, _TOKEN_SECONDS)


class Turns:
    """The way to chat's turns."""

    def __init__(self, targets: Sequence[str], identity: IdentitySettings, ids: Ids) -> None:
        self._owner = OwnerToken(identity)
        self._ids = ids
        self._channel = dial(targets, self._owner, name="chat")
        self._stub = self._channel.stub(turn_grpc.TurnServiceStub)

    async def close(self) -> None:
        """Ends all connections."""
        await self._channel.close()

    async def ask(self, question: str, conversation_id: str, listener: Listener) -> TurnEnd:
        """Run one turn to its end; an empty `conversation_id` begins a new conversation. Raises SomaError."""
        request_id = str(self._ids.uuid4())
        request = turn_pb.SendMessageRequest(
            content=[message_pb.ContentPart(text=question)],
            request_id=request_id,
            on_disconnect=turn_pb.ON_DISCONNECT_CONTINUE,
        )
        if conversation_id:
            request.conversation_id = conversation_id
        with acting_as(self._owner.caller, request_id):
            return await self._follow(request, listener)

    async def _follow(self, request: turn_pb.SendMessageRequest, listener: Listener) -> TurnEnd:
        watch = _Watch(request.conversation_id, listener)
        loop = asyncio.get_running_loop()
        stops: set[asyncio.Task[None]] = set()

        def stop() -> None:
            if stops:
                raise KeyboardInterrupt
            stops.add(asyncio.ensure_future(self._cancel(watch)))

        loop.add_signal_handler(signal.SIGINT, stop)
        try:
            async with following(self._stub.SendMessage(request)) as events:
                async for event in events:
                    watch.see(event)
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            watch.close()
            await asyncio.gather(*stops, return_exceptions=True)
        if watch.end is None:
            raise CommandError("The answer broke off. `somastack status` shows whether chat runs.", Exit.CANNOT_REACH)
        return watch.end

    async def _cancel(self, watch: "_Watch") -> None:
        """Stop the turn at chat; its last event then ends the stream."""
        request = turn_pb.CancelTurnRequest(turn_id=await watch.turn_id(), request_id=str(self._ids.uuid4()))
        try:
            await self._stub.CancelTurn(request)
        except SomaError as failure:
            watch.listener.notice(failure.sentence)


class _Watch:
    """Follows the events of a turn and keeps what the end needs."""

    def __init__(self, conversation_id: str, listener: Listener) -> None:
        self.listener = listener
        self.end: TurnEnd | None = None
        self._conversation_id = conversation_id
        self._turn_id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._level = ""
        self._told: set[str] = set()
        self._since = time.monotonic()
        self._first_word_seconds: float | None = None
        self._rules: dict[str, Callable[[event_pb.TurnEvent], None]] = {
            "started": self._started,
            "text": self._text,
            "notice": lambda event: self._notice(event.notice.sentence),
            "completed": lambda event: self._ended(event.completed),
            "failed": lambda event: self._ended(event.failed, failure=event.failed.sentence),
            "cancelled": lambda event: self._ended(event.cancelled, cancelled=True),
        }

    async def turn_id(self) -> str:
        """The turn's id, as soon as its first event has come."""
        return await self._turn_id

    def close(self) -> None:
        """No more events come: nobody need wait for the first one."""
        self._turn_id.cancel()

    def see(self, event: event_pb.TurnEvent) -> None:
        """Take one event."""
        if not self._turn_id.done():
            self._turn_id.set_result(event.turn_id)
        rule = self._rules.get(event.WhichOneof("event") or "")
        if rule is not None:
            rule(event)

    def _started(self, event: event_pb.TurnEvent) -> None:
        self._conversation_id = event.started.conversation_id
        self._level = level_pb.DegradationLevel.Name(event.started.level).removeprefix(_LEVEL)
        for reason in event.started.level_reasons:
            if reason.level != level_pb.DEGRADATION_LEVEL_L0 and reason.sentence:
                self._notice(reason.sentence)

    def _notice(self, sentence: str) -> None:
        """A plan and a notice may say the same; people need it once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.listener.notice(sentence)

    def _text(self, event: event_pb.TurnEvent) -> None:
        if self._first_word_seconds is None:
            self._first_word_seconds = time.monotonic() - self._since
        self.listener.text(event.text.text)

    def _ended(
        self,
        end: event_pb.TurnCompleted | event_pb.TurnFailed | event_pb.TurnCancelled,
        *,
        failure: str = "",
        cancelled: bool = False,
    ) -> None:
        self.end = TurnEnd(self._conversation_id, self._receipt(end), failure, cancelled)

    def _receipt(self, end: event_pb.TurnCompleted | event_pb.TurnFailed | event_pb.TurnCancelled) -> str:
        """Level, tokens, cost, time to the first word, receipt."""
        used = end.usage
        tokens = used.input_tokens + used.output_tokens
        about = "about " if used.estimated else ""
        parts = [
            self._level,
            f"{about}{tokens} tokens ({used.input_tokens} in, {used.output_tokens} out)",
            f"cost {end.cost_micros / 1_000_000:.6f}",
            f"first word {self._first_word_seconds:.2f} s" if self._first_word_seconds is not None else "",
            f"receipt {end.receipt_id}" if end.receipt_id else "",
        ]
        return " · ".join(part for part in parts if part)
