"""This house's frozen slice of the settings.

Nothing here reads the environment: `config` does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings
    from soma_common.postgres import HouseDatabase


@dataclass(frozen=True, slots=True)
class CognitiveSettings:
    """What the cognitive service needs to know: where it listens and where its state is kept."""

    grpc_listen: str
    http_listen: str
    database: "HouseDatabase"

    @classmethod
    def from_settings(cls, settings: "Settings") -> "CognitiveSettings":
        """Cuts the slice; RuntimeError when this shape gives the service no gRPC door."""
        own = settings.endpoint("cognitive")
        if own.grpc_listen is None:
            raise RuntimeError("cognitive has no gRPC address in this shape")
        return cls(own.grpc_listen, own.http_listen, settings.database("cognitive"))
