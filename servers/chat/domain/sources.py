"""What could go into the window: every candidate of the six lanes, measured, before anything is chosen.

Values only; choosing is `context.py`'s work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.chat.domain.model import PromptMessage, PromptTool


@dataclass(frozen=True, slots=True)
class Lanes:
    """The sizes of the six lanes, in tokens."""

    system_policy: int = 0
    history: int = 0
    memory: int = 0
    tools: int = 0
    tool_results: int = 0
    buffer: int = 0


@dataclass(frozen=True, slots=True)
class SystemItem:
    """A piece of the system message; policies are never cut short."""

    item_id: str
    text: str
    tokens: int
    policy: bool = False


@dataclass(frozen=True, slots=True)
class DialogueItem:
    """An earlier message without tools; `tokens` includes its framing."""

    item_id: str
    role: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ToolExchange:
    """A call of tools and its results: sent together or not at all. `call_tokens` is the calling message alone."""

    item_id: str
    call: PromptMessage
    results: tuple[PromptMessage, ...]
    call_tokens: int
    result_tokens: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """All of it, with framing."""
        return self.call_tokens + sum(self.result_tokens)


Dialogue = DialogueItem | ToolExchange


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """A recalled memory as its line in the prompt, best first."""

    memory_id: str
    line: str
    tokens: int
    score: float
    version: int = 1


@dataclass(frozen=True, slots=True)
class ToolItem:
    """A tool with the size of its schema; `only_when_relevant` where it is offered only if it fits what was said."""

    tool: PromptTool
    tokens: int
    only_when_relevant: bool = False


@dataclass(frozen=True, slots=True)
class UserItem:
    """The message to answer; it is always sent whole. `tokens` includes its framing."""

    item_id: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that could be sent. `before` and `after` are the dialogue around the user's message, in order."""

    system: tuple[SystemItem, ...]
    user: UserItem
    before: tuple[Dialogue, ...] = ()
    after: tuple[Dialogue, ...] = ()
    memories: tuple[MemoryItem, ...] = ()
    # the framing and the header of the memory message, paid once
    memory_frame_tokens: int = 0
    tools: tuple[ToolItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What the plan lets in: the lanes, the chosen tools in order, why others were left out, how many memories."""

    lanes: Lanes
    tools: tuple[str, ...] = ()
    tool_reasons: Mapping[str, str] = field(default_factory=dict)
    recall_limit: int = 200


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of the manifest: an item, whether it was sent, and why."""

    lane: str
    item_id: str
    tokens: int
    kept: bool
    reason: str
    version: int = 0
    truncated_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What is sent, what each lane uses, and the manifest of all candidates."""

    messages: tuple[PromptMessage, ...]
    tools: tuple[PromptTool, ...]
    used: Lanes
    manifest: tuple[Placed, ...]
    input_tokens: int

    @property
    def trimmed(self) -> bool:
        """Whether something that was said, or the instructions, had to be cut or left out for want of room."""
        lanes = ("system_policy", "history", "tool_results")
        return bool(self.messages) and any(
            line.lane in lanes and (not line.kept or line.truncated_tokens) for line in self.manifest
        )

    def kept_memories(self) -> tuple[str, ...]:
        """The ids of the memories that were sent."""
        return tuple(line.item_id for line in self.manifest if line.lane == "memory" and line.kept)
