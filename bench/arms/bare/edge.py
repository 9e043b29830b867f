"""`python -m bench.arms.bare.edge CHAT`: JSON frames on a WebSocket to and from the gRPC stream of the bare chat."""

import socket
import sys

import grpc
import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.arms.bare.chat import METHOD
from soma.chat.v1 import message_pb2, turn_event_pb2, turn_service_pb2
from soma_common.rpc.options import channel_options


def _frame(frame_id: str, event: turn_event_pb2.TurnEvent) -> str:
    body: dict[str, object] = {"turn_id": event.turn_id, "sequence": event.sequence}
    name = "chat.done"
    if event.HasField("text"):
        name, body["delta"] = "chat.delta", event.text.text
    return orjson.dumps({"type": name, "id": frame_id, "payload": body}).decode()


class _Edge:
    def __init__(self, chat: str) -> None:
        channel = grpc.aio.insecure_channel(chat, options=channel_options())
        self._send = channel.unary_stream(
            METHOD, turn_service_pb2.SendMessageRequest.SerializeToString, turn_event_pb2.TurnEvent.FromString
        )

    async def __call__(self, websocket: WebSocket) -> None:
        await websocket.accept(subprotocol="soma.edge.v1.json")
        try:
            while True:
                asked = orjson.loads(await websocket.receive_text())
                part = message_pb2.ContentPart(text=asked["payload"]["content"])
                question = turn_service_pb2.SendMessageRequest(content=[part], request_id=asked["id"])
                async for event in self._send(question):
                    await websocket.send_text(_frame(asked["id"], event))
        except WebSocketDisconnect:
            return


async def _main(chat: str) -> None:
    edge = _Edge(chat)

    async def endpoint(websocket: WebSocket) -> None:
        await edge(websocket)

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/chat", endpoint)]),
        loop="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
    print(listener.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1]))
