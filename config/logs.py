"""Where the log and the trace of a process go, as the settings say.

Nothing here serves.
"""

from typing import Literal

from config.settings import Settings
from config.values import LogFace
from soma_common.logging import configure_logging
from soma_common.tracing import configure_tracing


def begin_log(service: str, settings: Settings) -> None:
    """Point the process's log and trace where the settings say."""
    face: Literal["json", "console"] = "console" if settings.log.face is LogFace.CONSOLE else "json"
    configure_logging(service, face, settings.log.level.value)
    configure_tracing(service, settings.otlp_endpoint)
