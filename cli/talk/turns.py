"""One turn from a terminal: the question goes to chat, the answer comes back piece by piece, Ctrl-C stops it.

A connection that is lost on the way is taken up again where it broke. Nothing here reads the keyboard or prints.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from cli.exits import CommandError, Exit
from cli.owner import OwnerToken
from cli.talk.asking import Asked, Following, Request
from cli.talk.watch import Listener, TurnEnd, Watch
from config import IdentitySettings
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
_LEFT: Final = "Left it. The answer may still be written; `somastack chat --last` follows it."


class Turns:
    """The way to chat's turns."""

    def __init__(self, targets: Sequence[str], identity: IdentitySettings, ids: Ids) -> None:
        self._owner = OwnerToken(identity)
        self._ids = ids
        self._channel = dial(targets, self._owner, name="chat")
        self._stub = self._channel.stub(turn_grpc.TurnServiceStub)
        self._calls: Mapping[type, Callable[[Any], Any]] = {
            turn_pb.SendMessageRequest: self._stub.SendMessage,
            turn_pb.EditMessageRequest: self._stub.EditMessage,
            turn_pb.RegenerateMessageRequest: self._stub.RegenerateMessage,
            turn_pb.ResumeTurnRequest: self._stub.ResumeTurn,
        }

    async def close(self) -> None:
        """Ends all connections."""
        await self._channel.close()

    async def ask(self, asked: Asked, listener: Listener) -> TurnEnd:
        """Hear one turn to its end, or to where it waits for a person; Ctrl-C stops it.

        Raises SomaError, and CommandError for one whose end was not seen.
        """
        watch = self.watch(asked, listener)
        with self.stopping(watch):
            return await self.hear(asked, watch)

    def watch(self, asked: Asked, listener: Listener) -> Watch:
        """What follows the events of a turn that is going to be heard."""
        known = asked if isinstance(asked, Following) else None
        return Watch(
            asked.conversation_id, listener, known.turn_id if known else "", known.after_sequence if known else 0
        )

    async def hear(self, asked: Asked, watch: Watch) -> TurnEnd:
        """The turn to its end, as `ask`, and nothing stops it."""
        request_id = str(self._ids.uuid4())
        with acting_as(self._owner.caller, request_id):
            await self._hear(asked.request(request_id), watch)
        if watch.end is None:
            raise CommandError(_BROKE_OFF, Exit.CANNOT_REACH)
        return watch.end

    async def _hear(self, request: Request, watch: Watch) -> None:
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

    async def _connect(self, request: Request, watch: Watch) -> None:
        """Hear what comes over one connection: the whole turn, or the rest of it. Raises SomaError."""
        if watch.last_sequence:
            request = turn_pb.ResumeTurnRequest(turn_id=await watch.turn_id(), after_sequence=watch.last_sequence)
        async with following(self._calls[type(request)](request)) as events:
            await _see_all(events, watch)

    @contextmanager
    def stopping(self, watch: Watch) -> Iterator[None]:
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
            with acting_as(self._owner.caller, request.request_id):
                try:
                    await self._stub.CancelTurn(request)
                except SomaError as failure:
                    watch.notice(failure.sentence)


async def _see_all(events: AsyncIterator[event_pb.TurnEvent], watch: Watch) -> None:
    async for event in events:
        watch.see(event)
        if watch.end is not None:
            return
