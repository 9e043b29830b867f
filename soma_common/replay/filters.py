"""Which facts are meant: by tenant, trace, call, time, service, kind and stream.

Pure: nothing here knows where facts lie or what happens to them.
"""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol, Self
from uuid import UUID

from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import TenantId

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?")
_TRACE: Final = re.compile(r"[0-9a-f]{4,32}")
LONGEST_WORD: Final = 200
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
END: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Fact(Protocol):
    """What of an event the filters look at."""

    @property
    def tenant_id(self) -> UUID:
        """Whose it is."""
        ...

    @property
    def trace_id(self) -> str:
        """The trace of the call that caused it."""
        ...

    @property
    def correlation_id(self) -> str:
        """The correlation id of that call."""
        ...

    @property
    def service_id(self) -> str:
        """The service that wrote it."""
        ...

    @property
    def event_type(self) -> str:
        """What happened."""
        ...

    @property
    def stream(self) -> str:
        """The aggregate."""
        ...

    @property
    def timestamp(self) -> datetime:
        """When."""
        ...


@dataclass(frozen=True, slots=True)
class EventFilters:
    """What all facts that are meant have in common; an empty word means any.

    `trace_id` may be the beginning of one, at least 4 hex digits. `since` is inside of the range and `until` is not.
    `event_type` is one (`turn.started`) or all that begin alike (`turn.*`). Raises SomaError(INVALID_FIELD) for a range
    that ends before it begins and for words that no event has.
    """

    tenant_id: TenantId
    trace_id: str = ""
    correlation_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    service: str = ""
    event_type: str = ""
    stream: str = ""

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise invalid_field("until", "it must be later than since")
        if self.trace_id and not _TRACE.fullmatch(self.trace_id):
            raise invalid_field("trace_id", "it must be the 32 hex digits of a trace, or at least its first 4")
        if self.event_type and not _TYPE.fullmatch(self.event_type):
            raise invalid_field("event_type", "it must be like turn.started, or turn.* for all that begin so")
        for name in ("correlation_id", "service", "event_type", "stream"):
            word = getattr(self, name)
            if len(word) > LONGEST_WORD or "\0" in word:
                raise invalid_field(name, f"it must be at most {LONGEST_WORD} characters without a NUL")

    def matches(self, fact: Fact) -> bool:
        """Whether a fact is meant."""
        return (
            fact.tenant_id == self.tenant_id
            and fact.trace_id.startswith(self.trace_id)
            and self.correlation_id in ("", fact.correlation_id)
            and self.first_time <= fact.timestamp < self.end_time
            and self.service in ("", fact.service_id)
            and self._is_of_type(fact.event_type)
            and self.stream in ("", fact.stream)
        )

    @property
    def first_time(self) -> datetime:
        """The first moment that is meant."""
        return self.since or BEGINNING

    @property
    def end_time(self) -> datetime:
        """The first moment that is not meant any more."""
        return self.until or END

    @property
    def type_range(self) -> tuple[str, str]:
        """The types that are meant as a range of texts in the order of their bytes; the second is outside of it."""
        if self.event_type.endswith(".*"):
            begin = self.event_type[:-1]
            return begin, begin[:-1] + chr(ord(begin[-1]) + 1)
        return (self.event_type, self.event_type + "\x01") if self.event_type else ("", chr(0x10FFFF))

    @property
    def trace_range(self) -> tuple[str, str]:
        """The traces that are meant as a range of texts; the second is outside of it."""
        return self.trace_id, self.trace_id + "g"

    def to_object(self) -> dict[str, str]:
        """The filters as texts, for rows and tokens; what means any is left out."""
        return {name: _text(value) for name, value in asdict(self).items() if value}

    @classmethod
    def of_object(cls, tenant_id: TenantId, values: dict[str, str]) -> Self:
        """The filters that `to_object` wrote. The tenant is given, never read."""
        given: dict[str, Any] = {name: text for name, text in values.items() if name != "tenant_id"}
        for name in ("since", "until"):
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        return cls(tenant_id=tenant_id, **given)

    def _is_of_type(self, event_type: str) -> bool:
        if self.event_type.endswith(".*"):
            return event_type.startswith(self.event_type[:-1])
        return self.event_type in ("", event_type)


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
