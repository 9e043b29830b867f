"""Where log lines go, from which level on and with which face.

Nothing here knows what a line contains beyond its name, level and data.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import WrappedLogger

from soma_common.logging.formatters import SUCCESS, SomaStackFormatter, SomaStackJSONFormatter

Face = Literal["json", "console"]
_LOUD_LIBRARIES: Final = ("aiohttp.access", "asyncio", "grpc", "httpx", "urllib3", "uvicorn.access")


def configure_logging(
    service: str,
    face: Face = "json",
    level: str = "INFO",
    *,
    stream: TextIO | None = None,
    colours: bool | None = None,
) -> None:
    """Sends every line of this process to `stream` (standard output) with one face; safe to repeat.

    Colours default to "when the stream is a terminal"; the settings turn them off where NO_COLOR is set.
    """
    target = stream or sys.stdout
    logging.addLevelName(SUCCESS, "SUCCESS")
    painted = target.isatty() if colours is None else colours
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        SomaStackJSONFormatter(service) if face == "json" else SomaStackFormatter(service, colours=painted)
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, SomaStackJSONFormatter | SomaStackFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one module: `logger.info("what happened", key=value)`; the keys become the line's `data`."""
    return cast(
        structlog.stdlib.BoundLogger,
        structlog.wrap_logger(
            logging.getLogger(name),
            processors=[structlog.stdlib.filter_by_level, _to_record],
            wrapper_class=structlog.stdlib.BoundLogger,
            context_class=dict,
            cache_logger_on_first_use=True,
        ),
    )


def _to_record(_logger: WrappedLogger, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    arguments: dict[str, object] = {"msg": event.pop("event", ""), "exc_info": event.pop("exc_info", None)}
    event.pop("stack_info", None)
    arguments["extra"] = {"data": dict(event)}
    return arguments
