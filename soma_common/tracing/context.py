"""The W3C trace context: reading, writing and the one that is active.

Nothing here makes spans or knows an exporter.
"""

import random
import re
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

_HEADER: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_RANDOM: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A position in a trace; ids in lower-case hex, 32 and 16 digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The W3C header that carries it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @classmethod
    def parse(cls, header: str | None) -> "TraceContext | None":
        """Reads a `traceparent` header; None when there is none or it breaks the rules of W3C."""
        matched = _HEADER.fullmatch(header or "")
        if matched is None:
            return None
        version, trace_id, span_id, flags = matched.groups()
        forbidden = version == "ff" or (version == "00" and len(header or "") != 55)
        if forbidden or not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & 1))

    @classmethod
    def current(cls) -> "TraceContext":
        """The active position, or the start of a new trace when none is active."""
        return cls.of(trace.get_current_span())

    @classmethod
    def of(cls, span: Span) -> "TraceContext":
        """The position of a span, or the start of a new trace when the span has none."""
        active = span.get_span_context()
        if not active.is_valid:
            return cls.new()
        return cls(f"{active.trace_id:032x}", f"{active.span_id:016x}", active.trace_flags.sampled)

    @classmethod
    def new(cls) -> "TraceContext":
        """The start of a new trace."""
        return cls(f"{_RANDOM.getrandbits(128) or 1:032x}", f"{_RANDOM.getrandbits(64) or 1:016x}")

    def child(self) -> "TraceContext":
        """A new position in the same trace."""
        return TraceContext(self.trace_id, f"{_RANDOM.getrandbits(64) or 1:016x}", self.sampled)

    def as_span(self, *, remote: bool = False) -> NonRecordingSpan:
        """The position as a span that records nothing, to be made the active one."""
        flags = TraceFlags(TraceFlags.SAMPLED if self.sampled else TraceFlags.DEFAULT)
        return NonRecordingSpan(SpanContext(int(self.trace_id, 16), int(self.span_id, 16), remote, flags))


def current_trace_id() -> str:
    """The trace id of the active position, or an empty string."""
    active = trace.get_current_span().get_span_context()
    return f"{active.trace_id:032x}" if active.is_valid else ""


def active_trace_id() -> str:
    """The trace id of the active position, or that of a new trace where none is active."""
    return current_trace_id() or f"{_RANDOM.getrandbits(128) or 1:032x}"
