"""What the upstream received and how far it came with the answer.

Values only; the server fills them, `process.py` reads them back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

_MASKED = frozenset(("authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"))


@dataclass(slots=True)
class ReceivedRequest:
    """One request. Times are Unix seconds; `outcome` is running, finished, fault, refused or disconnected.

    One that a reset has forgotten is in no sum, and the rest of its answer comes without gaps.
    """

    index: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    received_time: float
    script: str = ""
    outcome: str = "running"
    status: int = 0
    chunks_sent: int = 0
    first_chunk_time: float | None = None
    end_time: float | None = None
    disconnect_time: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str | None = None
    text_sent: str = ""
    forgotten: bool = False
    # SHA-256 of the body as it came
    body_sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a record back."""
        return cls(**value)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the prompt."""
        return list(self.body["messages"])

    @property
    def prompt(self) -> str:
        """All text of the prompt, messages and tool schemas, for `in` checks."""
        return "\n".join([*(text_of(message) for message in self.messages), str(self.body.get("tools", ""))])

    @property
    def trace_id(self) -> str | None:
        """The trace id of the W3C `traceparent` header."""
        parts = self.headers.get("traceparent", "").split("-")
        return parts[1] if len(parts) == 4 else None


@dataclass(slots=True)
class Totals:
    """Sums over all requests since the start, which `reset` clears; the upstream's own count for a ledger to equal."""

    requests: int = 0
    finished: int = 0
    disconnected: int = 0
    faults: int = 0
    refused: int = 0
    chunks: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read totals back."""
        return cls(**value)


@dataclass(slots=True)
class Log:
    """The last `keep` requests and the sums over all of them."""

    keep: int = 10_000
    requests: dict[int, ReceivedRequest] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    _next: int = 0

    def open(self, method: str, path: str, headers: Mapping[str, str], body: Any, now: float) -> ReceivedRequest:
        """Record an arrival."""
        record = ReceivedRequest(self._next, method, path, masked(headers), body, now)
        self._next += 1
        self.requests[record.index] = record
        if len(self.requests) > self.keep:
            del self.requests[next(iter(self.requests))]
        self.totals.requests += 1
        return record

    def close(self, record: ReceivedRequest, outcome: str, now: float) -> None:
        """Record an end, once."""
        if record.outcome != "running":
            return
        record.outcome, record.end_time = outcome, now
        if outcome == "disconnected":
            record.disconnect_time = now
        if record.forgotten:
            return
        name = "faults" if outcome == "fault" else outcome
        setattr(self.totals, name, getattr(self.totals, name) + 1)
        self.totals.chunks += record.chunks_sent
        self.totals.prompt_tokens += record.prompt_tokens
        self.totals.completion_tokens += record.completion_tokens

    def reset(self) -> None:
        """Forget every request and all sums; what runs ends soon and is not counted."""
        for record in self.requests.values():
            record.forgotten = True
        self.requests = {}
        self.totals = Totals()

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "requests": [record.to_json() for record in self.requests.values()],
            "totals": {item.name: getattr(self.totals, item.name) for item in fields(Totals)},
        }


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """Lower-case names; secrets as a hash, so that two of them can be compared and none is kept."""
    return {name.lower(): _mask(name.lower(), value) for name, value in headers.items()}


def _mask(name: str, value: str) -> str:
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}" if name in _MASKED else value


def text_of(message: Mapping[str, Any]) -> str:
    """The text of one message, of whichever form its content has."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
