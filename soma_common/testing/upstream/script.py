"""What the upstream shall do with one request, as a typed value and as JSON.

Nothing here knows HTTP: `app.py` plays these values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class FaultKind(StrEnum):
    """What goes wrong. A failure with a status, at a chunk above 0, is an error object inside the running stream."""

    CUT = "cut"  # the TCP connection is closed
    STALL = "stall"  # nothing more is sent, the connection stays open
    SLOW = "slow"  # from here on every chunk waits `seconds`
    BAD_JSON = "bad_json"  # a chunk that is not JSON, then the rest as if nothing had happened
    WRONG_CONTENT_TYPE = (
        "wrong_content_type"  # a page of HTML with status 200; at a chunk above 0 the header alone is wrong
    )
    ENDS = "ends"  # the stream ends in good order where it stands, without finish chunk, usage and `data: [DONE]`
    MISSING_DONE = "missing_done"  # the stream ends without `data: [DONE]`
    MISSING_FINISH = "missing_finish"  # the stream ends without finish chunk, usage and `data: [DONE]`
    RATE_LIMITED = "rate_limited"  # 429, with Retry-After
    SERVER_ERROR = "server_error"  # 500
    OVERLOADED = "overloaded"  # 503
    UNAUTHORIZED = "unauthorized"  # 401
    CONTEXT_LENGTH = "context_length"  # 400 context_length_exceeded
    CONTENT_FILTER = "content_filter"  # 400 content_filter


class Continues(StrEnum):
    """How a request is answered that brings the beginning of the script's `text` as the assistant's last message."""

    NOT = "not"  # as any other
    EXACTLY = "exactly"  # with what follows
    LAST_WORDS = "last_words"  # the last words once more, as it was told to, and what follows
    LONGER = "longer"  # half of what is there once more, and what follows
    WHOLE = "whole"  # from the beginning


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, striking once `at_chunk` chunks were sent (the role chunk counts; 0: before the first byte).

    `seconds` is the gap of SLOW and the Retry-After of RATE_LIMITED and OVERLOADED (None: no such header).
    """

    kind: FaultKind
    at_chunk: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool; `arguments` is JSON text, sent in `pieces` fragments.

    It is made only when the request offers a tool of this name, unless `unoffered`.
    """

    name: str
    arguments: str = "{}"
    id: str | None = None
    pieces: int = 3
    unoffered: bool = False


@dataclass(frozen=True, slots=True)
class UsageFigures:
    """Usage to report instead of the counted one, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is answered.

    - `text` is said in `chunks` pieces; None means varied text made from `seed` and the request.
    - `echo` answers the facts of what was received, as JSON.
    - `match`: a queued script waits for a request whose body contains this; `model`: and that asks for this model.
    - `continues`: how a request for the rest of `text` is answered.
    - `first_token_seconds` pass before the first byte, `gap_seconds` between chunks.
    - `finish_reason` None is the true one: stop, tool_calls, or length when the request's token limit cut the text.
    - `calls_once`: no tool calls when the request ends with a tool's result.
    - `usage` replaces the counted figures (and spares the counting); `report_usage` False sends none.
    """

    name: str = ""
    match: str = ""
    model: str = ""
    continues: Continues = Continues.NOT
    seed: int = 0
    text: str | None = None
    echo: bool = False
    chunks: int = 24
    reasoning_chunks: int = 0
    tool_calls: tuple[ToolCall, ...] = ()
    interleave: bool = False
    calls_once: bool = True
    finish_reason: str | None = None
    first_token_seconds: float = 0.0
    gap_seconds: float = 0.0
    usage: UsageFigures | None = None
    report_usage: bool = True
    fault: Fault | None = None

    def to_json(self) -> dict[str, Any]:
        """The script as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a script; raises ValueError naming what is wrong."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(value) - known):
            raise ValueError(f"unknown fields of a script: {', '.join(unknown)}")
        values = dict(value)
        try:
            values["tool_calls"] = tuple(ToolCall(**call) for call in values.get("tool_calls") or ())
            if usage := values.get("usage"):
                values["usage"] = UsageFigures(**usage)
            values["continues"] = Continues(values.get("continues", Continues.NOT))
            if fault := values.get("fault"):
                values["fault"] = Fault(**{**fault, "kind": FaultKind(fault["kind"])})
            return cls(**values)
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a script: {error}") from error


@dataclass(frozen=True, slots=True)
class Scripts:
    """A whole programme: queued scripts are taken first, each by one request, then the default answers for ever."""

    default: Script = Script()
    queue: tuple[Script, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The programme as JSON values."""
        return {"default": self.default.to_json(), "queue": [script.to_json() for script in self.queue]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a programme; raises ValueError naming what is wrong."""
        if unknown := sorted(set(value) - {"default", "queue"}):
            raise ValueError(f"unknown fields: {', '.join(unknown)}; a programme has default and queue")
        return cls(
            default=Script.from_json(value.get("default") or {}),
            queue=tuple(Script.from_json(item) for item in value.get("queue") or ()),
        )

    def take(self, body: str, model: str = "") -> tuple[Script, Self]:
        """The script for a request with this body, and the programme that remains."""
        for position, script in enumerate(self.queue):
            if script.match in body and script.model in ("", model):
                rest = (*self.queue[:position], *self.queue[position + 1 :])
                return script, type(self)(self.default, rest)
        return self.default, self
