"""An agent as one version of its settings, and the agent a tenant has before anybody made one.

Nothing here knows a row, a message or a clock.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.chat.domain.permission import ToolRule

DEFAULT_NAME: Final = "assistant"
DEFAULT_SYSTEM_PROMPT: Final = (
    "You are a helpful assistant. Answer clearly and to the point, in the language of the person who writes to you. "
    "Say so when you do not know something."
)
DEFAULT_WARM_STYLE: Final = "Be warm and encouraging."
DEFAULT_CANNED_ANSWER: Final = (
    "I cannot reach my language model right now, so I cannot answer properly. "
    "Your message is kept; please try again in a moment."
)


def resting_answer(name: str) -> str:
    """What an agent says while it sleeps deeply: who, why nothing else, and what to do."""
    return (
        f"{name[:1].upper()}{name[1:]} is resting, so nothing was looked up and no model was asked. "
        f"Send the message again with `wake` to wake {name} for it, or wait until the rest is over."
    )


# The numbers of soma.governor.v1.RiskProfile and soma.chat.v1.MemoryScope.
RISK_NORMAL: Final = 2
SCOPE_USER: Final = 1
SCOPE_AGENT: Final = 2
SCOPE_SHARED: Final = 3


@dataclass(frozen=True, slots=True)
class Agent:
    """One version of an agent; `baseline`: dopamine, serotonin, noradrenaline, acetylcholine; None: the defaults."""

    agent_id: UUID
    version: int = 1
    name: str = DEFAULT_NAME
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    model_profile_id: str = ""
    intelligence: int = 5
    autonomy: int = 5
    resource_micros_per_turn: int = 100_000
    risk_profile: int = RISK_NORMAL
    canned_answer: str = ""
    warm_style: str = DEFAULT_WARM_STYLE
    baseline: tuple[float, float, float, float] | None = None
    memory_scope: int = SCOPE_USER
    archived: bool = False
    tool_rules: tuple[ToolRule, ...] = ()

    def memory_namespace(self, sub: str) -> str:
        """Where what is learned with this agent lives; empty means with the person who talks to it."""
        if self.memory_scope == SCOPE_AGENT:
            return f"agent:{self.agent_id}"
        return "shared" if self.memory_scope == SCOPE_SHARED else ""

    def memory_subject(self, sub: str) -> str:
        """Whom what a person says of themselves is about: where others write too, the person by name."""
        return sub[:256] if self.memory_scope in (SCOPE_AGENT, SCOPE_SHARED) else "user"
