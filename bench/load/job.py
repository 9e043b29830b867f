"""What a leg is asked to do and what it tells: plain values that travel as JSON.

Nothing here opens a connection.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Door(StrEnum):
    """How a turn is asked for."""

    SOCKET = "socket"  # chat.send frames on a WebSocket
    OPENAI = "openai"  # POST chat/completions with stream

    @property
    def spoken(self) -> str:
        """Its name in a sentence."""
        return {Door.SOCKET: "WebSocket", Door.OPENAI: "OpenAI"}[self]


class Pace(StrEnum):
    """When the next turn begins."""

    SERIAL = "serial"  # `turns` of them, one after the other
    CLOSED = "closed"  # `sessions` at once, each begins its next when one ended
    OPEN = "open"  # by a schedule of `rate` a second, whoever is still busy
    IDLE = "idle"  # `sessions` are opened and say nothing


@dataclass(frozen=True, slots=True)
class Job:
    """One leg. `roots` are the processes whose CPU time is taken over the measured window."""

    door: Door
    url: str
    tokens: tuple[str, ...]
    pace: Pace
    roots: tuple[int, ...] = ()
    model: str = "scripted"
    turns: int = 0
    sessions: int = 1
    rate: float = 0.0
    seconds: float = 5.0
    warm_seconds: float = 1.0
    settle_seconds: float = 0.0
    delay_seconds: float = 0.0
    question_words: int = 8
    history_tokens: int = 0
    seed: int = 1

    def to_json(self) -> dict[str, Any]:
        """The job as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read a job."""
        told = {**value, "door": Door(value["door"]), "pace": Pace(value["pace"])}
        return cls(**told | {name: tuple(told[name]) for name in ("tokens", "roots") if name in told})


@dataclass(slots=True)
class Outcome:
    """What a leg saw inside its window. Chunks are the upstream's; messages are what they arrived in."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    own_cpu_seconds: float = 0.0
    turns: int = 0
    chunks: int = 0
    messages: int = 0
    failures: list[str] = field(default_factory=list)
    first_token_ms: list[float] = field(default_factory=list)
    gap_ms: list[float] = field(default_factory=list)
    open_sessions: int = 0
    memory_mib: float = 0.0
    memory_before_mib: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read an outcome."""
        return cls(**value)
