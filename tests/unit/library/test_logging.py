"""Both faces of a line, its fields, and that a logger of the library reaches them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from soma_common.logging import configure_logging, get_logger
from soma_common.logging.context import log_context, set_log_context
from soma_common.logging.formatters import LEVEL_EMOJI, SERVICE_EMOJI, SUCCESS, SomaStackFormatter
from soma_common.logging.redaction import MAX_TEXT, redact_text
from soma_common.tracing import tracer


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_has_every_field(written: io.StringIO) -> None:
    configure_logging("memory", "json", "DEBUG", stream=written)
    with tracer.span("work") as span, log_context(correlation_id="turn-1", tenant_id="t-1"):
        get_logger("test").info("stored", count=3, nested={"deep": [1, 2]})
    line = json.loads(written.getvalue())
    assert set(line) == {
        "timestamp",
        "level",
        "service",
        "trace_id",
        "correlation_id",
        "tenant_id",
        "message",
        "data",
    }
    assert (line["level"], line["service"], line["message"]) == ("info", "memory", "stored")
    assert (line["correlation_id"], line["tenant_id"]) == ("turn-1", "t-1")
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["data"] == {"logger": "test", "count": 3, "nested": {"deep": [1, 2]}}


def test_lines_of_other_libraries_look_alike(written: io.StringIO) -> None:
    configure_logging("chat", "json", stream=written)
    logging.getLogger("library").warning("careful with %s", "this")
    assert json.loads(written.getvalue())["message"] == "careful with this"


def test_an_exception_is_data_without_secrets(written: io.StringIO) -> None:
    configure_logging("chat", "json", stream=written)
    try:
        raise ValueError("postgresql://app:hunter2@db/x")
    except ValueError:
        get_logger("test").exception("failed")
    line = json.loads(written.getvalue())
    assert "ValueError" in line["data"]["exception"]
    assert "hunter2" not in written.getvalue()


def test_of_a_long_stack_the_end_is_kept(written: io.StringIO) -> None:
    configure_logging("chat", "json", stream=written)

    def deeper(level: int) -> None:
        if level == 0:
            raise ValueError("the cause " + "x" * 9000 + " the end")
        deeper(level - 1)

    try:
        deeper(5)
    except ValueError:
        get_logger("test").exception("failed")
    shown = json.loads(written.getvalue())["data"]["exception"]
    assert shown.endswith("the end\n")
    assert shown.startswith("[truncated]")


def test_the_level_decides(written: io.StringIO) -> None:
    configure_logging("chat", "json", "WARNING", stream=written)
    get_logger("test").info("quiet")
    assert written.getvalue() == ""


def test_configuring_twice_writes_once(written: io.StringIO) -> None:
    configure_logging("chat", "json", stream=written)
    configure_logging("chat", "json", stream=written)
    get_logger("test").info("once")
    assert written.getvalue().count("once") == 1


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "SUCCESS"])
@pytest.mark.parametrize("service", SERVICE_EMOJI)
def test_the_console_shows_level_and_service(level: str, service: str) -> None:
    number = SUCCESS if level == "SUCCESS" else logging.getLevelNamesMapping()[level]
    record = logging.LogRecord("x", number, "", 0, "hello", (), None)
    record.levelname = level
    line = SomaStackFormatter(service, colours=False).format(record)
    assert LEVEL_EMOJI[level] in line
    assert f"{SERVICE_EMOJI[service]} {service} hello" in line
    assert "\x1b" not in line
    assert "\x1b" in SomaStackFormatter(service, colours=True).format(record)


def test_a_stream_that_is_no_terminal_gets_no_colours(written: io.StringIO) -> None:
    configure_logging("edge", "console", stream=written)
    get_logger("test").info("plain", size=1)
    assert "\x1b" not in written.getvalue()
    assert '{"size":1}' in written.getvalue()


def test_the_service_of_the_running_work_wins(written: io.StringIO) -> None:
    configure_logging("host", "json", stream=written)
    with log_context():
        set_log_context(service="governor")
        get_logger("test").info("inside")
    get_logger("test").info("outside")
    assert [json.loads(line)["service"] for line in written.getvalue().splitlines()] == ["governor", "host"]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl end", "eyJzdWIi"),
        ("postgresql://app:hunter2@db:5432/x", "hunter2"),
        ("host=db password=hunter2 user=app", "hunter2"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("key sk-proj-abcdefghijklmnop", "abcdefghijklmnop"),
        ("api_key: abc123def", "abc123def"),
        ("PGPASSWORD=hunter2 psql", "hunter2"),
        ("host=db password='hunter two' user=app", "hunter two"),
        ('{"client_secret": "hunter2"}', "hunter2"),
    ],
)
def test_secrets_in_texts_are_taken_out(text: str, secret: str) -> None:
    assert secret not in redact_text(text)


@pytest.mark.parametrize("text", ["a plain sentence", "http://host:8080/path@x", "token_count=5", "12 tokens"])
def test_plain_texts_stay(text: str) -> None:
    assert redact_text(text) == text


def test_long_texts_are_cut() -> None:
    assert redact_text("x" * 100_000) == "x" * MAX_TEXT + "[truncated]"
