"""Starts, controls and stops the upstream's process; standard library only, so importing it is cheap.

Knows the control API and nothing of what the process does with it.
"""

import asyncio
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from soma_common.testing.upstream.records import ReceivedRequest, Totals
from soma_common.testing.upstream.script import Script, Scripts

_START_SECONDS: Final = 20.0


class ScriptedUpstream:
    """One upstream process. `start()` and `stop()`, or a `with` block; a stopped one starts again on its old port."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        port: int = 0,
        models: Sequence[str] = (),
        api_key: str | None = None,
        tokenizer: str = "simple",
    ) -> None:
        self._scripts = Scripts(default=script or Script())
        self._options = [f"--tokenizer={tokenizer}", *(f"--model={model}" for model in models)]
        self._options += [f"--api-key={api_key}"] if api_key is not None else []
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.aio = AsyncControl(self)

    def start(self) -> Self:
        """Start the process and wait until it serves; raises RuntimeError when it does not come up."""
        if self._process is not None:
            return self
        command = [sys.executable, "-m", "soma_common.testing.upstream", "--until-stdin-closes", f"--port={self._port}"]
        command += ["--script", json.dumps(self._scripts.to_json()), *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait(_START_SECONDS)
            self._process = None
            raise RuntimeError(f"the scripted upstream ended with code {code} before it served")
        self._port = urlsplit(json.loads(line)["address"]).port or 0
        return self

    def stop(self) -> None:
        """End the process; safe to repeat."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None, "the upstream is not running"
        return self._process.pid

    @property
    def address(self) -> str:
        """`http://host:port`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The base URL of the OpenAI API."""
        return f"{self.address}/v1"

    def set_default(self, script: Script) -> None:
        """Answer with `script` whenever the queue has nothing for a request."""
        self._call("PUT", "/control/script", {"default": script.to_json()})

    def enqueue(self, *scripts: Script) -> None:
        """Add scripts to the queue; each answers one request."""
        self._call("POST", "/control/script", {"queue": [script.to_json() for script in scripts]})

    def requests(self) -> list[ReceivedRequest]:
        """Every request since the last reset, in order of arrival."""
        rows = self._call("GET", "/control/requests")["requests"]
        return [ReceivedRequest.from_json(row) for row in rows]

    def totals(self) -> Totals:
        """Sums over all requests since the last reset."""
        return Totals.from_json(self._call("GET", "/control/requests")["totals"])

    def reset(self) -> None:
        """Forget requests and queue, and return to the script of the start."""
        self._call("DELETE", "/control/requests")
        self._call("PUT", "/control/script", self._scripts.to_json())

    def wait_for(
        self, condition: Callable[[list[ReceivedRequest]], bool], timeout_seconds: float = 60.0
    ) -> list[ReceivedRequest]:
        """The requests, once `condition` holds of them; raises TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        while not condition(requests := self.requests()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the upstream's requests did not become as expected: {requests}")
            time.sleep(0.02)
        return requests

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise ValueError(answer["error"])
        return answer


class AsyncControl:
    """The same control for tests that run on a loop."""

    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream

    async def start(self) -> None:
        """As `ScriptedUpstream.start`."""
        await asyncio.to_thread(self._upstream.start)

    async def stop(self) -> None:
        """As `ScriptedUpstream.stop`."""
        await asyncio.to_thread(self._upstream.stop)

    async def set_default(self, script: Script) -> None:
        """As `ScriptedUpstream.set_default`."""
        await asyncio.to_thread(self._upstream.set_default, script)

    async def enqueue(self, *scripts: Script) -> None:
        """As `ScriptedUpstream.enqueue`."""
        await asyncio.to_thread(self._upstream.enqueue, *scripts)

    async def requests(self) -> list[ReceivedRequest]:
        """As `ScriptedUpstream.requests`."""
        return await asyncio.to_thread(self._upstream.requests)

    async def totals(self) -> Totals:
        """As `ScriptedUpstream.totals`."""
        return await asyncio.to_thread(self._upstream.totals)

    async def reset(self) -> None:
        """As `ScriptedUpstream.reset`."""
        await asyncio.to_thread(self._upstream.reset)

    async def wait_for(
        self, condition: Callable[[list[ReceivedRequest]], bool], timeout_seconds: float = 60.0
    ) -> list[ReceivedRequest]:
        """As `ScriptedUpstream.wait_for`."""
        return await asyncio.to_thread(self._upstream.wait_for, condition, timeout_seconds)
