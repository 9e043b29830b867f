"""The W3C header: what is valid is read and written back, everything else is ignored."""

import pytest

from soma_common.tracing import TraceContext, TransactionTracer, tracer

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_header_is_read_and_written_back() -> None:
    context = TraceContext.parse(VALID)
    assert context == TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
    assert context is not None
    assert context.traceparent == VALID


def test_a_later_version_may_say_more() -> None:
    assert TraceContext.parse(f"cc{VALID[2:]}-what-comes") is not None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "hello",
        VALID.upper(),
        f"ff{VALID[2:]}",
        f"{VALID}-more",
        VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        VALID.replace("00f067aa0ba902b7", "0" * 16),
        VALID[:-1],
    ],
)
def test_everything_else_is_ignored(header: str | None) -> None:
    assert TraceContext.parse(header) is None


def test_spans_nest_in_one_trace_without_an_exporter() -> None:
    with tracer.span("outer"):
        outer = TraceContext.current()
        with TransactionTracer("other").span("inner"):
            inner = TraceContext.current()
        assert TraceContext.current() == outer
    assert inner.trace_id == outer.trace_id
    assert inner.span_id != outer.span_id


def test_a_span_that_fails_lets_the_failure_through_and_ends() -> None:
    with pytest.raises(ZeroDivisionError), tracer.span("fails"):
        _ = 1 / 0
    assert TraceContext.current() != TraceContext.current()
