"""What a model is asked and what it streams back, as values.

Nothing here knows HTTP, a provider's wire format or a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from soma_common.kernel.money import Price, Usage


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """A model and how to call it.

    `base_url` is None where the way to it is known without one; `protocol` is openai, litellm or offline; `key_name` is
    the name of the secret that opens it, empty where it needs none. `fallbacks` answer in its place, in order, when it
    cannot; they have none themselves.
    """

    profile_id: str
    provider: str
    model: str
    base_url: str | None
    window_tokens: int
    max_output_tokens: int
    price: Price = field(default_factory=Price)
    tools: bool = True
    tokenizer: str = ""
    protocol: str = "openai"
    key_name: str = ""
    first_token_timeout_seconds: float = 60.0
    gap_timeout_seconds: float = 60.0
    fallbacks: tuple["ModelProfile", ...] = ()

    def named(self, profile_id: str) -> "ModelProfile":
        """The profile of this id among itself and its fallbacks; itself where there is none."""
        return next((profile for profile in self.fallbacks if profile.profile_id == profile_id), self)


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A complete call of a tool, arguments as the JSON text that the model wrote."""

    call_id: str
    name: str
    arguments_json: str


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a prompt; role is system, user, assistant or tool."""

    role: str
    content: str
    tool_calls: tuple[ToolCallPart, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class PromptTool:
    """A tool on offer, with the JSON schema of its parameters."""

    name: str
    description: str
    parameters: Mapping[str, object]
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model call. `tool_choice` is auto, none, required or `name:<tool>`; None leaves it to the provider.

    `input_tokens` is the size of what is sent, in tokens of the profile's tokenizer, 0 where nobody counted it.
    `so_far` is what was written of this very answer before another call broke off: the model goes on from there.
    `body` is the call as bytes once it is not changed any more.
    """

    profile: ModelProfile
    messages: tuple[PromptMessage, ...]
    max_output_tokens: int
    tools: tuple[PromptTool, ...] = ()
    tool_choice: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    response_format: str = ""
    json_schema: Mapping[str, object] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str = ""
    parallel_tool_calls: bool | None = None
    input_tokens: int = 0
    so_far: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class StreamBegin:
    """The provider took the request and began to answer: from here on it counts what it does."""


@dataclass(frozen=True, slots=True)
class TextChunk:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningChunk:
    """A piece of the model's reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The end of a stream.

    `finish_reason` is stop, length, tool_calls or content_filter; `usage` is None where the provider sent none;
    `confidence` is the mean probability of the output tokens, 0-1, where the provider gave them.
    """

    finish_reason: str
    usage: Usage | None = None
    confidence: float | None = None


StreamItem = StreamBegin | TextChunk | ReasoningChunk | ToolCallPart | StreamEnd
