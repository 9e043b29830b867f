"""The tools of this house in one place: what each is, for whom it is offered, and how it is run.

Every tool that runs here is registered here, whoever brings it. What a round of calls means is not known here.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.chat.domain.agent import SCOPE_USER, Agent
from servers.chat.domain.arguments import Values
from servers.chat.domain.model import PromptTool
from servers.chat.domain.permission import Permission, permission_of, rule_for
from servers.chat.domain.rounds import wire_name
from servers.chat.domain.sizes import Tokenizer, tool_tokens
from servers.chat.domain.sources import ToolItem
from servers.chat.turns.acceptance import Accepted
from soma_common.rpc.features import Features

# A client that says itself which tools shall be called is not surprised by others.
_FREE_CHOICE: Final = (None, "auto")


class ToolFailure(Exception):  # noqa: N818 - it is an answer to the model, a sentence
    """Why a tool could not do what was asked, as a sentence."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call on its way: for which turn, with which values, and the key under which its effect happens once."""

    accepted: Accepted
    arguments: Values
    effect_key: UUID
    recalled_memory_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that runs here.

    `repeatable`: running it again with the same effect key changes nothing more. `lasting`: it leaves something behind.
    `feature` is the flag without which it is not there.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    run: Callable[[Invocation], Awaitable[str]]
    feature: str = ""
    repeatable: bool = False
    lasting: bool = True

    @property
    def prompt(self) -> PromptTool:
        """As the model reads it."""
        return PromptTool(self.name, self.description, self.parameters)

    def dangerous_for(self, agent: Agent) -> bool:
        """Whether others than the person who speaks feel what it leaves behind."""
        return self.lasting and not (self.feature == "memory" and agent.memory_scope == SCOPE_USER)

    def permission_for(self, agent: Agent) -> Permission:
        """What holds for it."""
        return permission_of(self.name, agent.tool_rules, agent.autonomy, dangerous=self.dangerous_for(agent))


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that a turn may offer; `always` where the agent's rules name it, else only where it fits what was said."""

    tool: Tool
    always: bool


class Tools:
    """The registry."""

    def __init__(self, tools: Iterable[Tool], features: Features) -> None:
        self._tools: Final = {tool.name: tool for tool in tools}
        self._features = features
        self._items: dict[tuple[str, str, bool], ToolItem] = {}

    def offered(self, accepted: Accepted) -> tuple[OfferedTool, ...]:
        """What this turn may offer: nothing for a transcript, whose client keeps conversation and tools itself."""
        order, agent = accepted.order, accepted.agent
        if order.transcript is not None or not accepted.profile.tools or order.tool_choice not in _FREE_CHOICE:
            return ()
        if not self._features.enabled(accepted.tenant, "tools"):
            return ()
        taken = {tool.name for tool in order.tools}
        return tuple(
            OfferedTool(tool, rule_for(tool.name, agent.tool_rules) is not None)
            for tool in self._tools.values()
            if wire_name(tool.name) not in taken
            and (not tool.feature or self._features.enabled(accepted.tenant, tool.feature))
            and tool.permission_for(agent) is not Permission.DENIED
        )

    def item(self, offered: OfferedTool, tokenizer: Tokenizer, tokenizer_name: str) -> ToolItem:
        """A tool as a candidate of the window; it is the same in every turn, so it is measured once."""
        key = (tokenizer_name, offered.tool.name, offered.always)
        if key not in self._items:
            prompt = offered.tool.prompt
            self._items[key] = ToolItem(prompt, tool_tokens(prompt, tokenizer), not offered.always)
        return self._items[key]


def effect_key(turn_id: UUID, call_id: str) -> UUID:
    """The key of a call's effect: the same for everybody who ever makes this call."""
    return uuid5(turn_id, f"tool/{call_id}")
