"""What a hostile page, host name or client can try at the doors."""

import asyncio
import json
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from soma_common.testing.eventually import eventually
from tests.rpc.edge.conftest import LOOPBACK, Door
from tests.rpc.edge.scripted_chat import Script, ScriptedChat

CONVERSATIONS = "/api/v1/chat/conversations"


async def raw(door: Door, data: bytes, *, read_all: bool = True) -> bytes:
    """Sends bytes as they are and gives what comes back."""
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    writer.write(data)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read() if read_all else reader.read(65536), 15)
    finally:
        writer.close()


def cookies_of(http: aiohttp.ClientSession) -> dict[str, str]:
    return {cookie.key.rpartition("_")[0]: cookie.value for cookie in http.cookie_jar}


async def test_the_page_gives_this_machine_a_session(door: Door, stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        given = response.headers.getall("set-cookie")
    assert [cookie.partition("=")[0] for cookie in given] == [f"soma_session_{door.port}", f"soma_csrf_{door.port}"]
    for cookie in given:
        assert "samesite=strict" in cookie.lower()
        assert "path=/" in cookie.lower()
    assert "httponly" in given[0].lower()
    assert "httponly" not in given[1].lower()
    async with stranger.get(CONVERSATIONS) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "10.0.0.1"},
        {"Forwarded": "for=10.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "10.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_nobody_else_gets_one(stranger: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    async with stranger.get("/", headers=headers) as response:
        assert response.status == 200
        assert "set-cookie" not in response.headers
    async with stranger.get("/api/v1/auth/session", headers=headers) as response:
        assert response.status == 401
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize("changes", [{"session": None}])
async def test_other_shapes_give_none(stranger: aiohttp.ClientSession, changes: dict[str, Any]) -> None:
    async with stranger.get("/") as response:
        assert response.status == 200
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "127.0.0.1:2", "", "localhost.evil:{port}"]
)
async def test_a_foreign_host_name_is_refused(door: Door, stranger: aiohttp.ClientSession, host: str) -> None:
    name = host.format(port=door.port)
    for path in ("/", "/api/v1/health", CONVERSATIONS, "/v1/models", "/static/app.js"):
        async with stranger.get(path, headers={"Host": name}) as response:
            assert response.status == 421
            code = (await response.json())["error"]["code"]
            assert code == ("origin_not_allowed" if path.startswith("/v1/") else "ORIGIN_NOT_ALLOWED")
            assert "set-cookie" not in response.headers
    with pytest.raises(InvalidStatus) as refused:
        await _connect_as(door, name)
    assert refused.value.response.status_code == 421


async def _connect_as(door: Door, host: str) -> None:
    async with connect(f"ws://{host or 'x'}/ws/v2/chat", host=LOOPBACK, port=door.port, proxy=None):
        pass


async def test_our_own_names_are_accepted(door: Door, stranger: aiohttp.ClientSession) -> None:
    for name in (f"localhost:{door.port}", f"LOCALHOST:{door.port}", f"{LOOPBACK}:{door.port}"):
        async with stranger.get("/api/v1/health", headers={"Host": name}) as response:
            assert response.status == 200


async def test_two_host_headers_are_refused(door: Door) -> None:
    host = f"{LOOPBACK}:{door.port}"
    answer = await raw(
        door, f"GET /api/v1/health HTTP/1.1\r\nHost: {host}\r\nHost: evil\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.split()[1] in (b"400", b"421")


async def test_writes_by_cookie_need_our_origin_and_the_csrf_token(door: Door, stranger: aiohttp.ClientSession) -> None:
    await (await stranger.get("/")).read()
    csrf = cookies_of(stranger)["soma_csrf"]
    own = {"Origin": door.url}
    for headers in (
        {},
        own,
        {"x-soma-csrf": csrf},
        {**own, "x-soma-csrf": "wrong"},
        {**own, "x-soma-csrf": csrf[:-1]},
        {"Origin": "https://evil.example", "x-soma-csrf": csrf},
        {"Origin": "null", "x-soma-csrf": csrf},
        {"Origin": f"{door.url}.evil.example", "x-soma-csrf": csrf},
        {"Origin": door.url.replace("http", "https"), "x-soma-csrf": csrf},
    ):
        for path, body in ((CONVERSATIONS, {}), ("/v1/chat/completions", {"model": "soma", "messages": []})):
            async with stranger.post(path, json=body, headers=headers) as response:
                assert response.status == 403, (path, headers)
    async with stranger.post(CONVERSATIONS, json={}, headers={**own, "x-soma-csrf": csrf}) as response:
        assert response.status == 200


async def test_a_forged_cookie_is_nobody(door: Door) -> None:
    cookies = {f"soma_session_{door.port}": "forged.forged.forged"}
    async with aiohttp.ClientSession(door.url, cookies=cookies) as http, http.get(CONVERSATIONS) as response:
        assert response.status == 401


async def test_a_socket_by_cookie_needs_our_origin(door: Door, stranger: aiohttp.ClientSession) -> None:
    await (await stranger.get("/")).read()
    cookie = f"soma_session_{door.port}={cookies_of(stranger)['soma_session']}"
    origins: list[Any] = [door.url, None, "https://evil.example", "null"]
    for origin in origins:
        async with connect(door.socket_url, additional_headers={"Cookie": cookie}, origin=origin) as connection:
            first = json.loads(await connection.recv())
            if origin == door.url:
                assert first["type"] == "connected"
                continue
            assert first["payload"]["code"] == "ORIGIN_NOT_ALLOWED"
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4003


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/chat/conversations",
        "/v1/models",
        "/v1/models/soma",
        "/admin/services",
        "/micro/diag",
        "/neuromodulators",
        "/api/v1/budget",
    ],
)
async def test_every_door_needs_a_valid_token(door: Door, path: str) -> None:
    expired = door.token(ttl_seconds=-60)
    by_service = door.identity.signed({"sub": "ada", "aud": "soma"}, door.identity.service_keys["chat"])
    none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."
    async with aiohttp.ClientSession(door.url) as http:
        for header in (
            "",
            "Basic YTpi",
            "Bearer ",
            "Bearer x",
            "Bearer forged.forged.forged",
            *(f"Bearer {it}" for it in (expired, by_service, none, "y" * 9000)),
        ):
            async with http.get(path, headers={"Authorization": header} if header else {}) as response:
                assert response.status == 401, header
                assert response.headers["www-authenticate"].startswith("Bearer")
                text = await response.text()
            assert "Traceback" not in text
            assert json.loads(text)["error"]["message"]


async def test_large_bodies_and_headers(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.post(CONVERSATIONS, data=BytesIO(b"x" * (1024 * 1024 + 1))) as response:
        assert response.status == 413
        assert (await response.json())["error"]["code"] == "PAYLOAD_TOO_LARGE"

    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 65536

    async with http.post(CONVERSATIONS, data=chunks()) as response:
        assert response.status == 413
    async with http.get(
        CONVERSATIONS,
        headers={
            "x-much": "x" * 7000,
            "x-more": "x" * 7000,
            "x-most": "x" * 7000,
            "x-all": "x" * 7000,
            "x-end": "x" * 7000,
        },
    ) as response:
        assert response.status == 431
    async with http.get(CONVERSATIONS, headers={f"x-{number}": "y" for number in range(120)}) as response:
        assert response.status == 431
    host = f"Host: {LOOPBACK}:{door.port}\r\n".encode()
    endless = await raw(door, b"GET / HTTP/1.1\r\n" + host + b"x: " + b"y" * 400_000)
    assert endless.split()[1] == b"431"
    assert b"PAYLOAD_TOO_LARGE" in endless


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /static/..%2f__main__.py HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /static/index.html HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_is_not_proper_http_gets_a_typed_answer(door: Door, sent: bytes) -> None:
    answer = await raw(door, sent.replace(b"{host}", f"{LOOPBACK}:{door.port}".encode()))
    status = int(answer.split()[1])
    assert 400 <= status < 500, answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in head.lower()
    assert json.loads(body)["error"]["code"]


async def test_a_head_that_never_ends_is_cut(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.protocol._HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    writer.write(b"GET / HTTP/1.1\r\n")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 5)
    writer.close()


async def test_a_body_that_pauses_too_long_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    head = f"POST {CONVERSATIONS} HTTP/1.1\r\nHost: {LOOPBACK}:{door.port}\r\nAuthorization: Bearer {door.token()}\r\n"
    monkeypatch.setattr("edge.web_safety._BODY_PAUSE_SECONDS", 0.2)
    answer = await raw(door, f"{head}Content-Length: 100\r\n\r\n{{".encode(), read_all=False)
    assert answer.split()[1] == b"504"
    assert b"DEADLINE_EXCEEDED" in answer


async def test_a_body_that_drips_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.web_safety._BODY_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    head = f"POST {CONVERSATIONS} HTTP/1.1\r\nHost: {LOOPBACK}:{door.port}\r\nAuthorization: Bearer {door.token()}\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\n".encode())
    answer = asyncio.create_task(reader.read(65536))
    for _ in range(100):
        writer.write(b" ")
        await asyncio.wait((answer,), timeout=0.05)
        if answer.done():
            break
    assert answer.done()
    assert b"DEADLINE_EXCEEDED" in answer.result()
    writer.close()


async def test_a_reader_that_takes_nothing_is_cut(
    door: Door, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.protocol._STALL_SECONDS", 0.3)
    chat.script = Script(pieces=("x" * 60_000,) * 600, gap_seconds=0.02)
    # Nobody reads from this stream, so it takes a few KiB and then no more.
    _, writer = await asyncio.open_connection(LOOPBACK, door.port, limit=1024)
    body = json.dumps({"model": "soma", "stream": True, "messages": [{"role": "user", "content": "hi"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {LOOPBACK}:{door.port}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Authorization: Bearer {door.token()}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def stopped() -> bool:
        return any(turn.events[-1].WhichOneof("event") == "cancelled" for turn in chat.turns.values())

    await eventually(stopped, within_seconds=10)
    writer.close()


async def test_the_safety_headers_are_everywhere(door: Door, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/static/app.js", "/api/v1/health", CONVERSATIONS, "/nothing", "/v1/models", "/v1/nothing"):
        async with http.get(path) as response:
            policy = response.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in response.headers
            assert "server" not in response.headers
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with http.options(CONVERSATIONS, headers=preflight) as response:
        assert response.status == 405
        assert "access-control-allow-origin" not in response.headers


async def test_files_are_kept_by_their_etag(stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/static/app.js") as response:
        assert response.content_type == "text/javascript"
        etag = response.headers["etag"]
    async with stranger.get("/static/app.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304
    async with stranger.get("/static/settings.py") as response:
        assert response.status == 404


async def test_no_token_is_ever_logged(
    door: Door, http: aiohttp.ClientSession, chat: ScriptedChat, caplog: pytest.LogCaptureFixture
) -> None:
    token = door.token()
    with caplog.at_level("DEBUG"):
        async with http.get(CONVERSATIONS) as response:
            await response.read()
        async with connect(door.socket_url, subprotocols=["soma.edge.v1.json", f"soma-auth.{token}"]) as connection:  # type: ignore[list-item]
            await connection.send(json.dumps({"type": "chat.send", "payload": {"content": "pumpernickel"}}))
            while json.loads(await connection.recv())["type"] != "chat.done":
                pass
        await eventually(lambda: "turn followed" in caplog.text)
    ours = "".join(
        record.getMessage() + str(vars(record))
        for record in caplog.records
        if record.name.startswith(("soma", "uvicorn"))
    )
    assert token not in ours
    assert "pumpernickel" not in ours
