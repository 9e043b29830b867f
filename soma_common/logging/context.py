"""What every line of one piece of work shares: service, correlation id and tenant.

Nothing here formats or writes a line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LogContext:
    """The shared fields; empty where they are not known."""

    service: str = ""
    correlation_id: str = ""
    tenant_id: str = ""


_CONTEXT: ContextVar[LogContext] = ContextVar("soma_log_context")
_NOTHING = LogContext()


def current_log_context() -> LogContext:
    """The fields of the work that is running; empty ones outside any."""
    return _CONTEXT.get(_NOTHING)


def set_log_context(
    *, service: str | None = None, correlation_id: str | None = None, tenant_id: str | None = None
) -> None:
    """Changes the given fields for the rest of this task."""
    given = {"service": service, "correlation_id": correlation_id, "tenant_id": tenant_id}
    _CONTEXT.set(replace(current_log_context(), **{name: value for name, value in given.items() if value is not None}))


@contextmanager
def log_context(*, correlation_id: str | None = None, tenant_id: str | None = None) -> Iterator[None]:
    """Changes the given fields inside the block."""
    before = current_log_context()
    set_log_context(correlation_id=correlation_id, tenant_id=tenant_id)
    try:
        yield
    finally:
        _CONTEXT.set(before)
