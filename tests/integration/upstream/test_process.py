"""The process of the model upstream and its control."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import aiohttp
import pytest

from soma_common.testing.upstream import Script, ScriptedUpstream
from soma_common.testing.upstream.text import simple_count
from soma_common.tokens import tokenizer_for

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def ask(upstream: ScriptedUpstream, **headers: str) -> bytes:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{upstream.base_url}/chat/completions", json=BODY, headers=headers) as response,
    ):
        return await response.read()


async def test_requests_are_recorded_without_secrets(upstream: ScriptedUpstream) -> None:
    await ask(upstream, Authorization="Bearer sk-very-secret", traceparent=TRACEPARENT)
    await ask(upstream, Authorization="Bearer sk-very-secret")
    await ask(upstream, Authorization="Bearer sk-another")
    first, second, third = await upstream.aio.requests()
    assert first.body == BODY
    assert first.prompt.startswith("hello")
    assert first.trace_id == TRACEPARENT.split("-")[1]
    assert first.headers["authorization"].startswith("sha256:")
    assert first.headers["authorization"] == second.headers["authorization"] != third.headers["authorization"]
    assert "secret" not in json.dumps([record.to_json() for record in (first, second, third)])


async def test_reset_forgets_everything(upstream: ScriptedUpstream) -> None:
    await upstream.aio.set_default(Script(text="some other words"))
    await upstream.aio.enqueue(Script(name="waits", match="never said"))
    await ask(upstream)
    await upstream.aio.reset()
    assert await upstream.aio.requests() == []
    assert (await upstream.aio.totals()).requests == 0
    assert b"other" not in await ask(upstream)


async def test_what_ran_before_a_reset_ends_soon_and_is_in_no_sum(upstream: ScriptedUpstream) -> None:
    await upstream.aio.set_default(Script(chunks=50, gap_seconds=0.5))
    long = asyncio.create_task(ask(upstream))
    await upstream.aio.wait_for(lambda seen: bool(seen) and seen[0].chunks_sent > 0)
    await upstream.aio.reset()
    assert (await asyncio.wait_for(long, 20)).endswith(b"data: [DONE]\n\n")
    await ask(upstream)
    assert (await upstream.aio.totals()).finished == 1


async def test_totals_equal_the_records(upstream: ScriptedUpstream) -> None:
    for _ in range(3):
        await ask(upstream)
    records, totals = upstream.requests(), upstream.totals()
    assert totals.requests == totals.finished == 3
    assert totals.chunks == sum(record.chunks_sent for record in records)
    assert totals.prompt_tokens == sum(record.prompt_tokens for record in records)


def test_a_wrong_script_is_refused_with_its_reason(upstream: ScriptedUpstream) -> None:
    with pytest.raises(ValueError, match="chunk"):
        upstream._call("PUT", "/control/script", {"default": {"chunk": 1}})


async def test_a_killed_one_comes_back_on_its_port() -> None:
    with ScriptedUpstream(Script(text="once again")) as own:
        address = own.address
        own.kill()
        with pytest.raises(aiohttp.ClientConnectionError):
            await ask(own)
        own.start()
        assert own.address == address
        assert b"again" in await ask(own)


async def test_two_thousand_chunks_a_second(upstream: ScriptedUpstream) -> None:
    upstream.set_default(Script(chunks=1000))
    started = time.monotonic()
    await asyncio.gather(*(ask(upstream) for _ in range(4)))
    assert 4000 / (time.monotonic() - started) > 2000


def test_a_parent_that_dies_takes_it_along() -> None:
    code = (
        "import os; from soma_common.testing.upstream import ScriptedUpstream\n"
        "print(ScriptedUpstream().start().pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    pid, deadline = int(done.stdout), time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("the upstream outlived its parent")


async def test_tokens_can_be_counted_as_the_stack_counts_them() -> None:
    text = "Internationalisation is a twenty-letter word."
    with ScriptedUpstream(Script(text=text, chunks=1), tokenizer="model") as own:
        await ask(own)
        assert own.requests()[0].completion_tokens == tokenizer_for("m").count(text) != simple_count(text)
