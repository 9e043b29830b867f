"""Property 8.7.3: whatever is logged, a line is one JSON object with all fields, cut where long, without secrets."""

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from soma_common.logging.formatters import LEVEL_EMOJI, SERVICE_EMOJI, SomaStackFormatter, SomaStackJSONFormatter
from soma_common.logging.redaction import MAX_DEPTH, MAX_ITEMS, MAX_TEXT, REDACTED, TRUNCATED, redact

FIELDS = {"timestamp", "level", "service", "trace_id", "correlation_id", "tenant_id", "message", "data"}

# Halves of surrogate pairs among them: bad input is logged, too.
texts = st.text(st.characters(exclude_categories=()))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def record(level: int, message: str, data: dict[str, object]) -> logging.LogRecord:
    made = logging.LogRecord("soma.test", level, "", 0, message.replace("%", "%%"), (), None)
    made.__dict__["data"] = data
    return made


@given(
    level=st.sampled_from([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR]),
    service=st.sampled_from(sorted(SERVICE_EMOJI)),
    message=texts,
    data=st.dictionaries(texts, values),
)
def test_prop_8_7_3_log_format(level: int, service: str, message: str, data: dict[str, object]) -> None:
    made = record(level, message, data)
    text = SomaStackJSONFormatter(service).format(made)
    assert "\n" not in text
    line = json.loads(text)
    assert set(line) == FIELDS
    assert line["level"] == logging.getLevelName(level).lower()
    assert line["service"] == service
    assert isinstance(line["data"], dict)
    assert len(line["message"]) <= MAX_TEXT + len(TRUNCATED)
    shown = SomaStackFormatter(service, colours=False).format(made)
    assert LEVEL_EMOJI[logging.getLevelName(level)] in shown
    assert SERVICE_EMOJI[service] in shown


@given(
    name=st.sampled_from(
        ["authorization", "apiKey", "API_KEY", "db_password", "Set-Cookie", "clientSecret", "refreshToken"]
    ),
    secret=st.text(min_size=1),
    around=values,
)
def test_prop_8_7_3_secrets_never_show(name: str, secret: str, around: object) -> None:
    assert redact({name: secret, "around": around})[name] == REDACTED  # type: ignore[index]  # a mapping stays one


@given(st.integers(0, 40), st.integers(0, 200))
def test_prop_8_7_3_deep_and_long_data_is_cut(depth: int, length: int) -> None:
    value: object = list(range(length))
    for _ in range(depth):
        value = {"in": value}
    text = json.dumps(redact(value))
    assert (TRUNCATED in text) == (depth >= MAX_DEPTH or length > MAX_ITEMS)
