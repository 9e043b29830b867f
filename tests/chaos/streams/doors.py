"""The doors through which a turn is followed: gRPC at a replica, server-sent events and a WebSocket at the edge.

Each gives the same rows, whatever its wire says; leaving it early cuts the connection.
"""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import aiohttp
import grpc.aio
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.turn_service_pb2_grpc import TurnServiceStub
from tests.chaos.streams.stand import Stand

SUBPROTOCOL: Final = "soma.edge.v1.json"
_KINDS: Final = {
    "chat.started": "started",
    "chat.delta": "text",
    "chat.notice": "notice",
    "chat.done": "completed",
    "chat.failed": "failed",
    "chat.cancelled": "cancelled",
}
_ASIDE: Final = frozenset(("connected", "pong", "title_update"))


class BrokenError(Exception):
    """The connection ended, or was refused, before the turn did."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a client has it."""

    turn: str
    first: int
    last: int
    kind: str
    text: str = ""
    code: str = ""


@dataclass(slots=True)
class Wanted:
    """A turn to be asked for, or to be followed once its id is known."""

    request_id: str
    words: str
    turn_id: str = ""


Door = Callable[[Wanted, int], AsyncGenerator[Event, None]]


class Doors:
    """All doors, for one person."""

    def __init__(self, stand: Stand, sub: str) -> None:
        self._stand = stand
        self._token = stand.token(sub)
        options = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 300))
        self._channels = [grpc.aio.insecure_channel(stand.replica_target(it), options=options) for it in (0, 1)]
        self._http = aiohttp.ClientSession(headers={"authorization": f"Bearer {self._token}"})
        self.by_name: Final[dict[str, Door]] = {
            "grpc-0": lambda wanted, after: self._grpc(0, wanted, after),
            "grpc-1": lambda wanted, after: self._grpc(1, wanted, after),
            "sse": self._sse,
            "websocket": self._websocket,
        }

    @property
    def channel(self) -> grpc.aio.Channel:
        """A channel to the first replica."""
        return self._channels[0]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What a call carries."""
        return (("authorization", f"Bearer {self._token}"),)

    async def close(self) -> None:
        """Ends all connections."""
        await self._http.close()
        for channel in self._channels:
            await channel.close()

    async def _grpc(self, replica: int, wanted: Wanted, after: int) -> AsyncGenerator[Event, None]:
        stub: Any = TurnServiceStub(self._channels[replica])
        if wanted.turn_id:
            request: Any = turn_pb.ResumeTurnRequest(turn_id=wanted.turn_id, after_sequence=after)
            call = stub.ResumeTurn(request, metadata=self.metadata, timeout=60)
        else:
            content = [message_pb.ContentPart(text=wanted.words)]
            request = turn_pb.SendMessageRequest(content=content, request_id=wanted.request_id)
            call = stub.SendMessage(request, metadata=self.metadata, timeout=60)
        try:
            async for event in call:
                yield _of_proto(event)
        except grpc.aio.AioRpcError as error:
            raise BrokenError(error.details()) from error
        finally:
            call.cancel()
        raise BrokenError("the stream ended")

    async def _sse(self, wanted: Wanted, after: int) -> AsyncGenerator[Event, None]:
        headers = {"accept": "text/event-stream"}
        url = f"{self._stand.edge_url}/api/v1/chat/turns"
        if wanted.turn_id:
            headers["last-event-id"] = f"{wanted.turn_id}:{after}"
            asked = self._http.get(f"{url}/{wanted.turn_id}/events", headers=headers)
        else:
            body = {"content": [{"text": wanted.words}], "request_id": wanted.request_id}
            asked = self._http.post(url, headers=headers, json=body)
        try:
            async with asked as answer:
                if answer.status != 200:
                    raise BrokenError(await answer.text())
                async for raw in answer.content:
                    line = raw.decode().strip()
                    if line.startswith("event:"):
                        raise BrokenError(line)
                    if line.startswith("data: "):
                        yield _of_json(json.loads(line.removeprefix("data: ")))
        except aiohttp.ClientError as error:
            raise BrokenError(str(error)) from error
        raise BrokenError("the stream ended")

    async def _websocket(self, wanted: Wanted, after: int) -> AsyncGenerator[Event, None]:
        url = f"{self._stand.edge_url.replace('http', 'ws', 1)}/ws/v2/chat"
        offered: Any = [SUBPROTOCOL, f"soma-auth.{self._token}"]
        if wanted.turn_id:
            kind, payload = "chat.resume", {"turn_id": wanted.turn_id, "after_sequence": after}
        else:
            kind, payload = "chat.send", {"content": wanted.words, "request_id": wanted.request_id}
        try:
            async with connect(url, subprotocols=offered, open_timeout=10, close_timeout=0.2) as connection:
                await connection.send(json.dumps({"type": kind, "id": str(uuid4()), "payload": payload}))
                async for raw in connection:
                    frame = json.loads(raw)
                    if frame["type"] == "error":
                        raise BrokenError(frame["payload"]["message"])
                    if frame["type"] not in _ASIDE:
                        yield _of_frame(frame)
        except (WebSocketException, OSError, TimeoutError) as error:
            raise BrokenError(str(error)) from error
        raise BrokenError("the connection ended")


def _of_proto(event: event_pb.TurnEvent) -> Event:
    kind = str(event.WhichOneof("event"))
    first = event.first_sequence or event.sequence
    return Event(event.turn_id, first, event.sequence, kind, event.text.text, event.notice.code)


def _of_json(event: dict[str, Any]) -> Event:
    kind = next(name for name in (*_KINDS.values(), "reasoning") if name in event)
    last = event["sequence"]
    text, code = event.get("text", {}).get("text", ""), event.get("notice", {}).get("code", "")
    return Event(event["turn_id"], event.get("first_sequence") or last, last, kind, text, code)


def _of_frame(frame: dict[str, Any]) -> Event:
    payload = frame["payload"]
    last = payload["sequence"]
    first = payload.get("first_sequence") or last
    code = payload["code"] if frame["type"] == "chat.notice" else ""
    return Event(payload["turn_id"], first, last, _KINDS[frame["type"]], payload.get("delta", ""), code)


async def whole(door: Door, wanted: Wanted) -> list[Event]:
    """All events from the beginning to the end. Raises BrokenError."""
    events: list[Event] = []
    async with aclosing(door(wanted, 0)) as told:
        async for event in told:
            events.append(event)
            if event.kind in ("completed", "failed", "cancelled"):
                break
    return events
