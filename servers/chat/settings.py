"""This house's frozen slice of the settings.

Nothing here reads the environment: `config` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config import Settings
    from config.values import ModelSettings
    from soma_common.postgres import HouseDatabase

TURN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What chat needs to know: where it listens, whom it calls, which model answers and how long a turn may take."""

    grpc_listen: str
    http_listen: str
    database: "HouseDatabase"
    governor: tuple[str, ...]
    memory: tuple[str, ...]
    cognitive: tuple[str, ...]
    control: tuple[str, ...]
    model: "ModelSettings"
    flags: Mapping[str, bool]
    # One name per worker slot: a new process of the same name ends what its predecessor left running.
    instance: str
    turn_seconds: float = TURN_SECONDS
    drain_seconds: float = 20.0

    @classmethod
    def from_settings(cls, settings: "Settings") -> "ChatSettings":
        """Cuts the slice; RuntimeError when this shape gives chat no gRPC door."""
        own = settings.endpoint("chat")
        if own.grpc_listen is None:
            raise RuntimeError("chat has no gRPC address in this shape")
        return cls(
            grpc_listen=own.grpc_listen,
            http_listen=own.http_listen,
            database=settings.database("chat"),
            governor=settings.endpoint("governor").targets,
            memory=settings.endpoint("memory").targets,
            cognitive=settings.endpoint("cognitive").targets,
            control=settings.endpoint("control").targets,
            model=settings.model,
            flags=settings.flags,
            instance=f"chat-{settings.worker}",
        )
