"""One XML-RPC call over a Unix socket, in asyncio.

Nothing here knows the supervisor's methods.
"""

import asyncio
import xmlrpc.client
from pathlib import Path
from typing import Any, Final

_LONGEST_ANSWER: Final = 4_000_000


class SupervisorDownError(Exception):
    """Nobody answers at the supervisor's socket: the stack is not running."""


class SupervisorFaultError(Exception):
    """The supervisor answered with a fault; `code` is its number, the text its words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


async def call(socket: Path, method: str, *arguments: Any, timeout_seconds: float) -> Any:
    """The answer of one method. Raises SupervisorDownError or SupervisorFaultError."""
    try:
        async with asyncio.timeout(timeout_seconds):
            body = await _exchange(socket, xmlrpc.client.dumps(arguments, method).encode())
    except (OSError, TimeoutError, EOFError, ValueError) as problem:
        raise SupervisorDownError(f"The supervisor does not answer at {socket}.") from problem
    try:
        (answer,), _ = xmlrpc.client.loads(body.decode())
    except xmlrpc.client.Fault as fault:
        raise SupervisorFaultError(fault.faultCode, str(fault.faultString)) from None
    return answer


async def _exchange(socket: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=_LONGEST_ANSWER)
    try:
        head = f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(request)}\r\n\r\n"
        writer.write(head.encode() + request)
        await writer.drain()
        head_answer, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if b" 200 " not in head_answer.partition(b"\r\n")[0]:
        raise EOFError("no complete answer")
    return body
