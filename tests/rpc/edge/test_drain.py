"""What happens when the edge goes down."""

import json
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from edge.serving import running
from edge.settings import EdgeSettings
from soma_common.rpc.address import ListenFailed
from soma_common.testing.identity import TestIdentity
from tests.rpc.edge.scripted_chat import Script, ScriptedChat


async def test_sockets_are_told_and_turns_go_on(
    settings: EdgeSettings, identity: TestIdentity, chat: ScriptedChat
) -> None:
    chat.script = Script(gap_seconds=0.05)
    protocols: list[Any] = ["soma.edge.v1.json", f"soma-auth.{identity.user_token()}"]
    async with running(settings) as edge:
        connection = await connect(f"ws://127.0.0.1:{edge.port}/ws/v2/chat", subprotocols=protocols)
        await connection.send(json.dumps({"type": "chat.send", "payload": {"content": "Hello"}}))
        while json.loads(await connection.recv())["type"] != "chat.delta":
            pass
    frames = []
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            frames.append(json.loads(await connection.recv()))
    assert frames[-1]["payload"]["code"] == "SHUTTING_DOWN"
    assert frames[-1]["payload"]["retry_after"] > 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert "again in" in closed.value.rcvd.reason
    await connection.close()
    [turn] = chat.turns.values()
    assert not turn.stopped.is_set()


async def test_a_taken_port_is_said_in_one_sentence(settings: EdgeSettings) -> None:
    async with running(settings) as edge:
        with pytest.raises(ListenFailed, match="another process already uses this port"):
            async with running(replace(settings, http_listen=f"127.0.0.1:{edge.port}")):
                pass


async def test_ten_times_up_and_down(settings: EdgeSettings) -> None:
    for _ in range(10):
        async with running(settings) as edge:
            assert edge.port
