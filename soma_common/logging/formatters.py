"""The two faces of a log line: JSON for machines, one coloured line with emoji for people.

Nothing here decides where lines go or which are kept.
"""

import logging
import traceback
from datetime import UTC, datetime
from typing import Final

import orjson

from soma_common.logging.context import current_log_context
from soma_common.logging.redaction import redact, redact_stack, redact_text
from soma_common.tracing.context import current_trace_id

SUCCESS: Final = 25

LEVEL_EMOJI: Final = {
    "DEBUG": "🔍",
    "INFO": "ℹ️",
    "SUCCESS": "✅",
    "WARNING": "⚠️",
    "ERROR": "❌",
    "CRITICAL": "❌",
}
SERVICE_EMOJI: Final = {
    "cognitive": "🧠",
    "chat": "🤖",
    "memory": "💾",
    "voice": "🎤",
    "edge": "🚪",
    "control": "🛠",
    "governor": "⚖️",
}
_COLOURS: Final = {
    "DEBUG": "\x1b[2m",
    "INFO": "\x1b[36m",
    "SUCCESS": "\x1b[32m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;31m",
}
_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"


def _data_of(record: logging.LogRecord) -> dict[str, object]:
    data = redact(getattr(record, "data", None) or {})
    found: dict[str, object] = data if isinstance(data, dict) else {"value": data}
    if record.exc_info and record.exc_info[0] is not None:
        found["exception"] = redact_stack("".join(traceback.format_exception(*record.exc_info)))
    return found


class SomaStackJSONFormatter(logging.Formatter):
    """One JSON object per line: timestamp, level, service, trace_id, correlation_id, tenant_id, message, data."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line feed."""
        context = current_log_context()
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": context.service or self._service,
            "trace_id": current_trace_id(),
            "correlation_id": context.correlation_id,
            "tenant_id": context.tenant_id,
            "message": redact_text(record.getMessage()),
            "data": {"logger": record.name, **_data_of(record)},
        }
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode("utf-8")


class SomaStackFormatter(logging.Formatter):
    """One line for a person: time, emoji of level and service, message, data; colours only if asked for."""

    def __init__(self, service: str, *, colours: bool) -> None:
        super().__init__()
        self._service = service
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a stack below it when there is one."""
        context = current_log_context()
        service = context.service or self._service
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        level = LEVEL_EMOJI.get(record.levelname, LEVEL_EMOJI["INFO"])
        data = _data_of(record)
        stack = data.pop("exception", None)
        message = self._paint(_COLOURS.get(record.levelname, ""), redact_text(record.getMessage()))
        parts = [moment, level, SERVICE_EMOJI.get(service, "⚙️"), service, message]
        if data:
            parts.append(
                self._paint(_DIM, orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS).decode("utf-8"))
            )
        trace_id = current_trace_id()
        if trace_id:
            parts.append(self._paint(_DIM, f"trace={trace_id}"))
        line = " ".join(parts)
        return f"{line}\n{stack}" if stack else line

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour else text
