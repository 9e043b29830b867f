"""One incoming call on its way through the stages, and what a stage is.

Nothing here knows what any stage does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Protocol

import grpc
from google.protobuf.message import Message

from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import Caller

Context = grpc.aio.ServicerContext[Any, Any]


class Access(Enum):
    """Who a method is for; decides which stages a call of it passes."""

    HOUSE = "house"
    OPERATORS = "operators"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class MethodShape:
    """One method of this server: its path, who it is for, how its request is read."""

    path: str
    access: Access
    expected: str
    parse: Callable[[bytes], Message]
    streams_replies: bool
    streams_requests: bool = False


@dataclass(slots=True)
class Exchange:
    """One call; the stages fill it in from the outside to the inside.

    `checks` are what stages do with each request of a stream of them before the handler gets it.
    `deadline` is in seconds of the monotonic clock. `code` is the name of the status code the call ends with.
    """

    shape: MethodShape
    context: Context
    raw: bytes
    requests: AsyncIterator[bytes] | None = None
    checks: list[Callable[[Message], None]] = field(default_factory=list)
    metadata: Mapping[str, str | bytes] = field(default_factory=dict)
    correlation_id: str = ""
    deadline: float | None = None
    caller: Caller | None = None
    request: Message | None = None
    code: str = "OK"
    failure: SomaError | None = None

    def text(self, key: str) -> str | None:
        """A metadata value, or None when it is missing or binary."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None


Proceed = Callable[[Exchange], Awaitable[bytes | None]]


class Stage(Protocol):
    """One thing that happens around every call.

    `after` names the stages that must run before this one, `covers` the methods it applies to. `run` gives the
    serialised reply of a unary call, None for a stream.
    """

    name: ClassVar[str]
    after: ClassVar[frozenset[str]]
    covers: ClassVar[frozenset[Access]]

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Does its part and calls `proceed` for the rest, unless it answers or refuses by itself."""
        ...
