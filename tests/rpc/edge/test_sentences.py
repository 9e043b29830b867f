"""Every reason has the same words at every door: gRPC, REST, OpenAI, WebSocket and the command line."""

# ruff: noqa: N802 - the contract names the methods

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, LocalizedMessage
from google.rpc.status_pb2 import Status
from websockets.asyncio.client import connect

from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import REASONS, Reason
from soma_common.rpc.status import DETAILS_KEY
from soma_common.testing.identity import ISSUER, TENANT
from soma_common.testing.rpc import RpcHarness, Served
from tests.rpc.edge.conftest import Door
from tests.rpc.edge.scripted_chat import Script, ScriptedChat
from tools.reference.errors import examples

ERRORS = {reason: SomaError(reason, metadata) for reason, (_, metadata) in examples().items()}
TABLE = {reason: REASONS[reason].sentence.format(**error.metadata) for reason, error in ERRORS.items()}
HELLO = {"content": [{"text": "Hello"}]}
COMPLETION = {"model": "soma", "messages": [{"role": "user", "content": "Hello"}]}
Ask = Callable[[], Awaitable[str]]


def failed(error: SomaError) -> event_pb.TurnFailed:
    return event_pb.TurnFailed(reason=error.reason, sentence=error.sentence, metadata=dict(error.metadata))


async def heard(chat: ScriptedChat, ask: Ask, *, late: bool = False) -> dict[Reason, str]:
    """What a door says for each reason: as a refusal, or as the end of a turn that had begun."""
    found = {}
    for reason, error in ERRORS.items():
        chat.script = Script(pieces=("So ",), failure=failed(error)) if late else Script(refusal=error)
        found[reason] = await ask()
    return found


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Reason)
    assert all("{" not in sentence for sentence in TABLE.values())


async def test_grpc(chat: ScriptedChat, chat_server: Served, rpc: RpcHarness, door: Door) -> None:
    stub = turn_grpc.TurnServiceStub(rpc.bare(chat_server))
    reasons: dict[str, str] = {}

    async def ask() -> str:
        request = turn_pb.SendMessageRequest(content=[message_pb2.ContentPart(text="Hello")], request_id=str(uuid4()))
        call = stub.SendMessage(request, metadata=(("authorization", f"Bearer {door.token()}"),), timeout=10)
        with pytest.raises(grpc.aio.AioRpcError) as broken:
            await anext(aiter(call))
        packed: Any = dict(broken.value.trailing_metadata())[DETAILS_KEY]
        status, info, words = Status.FromString(packed), ErrorInfo(), LocalizedMessage()
        [box for box in status.details if box.Unpack(info)]
        [box for box in status.details if box.Unpack(words)]
        assert broken.value.details() == status.message == words.message
        reasons[info.reason] = status.message
        return status.message

    assert await heard(chat, ask) == TABLE
    assert reasons == {reason.value: sentence for reason, sentence in TABLE.items()}


@pytest.mark.parametrize("late", [False, True], ids=["refused", "failed later"])
async def test_rest(chat: ScriptedChat, http: aiohttp.ClientSession, late: bool) -> None:
    async def ask() -> str:
        async with http.post("/api/v1/chat/turns", json=HELLO) as response:
            last = json.loads((await response.text()).splitlines()[-1])
            return str(last["failed"]["sentence"] if late else last["error"]["message"])

    assert await heard(chat, ask, late=late) == TABLE


@pytest.mark.parametrize("late", [False, True], ids=["refused", "failed later"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_openai(chat: ScriptedChat, http: aiohttp.ClientSession, late: bool, stream: bool) -> None:
    async def ask() -> str:
        async with http.post("/v1/chat/completions", json={**COMPLETION, "stream": stream}) as response:
            last = (await response.text()).strip().rpartition("data: ")[2]
            return str(json.loads(last)["error"]["message"])

    assert await heard(chat, ask, late=late) == TABLE


@pytest.mark.parametrize("late", [False, True], ids=["refused", "failed later"])
async def test_websocket(chat: ScriptedChat, door: Door, late: bool) -> None:
    protocols: list[Any] = ["soma.edge.v1.json", f"soma-auth.{door.token()}"]
    async with connect(door.socket_url, subprotocols=protocols) as socket:

        async def ask() -> str:
            await socket.send(json.dumps({"type": "chat.send", "id": "1", "payload": {"content": "Hello"}}))
            frame = json.loads(await socket.recv())
            while frame["type"] not in ("error", "chat.failed"):
                frame = json.loads(await socket.recv())
            return str(frame["payload"]["message"])

        assert await heard(chat, ask, late=late) == TABLE


class ByName(ScriptedChat):
    """A chat in which the question names the reason for which it is refused, or fails later."""

    def __init__(self, *, late: bool) -> None:
        super().__init__()
        self._late = late

    async def SendMessage(self, request: turn_pb.SendMessageRequest, context: Any) -> AsyncIterator[event_pb.TurnEvent]:
        error = ERRORS[Reason(request.content[0].text)]
        self.script = Script(pieces=("So ",), failure=failed(error)) if self._late else Script(refusal=error)
        async for event in super().SendMessage(request, context):
            yield event


# The command as it is called, for one reason after another in one process, as loading it takes longest.
COMMANDS = """
import sys
from cli.main import main
for reason in sys.argv[1:]:
    sys.argv = ["somastack", "chat", reason]
    try:
        main()
    except SystemExit:
        print("\\n=" + reason, file=sys.stderr)
"""


@pytest.mark.parametrize("late", [False, True], ids=["refused", "failed later"])
async def test_command_line(rpc: RpcHarness, late: bool) -> None:
    served = await rpc.serve("chat", *ByName(late=late).added())
    keys, houses = rpc.identity, ("CHAT", "MEMORY", "GOVERNOR", "COGNITIVE", "CONTROL")
    settings = {
        "SOMA_DEPLOY_MODE": "somastack",
        "SOMA_TENANT_ID": str(TENANT),
        "SOMA_OWNER_SUB": "owner",
        "SOMA_ISSUER": ISSUER,
        "SOMA_JWKS_PATH": str(keys.jwks_path),
        "SOMA_SERVICE_KEY_PATH": str(keys.folder),
        "SOMA_USER_KEY_PATH": str(keys.user_key_path),
        "SOMA_HOME": str(keys.folder),
        **{f"SOMA_{house}_TARGETS": served.target for house in houses},
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMANDS, *TABLE),
        env={"PATH": os.environ["PATH"], "COLUMNS": "1000", **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    heard = {name.strip(): words.strip() for words, name in re.findall(r"(.*?)\n=(\w+)\n", said.decode(), re.DOTALL)}
    assert {name: words.splitlines()[0] for name, words in heard.items()} == TABLE
