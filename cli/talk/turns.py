"""One turn from a terminal: the question goes to chat, the answer comes back piece by piece, Ctrl-C stops it.

A connection that is lost on the way is taken up again where it broke. Nothing here reads the keyboard or prints.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from cli.exits import CommandError, Exit
from cli.owner import OwnerToken
from cli.talk.watch import Listener, TurnEnd, Watch
from config import IdentitySettings
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Kind
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import dial
from soma_common.rpc.replies import following

_PATIENCE_SECONDS: Final = 60.0
_WAITS: Final = Backoff(first_seconds=0.4, longest_seconds=4.0)
_LOST: Final = "Connection lost, reconnecting. The answer goes on without you."
_BROKE_OFF: Final = "The answer broke off. `somastack status` shows whether chat runs."
_LEFT: Final = "Left it. The answer may still be written; `somastack chat --continue` shows where it ended."


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Empty: a new conversation, and the model of the agent."""

    text: str
    conversation_id: str = ""
    model_id: str = ""


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

    async def ask(self, question: Question, listener: Listener) -> TurnEnd:
        """Run one turn to its end. Raises SomaError, and CommandError for one whose end was not seen."""
        request = turn_pb.SendMessageRequest(
            content=[message_pb.ContentPart(text=question.text)],
            request_id=str(self._ids.uuid4()),
            on_disconnect=turn_pb.ON_DISCONNECT_CONTINUE,
            model_profile_id=question.model_id,
        )
        if question.conversation_id:
            request.conversation_id = question.conversation_id
        with acting_as(self._owner.caller, request.request_id):
            watch = Watch(question.conversation_id, listener)
            with self._stopping(watch):
                await self._hear(request, watch)
        if watch.end is None:
            raise CommandError(_BROKE_OFF, Exit.CANNOT_REACH)
        return watch.end

    async def _hear(self, request: turn_pb.SendMessageRequest, watch: Watch) -> None:
        """Hear the turn to its end, over as many connections as it takes. Raises SomaError."""
        failures, since, heard = 0, time.monotonic(), 0
        while watch.end is None:
            try:
                await self._connect(request, watch)
            except SomaError as problem:
                if watch.last_sequence > heard:
                    failures, since, heard = 0, time.monotonic(), watch.last_sequence
                failures += 1
                passing = problem.kind is Kind.UNAVAILABLE and watch.last_sequence > 0
                if not passing or time.monotonic() - since > _PATIENCE_SECONDS:
                    raise
                watch.notice(_LOST)
                await asyncio.sleep(_WAITS.wait_seconds(failures, 0.0) or 0.0)
            else:
                return

    async def _connect(self, request: turn_pb.SendMessageRequest, watch: Watch) -> None:
        """Hear what comes over one connection: the whole turn, or the rest of it. Raises SomaError."""
        if watch.last_sequence == 0:
            async with following(self._stub.SendMessage(request)) as events:
                await _see_all(events, watch)
            return
        rest = turn_pb.ResumeTurnRequest(turn_id=await watch.turn_id(), after_sequence=watch.last_sequence)
        async with following(self._stub.ResumeTurn(rest)) as events:
            await _see_all(events, watch)

    @contextmanager
    def _stopping(self, watch: Watch) -> Iterator[None]:
        """Ctrl-C stops the turn; another one stops waiting for that. Raises CommandError after the second."""
        loop, ours = asyncio.get_running_loop(), asyncio.current_task()
        assert ours is not None
        stops: list[asyncio.Task[None]] = []
        left = False

        def stop() -> None:
            nonlocal left
            if stops:
                left = True
                ours.cancel()
            else:
                stops.append(asyncio.ensure_future(self._cancel(watch)))

        loop.add_signal_handler(signal.SIGINT, stop)
        try:
            yield
        except asyncio.CancelledError:
            if not left:
                raise
            ours.uncancel()
            raise CommandError(_LEFT) from None
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            watch.close()
            for task in stops:
                task.cancel()

    async def _cancel(self, watch: Watch) -> None:
        """Stop the turn at chat; its last event then ends the stream."""
        with suppress(asyncio.CancelledError):
            request = turn_pb.CancelTurnRequest(turn_id=await watch.turn_id(), request_id=str(self._ids.uuid4()))
            try:
                await self._stub.CancelTurn(request)
            except SomaError as failure:
                watch.notice(failure.sentence)


async def _see_all(events: AsyncIterator[event_pb.TurnEvent], watch: Watch) -> None:
    async for event in events:
        watch.see(event)
