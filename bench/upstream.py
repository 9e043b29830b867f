"""The model provider of all arms: `python -m bench.upstream` speaks OpenAI's streaming form, with varied text.

The scripted upstream of the tests keeps records of every request; this one is as cheap as a provider can be, so that it
never is what is measured. `PUT /control` sets how many chunks an answer has and when they come.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Self, cast

import httptools
import orjson
import uvloop

from bench.load.schedule import SUBJECTS
from bench.processes import load_core

_VARIETY: Final = 4096
_CHUNK: Final = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1700000000, "model": "scripted"}
_HEAD: Final = b"\r\n".join(
    (b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream", b"Transfer-Encoding: chunked", b"", b"")
)


@dataclass(frozen=True, slots=True)
class Answers:
    """How requests are answered: `chunks` words, the first after `first_seconds`, the others `gap_seconds` apart."""

    chunks: int = 8
    first_seconds: float = 0.0
    gap_seconds: float = 0.0


def _framed(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _framed(b"data: " + orjson.dumps({**_CHUNK, "choices": [choice]}) + b"\n\n")


def _words() -> list[bytes]:
    """Chunks of one word each, no two neighbours alike."""
    source = random.Random("words")
    said = [source.choice(SUBJECTS)]
    while len(said) < _VARIETY:
        said.append(source.choice([word for word in SUBJECTS if word != said[-1]]))
    return [_event({"content": f" {word}"}) for word in said]


def _last(prompt_bytes: int, chunks: int) -> bytes:
    prompt = prompt_bytes // 4
    usage = {"prompt_tokens": prompt, "completion_tokens": chunks, "total_tokens": prompt + chunks}
    event = b"data: " + orjson.dumps({**_CHUNK, "choices": [], "usage": usage}) + b"\n\n"
    return _event({}, "stop") + _framed(event + b"data: [DONE]\n\n") + b"0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """One client; its requests are answered one after the other."""

    answers = Answers()
    words: Sequence[bytes] = ()
    first = _event({"role": "assistant", "content": ""})

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._path = b""
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._path.endswith(b"/chat/completions"):
            self._task = asyncio.create_task(self._stream(len(self._body)))
        elif self._path == b"/control":
            _Connection.answers = Answers(**orjson.loads(self._body))
            self._whole({})
        else:
            self._whole({"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "bench"}]})

    def _whole(self, value: object) -> None:
        body = orjson.dumps(value)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)

    async def _stream(self, prompt_bytes: int) -> None:
        answers, words = self.answers, self.words
        if answers.first_seconds:
            await asyncio.sleep(answers.first_seconds)
        self._transport.write(_HEAD + self.first)
        loop = asyncio.get_running_loop()
        at, due = random.randrange(_VARIETY), loop.time()
        for number in range(answers.chunks):
            self._transport.write(words[(at + number) % _VARIETY])
            due += answers.gap_seconds
            await asyncio.sleep(max(0.0, due - loop.time()) if answers.gap_seconds else 0)
            if not self._may_write.is_set():
                await self._may_write.wait()
        self._transport.write(_last(prompt_bytes, answers.chunks))


async def _serve() -> None:
    _Connection.words = _words()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=1024)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


class Upstream:
    """The upstream's process, as a `with` block."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.upstream"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def base_url(self) -> str:
        """The base URL of its OpenAI API."""
        return f"{self.address}/v1"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def answer(self, answers: Answers) -> None:
        """Answer like this from now on."""
        request = urllib.request.Request(f"{self.address}/control", json.dumps(asdict(answers)).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()


if __name__ == "__main__":
    os.sched_setaffinity(0, load_core())
    uvloop.run(_serve())
