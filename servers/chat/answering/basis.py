"""What the calls of a turn are made from beside words and memories: options, tools, profiles, bounds.

As values and as bytes. Many turns have the same one, so it is kept once, under its digest; how stands in `bases.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from servers.chat.domain.composing import Bounds
from servers.chat.domain.model import ModelProfile, ModelRequest, PromptTool
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.order import Options

# What of a profile shows in a prompt: neither where it is reached nor what it costs.
_PROFILE: Final = (
    "profile_id",
    "provider",
    "model",
    "window_tokens",
    "max_output_tokens",
    "tools",
    "tokenizer",
    "protocol",
)
# What of the options is the request's own; the rest is what the agent's state makes of it, and stands in the receipt.
_OPTIONS: Final = (
    "stop",
    "response_format",
    "json_schema",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "parallel_tool_calls",
)


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis of a turn's calls; `house_tools` are those of this house that it might offer.

    One that holds words of a client names the conversation it is of, and is erased with that.
    """

    profile: ModelProfile
    bounds: Bounds
    options: Options
    tool_choice: str | None
    client_tools: tuple[PromptTool, ...]
    house_tools: tuple[PromptTool, ...]
    conversation: str = ""

    @classmethod
    def of(cls, accepted: Accepted, bounds: Bounds, house_tools: Sequence[PromptTool]) -> "Basis":
        """The basis of a turn that is answered now."""
        order = accepted.order
        worded = order.tools or order.options.stop or order.options.json_schema
        conversation = str(accepted.conversation_id or "") if worded else ""
        house = tuple(house_tools)
        return cls(accepted.profile, bounds, order.options, order.tool_choice, order.tools, house, conversation)

    def terms(self, temperature: float | None, top_p: float | None, max_output_tokens: int) -> ModelRequest:
        """A call of the turn without messages and tools."""
        return ModelRequest(
            profile=self.profile,
            messages=(),
            max_output_tokens=max_output_tokens,
            tool_choice=self.tool_choice,
            temperature=temperature,
            top_p=top_p,
            **{name: getattr(self.options, name) for name in _OPTIONS},
        )

    def to_bytes(self) -> bytes:
        """As it is kept; equal ones are equal bytes."""
        profile = _profile_values(self.profile)
        return orjson.dumps(
            {
                "profile": {**profile, "fallbacks": [_profile_values(each) for each in self.profile.fallbacks]},
                "capacity_tokens": self.bounds.capacity_tokens,
                "most_rounds": self.bounds.most_rounds,
                "options": {name: getattr(self.options, name) for name in _OPTIONS},
                "tool_choice": self.tool_choice,
                "client_tools": [_tool_values(tool) for tool in self.client_tools],
                "house_tools": [_tool_values(tool) for tool in self.house_tools],
                "conversation": self.conversation,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Basis":
        """The same, back again."""
        values: dict[str, Any] = orjson.loads(data)
        profile = _profile_of(values["profile"])
        options = {**values["options"], "stop": tuple(values["options"]["stop"])}
        return cls(
            profile=replace(profile, fallbacks=tuple(map(_profile_of, values["profile"]["fallbacks"]))),
            bounds=Bounds(values["capacity_tokens"], values["most_rounds"]),
            options=Options(**options),
            tool_choice=values["tool_choice"],
            client_tools=tuple(PromptTool(**tool) for tool in values["client_tools"]),
            house_tools=tuple(PromptTool(**tool) for tool in values["house_tools"]),
            conversation=values.get("conversation", ""),
        )


def _profile_values(profile: ModelProfile) -> dict[str, object]:
    return {name: getattr(profile, name) for name in _PROFILE}


def _profile_of(values: Mapping[str, Any]) -> ModelProfile:
    return ModelProfile(base_url=None, **{name: values[name] for name in _PROFILE})


def _tool_values(tool: PromptTool) -> dict[str, object]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
