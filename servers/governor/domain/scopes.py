"""Whose spending is bounded: the tenant's, a user's, an agent's, a conversation's.

Nothing here counts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Scope(StrEnum):
    """Whose budget it is."""

    TENANT = "tenant"
    USER = "user"
    AGENT = "agent"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Subject:
    """For whom a model call is made, as far as it is known."""

    user: str
    agent_id: UUID | None = None
    conversation_id: UUID | None = None


NOBODY: Final = Subject("")
