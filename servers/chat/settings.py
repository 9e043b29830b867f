"""This house's frozen slice of the settings.

Nothing here reads the environment: `config` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config import Settings
    from config.values import ModelSettings, SecretsSettings
    from soma_common.kernel.addresses import AddressRules

TURN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What chat needs to know: whom it calls, which model answers and how long a turn may take."""

    governor: tuple[str, ...]
    memory: tuple[str, ...]
    cognitive: tuple[str, ...]
    control: tuple[str, ...]
    model: "ModelSettings"
    secrets: "SecretsSettings"
    model_addresses: "AddressRules"
    flags: Mapping[str, bool]
    # One name per worker slot of a machine: a new process of the same name goes on with what its predecessor left.
    instance: str
    messages_per_minute: int
    # How long a request for consent waits for a person before it counts as denied.
    approval_hours: int
    # The Redis that carries signals and counts messages, where there is one.
    redis_url: str | None = field(default=None, repr=False)
    turn_seconds: float = TURN_SECONDS
    # How long a drain waits for running turns; what takes longer is handed over.
    drain_seconds: float = 7.0

    @classmethod
    def from_settings(cls, settings: "Settings") -> "ChatSettings":
        """Cuts the slice."""
        return cls(
            governor=settings.endpoint("governor").targets,
            memory=settings.endpoint("memory").targets,
            cognitive=settings.endpoint("cognitive").targets,
            control=settings.endpoint("control").targets,
            model=settings.model,
            secrets=settings.secrets,
            model_addresses=settings.model_addresses,
            flags=settings.flags,
            instance=f"chat-{settings.slot}",
            messages_per_minute=settings.messages_per_minute,
            approval_hours=settings.approval_hours,
            redis_url=settings.redis_url,
        )
