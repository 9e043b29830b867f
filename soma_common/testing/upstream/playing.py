"""Sends one answer as its script says, with its times and its fault, and keeps the record true.

The only place that writes to a client of the model API.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from soma_common.testing.upstream.answer import Answer
from soma_common.testing.upstream.chunks import completion
from soma_common.testing.upstream.faces import Face, Form
from soma_common.testing.upstream.faults import REFUSALS, retry_headers
from soma_common.testing.upstream.records import ReceivedRequest
from soma_common.testing.upstream.script import Fault, FaultKind, Script

_HTML: Final = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"
_NO_FAULT: Final = Fault(FaultKind.SLOW, at_chunk=1 << 30)


@dataclass(frozen=True, slots=True)
class Play:
    """One answer on its way to one client."""

    request: web.Request
    script: Script
    answer: Answer
    record: ReceivedRequest
    include_usage: bool
    logprobs: bool
    face: Face

    @property
    def fault(self) -> Fault:
        """The fault, or one that never strikes."""
        return self.script.fault or _NO_FAULT


class FaultedError(Exception):
    """A fault ended the answer; `response` is what was begun, None when the connection is gone."""

    def __init__(self, response: web.StreamResponse | None) -> None:
        super().__init__()
        self.response = response


def cut(request: web.Request) -> None:
    """Close the TCP connection under the client."""
    if request.transport is not None:
        request.transport.abort()


async def fail_first(play: Play) -> web.Response | None:
    """The fault that strikes before the first byte, if the script has one; waits for the first token otherwise."""
    fault = play.fault
    if fault.at_chunk > 0:
        await asyncio.sleep(play.script.first_token_seconds)
        return None
    if fault.kind is FaultKind.STALL:
        await _stall()
    await asyncio.sleep(play.script.first_token_seconds)
    if fault.kind is FaultKind.CUT:
        cut(play.request)
        raise FaultedError(None)
    if fault.kind is FaultKind.ENDS:
        return web.Response(body=b"", content_type="text/event-stream", status=200)
    if fault.kind is FaultKind.WRONG_CONTENT_TYPE:
        return web.Response(body=_HTML, content_type="text/html", status=200)
    if refusal := REFUSALS.get(fault.kind):
        body = play.face.refusal(refusal)
        return web.Response(
            body=body, status=refusal.status, content_type="application/json", headers=retry_headers(fault)
        )
    return None


async def play_whole(play: Play) -> web.StreamResponse:
    """Answer in one JSON body; a fault above chunk 0 strikes in the middle of the body."""
    gaps = play.script.gap_seconds * (len(play.answer.pieces) + len(play.answer.reasoning))
    await asyncio.sleep(gaps)
    fault = play.script.fault
    body = completion(play.answer, int(time.time()), logprobs=play.logprobs, report_usage=play.script.report_usage)
    kind = fault.kind if fault else None
    if fault and kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds or 0)
    if kind in (FaultKind.CUT, FaultKind.STALL):
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await response.prepare(play.request)
        await response.write(body[: len(body) // 2])
        if kind is FaultKind.STALL:
            await _stall()
        cut(play.request)
        raise FaultedError(None)
    if kind in REFUSALS and fault is not None:
        refusal = REFUSALS[fault.kind]
        answer = web.Response(body=refusal.body, status=refusal.status, content_type="application/json")
        raise FaultedError(answer)
    if kind is FaultKind.BAD_JSON:
        raise FaultedError(web.Response(body=body[: len(body) // 2], content_type="application/json"))
    content_type = "text/html" if kind is FaultKind.WRONG_CONTENT_TYPE else "application/json"
    play.record.chunks_sent = len(play.answer.pieces)
    play.record.text_sent = play.answer.text
    return web.Response(body=body, content_type=content_type)


async def play_stream(play: Play) -> web.StreamResponse:
    """Answer as server-sent events."""
    kind = play.fault.kind
    wrong = kind is FaultKind.WRONG_CONTENT_TYPE
    headers = {"Content-Type": "text/html" if wrong else "text/event-stream", "Cache-Control": "no-cache"}
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    await response.prepare(play.request)
    form = play.face.form(play.answer, int(time.time()), include_usage=play.include_usage, logprobs=play.logprobs)
    record, struck, gap = play.record, False, play.script.gap_seconds
    due = asyncio.get_running_loop().time()
    for chunk, text in form.chunks():
        if not struck and record.chunks_sent >= play.fault.at_chunk:
            struck = True
            await _strike(play, response, form)
            gap = max(gap, play.fault.seconds or 0) if kind is FaultKind.SLOW else gap
        await response.write(chunk)
        if record.first_chunk_time is None:
            record.first_chunk_time = time.time()
        record.chunks_sent += 1
        record.text_sent += text
        due = await _pause(due, 0.0 if record.forgotten else gap)
    if not struck and play.script.fault is not None:
        await _strike(play, response, form)
    if kind is FaultKind.MISSING_FINISH:
        raise FaultedError(response)
    await response.write(form.finish())
    if (usage := form.usage()) is not None and play.script.report_usage:
        await response.write(usage)
    if kind is FaultKind.MISSING_DONE:
        raise FaultedError(response)
    await response.write(play.face.done)
    return response


async def _pause(due: float, gap: float) -> float:
    """Wait until `gap` after `due`; without a gap, let the other streams go on."""
    loop = asyncio.get_running_loop()
    due += gap
    await asyncio.sleep(max(0.0, due - loop.time()))
    return max(due, loop.time() - gap) if gap else due


async def _strike(play: Play, response: web.StreamResponse, form: Form) -> None:
    """What the fault does inside a running stream; returns when the stream goes on after it."""
    kind = play.fault.kind
    if kind is FaultKind.CUT:
        cut(play.request)
        raise FaultedError(None)
    if kind is FaultKind.STALL:
        await _stall()
    if kind is FaultKind.BAD_JSON:
        await response.write(form.broken())
    if kind is FaultKind.ENDS:
        raise FaultedError(response)
    if refusal := REFUSALS.get(kind):
        await response.write(play.face.event(refusal))
        raise FaultedError(response)


async def _stall() -> None:
    """Send nothing more until the client goes or the process ends."""
    await asyncio.Event().wait()
