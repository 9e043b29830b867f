"""`python -m bench.arms.bare.chat UPSTREAM`: asks the model and streams each chunk as one TurnEvent over gRPC."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import grpc
import orjson

from soma.chat.v1 import turn_event_pb2, turn_service_pb2
from soma_common.rpc.options import server_options

METHOD = "/bench.Bare/Send"


class _Chat(grpc.GenericRpcHandler):
    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=timeout, read_bufsize=2**18
        )
        self._handler = grpc.unary_stream_rpc_method_handler(
            self._send,
            turn_service_pb2.SendMessageRequest.FromString,
            turn_event_pb2.TurnEvent.SerializeToString,
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return self._handler if handler_call_details.method == METHOD else None

    async def _send(
        self, request: turn_service_pb2.SendMessageRequest, _context: object
    ) -> AsyncIterator[turn_event_pb2.TurnEvent]:
        body = {"model": "scripted", "messages": [{"role": "user", "content": request.content[0].text}], "stream": True}
        sequence = 0
        async with self._session.post(self._url, data=orjson.dumps(body)) as response:
            rest = b""
            async for block in response.content.iter_any():
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    if not line.startswith(b"data:") or (data := line[5:].strip()) == b"[DONE]":
                        continue
                    for choice in orjson.loads(data)["choices"]:
                        if text := choice["delta"].get("content"):
                            sequence += 1
                            delta = turn_event_pb2.TextDelta(text=text)
                            yield turn_event_pb2.TurnEvent(turn_id=request.request_id, sequence=sequence, text=delta)
        completed = turn_event_pb2.TurnCompleted()
        yield turn_event_pb2.TurnEvent(turn_id=request.request_id, sequence=sequence + 1, completed=completed)


async def _main(base_url: str) -> None:
    server = grpc.aio.server(options=server_options())
    server.add_generic_rpc_handlers((_Chat(base_url),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
