"""Outbox, allowances, origins, problems, server-sent events, cookies' CSRF tokens."""

from typing import Any

import pytest
from starlette.datastructures import Headers

from edge.codecs.json import JsonCodec
from edge.frames import EventKind, Knock, Refused, TurnNews
from edge.identity import csrf_of
from edge.origins import Origins
from edge.outbox import Outbox, OutboxLimits
from edge.problems import headers_of, status_of, to_openai_problem, to_problem
from edge.rates import Allowances
from edge.sse import read_last_event_id, to_event
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

CODEC = JsonCodec(Clock())


def delta(sequence: int, text: str = "x", turn_id: str = "t", frame_id: str = "f") -> TurnNews:
    return TurnNews(EventKind.TEXT, turn_id, sequence, text=text, frame_id=frame_id)


def test_neighbouring_deltas_of_a_turn_are_merged_while_they_wait() -> None:
    outbox = Outbox(CODEC.merge, OutboxLimits())
    for sequence in range(2, 6):
        outbox.put(delta(sequence, str(sequence)))
    outbox.put(delta(2, "other", turn_id="u", frame_id="g"))
    outbox.put(delta(6, "6"))
    first, second, third = outbox.take(), outbox.take(), outbox.take()
    assert isinstance(first, TurnNews)
    assert (first.first_sequence, first.sequence, first.text) == (2, 5, "2345")
    assert isinstance(second, TurnNews)
    assert second.text == "other"
    assert isinstance(third, TurnNews)
    assert (third.first_sequence, third.sequence) == (0, 6)
    assert outbox.take() is None


def test_merged_deltas_stay_small_and_the_outbox_bounded() -> None:
    outbox = Outbox(CODEC.merge, OutboxLimits(size=100, merged_size=30))
    room = [outbox.put(delta(sequence, "x" * 10)) for sequence in range(2, 14)]
    assert room == [True] * 10 + [False] * 2
    assert len(outbox) == 4
    while (frame := outbox.take()) is not None:
        assert isinstance(frame, TurnNews)
        assert len(frame.text) == 30
    assert outbox.put(delta(1, "x" * 100))


def test_frames_are_bounded_too() -> None:
    outbox = Outbox(CODEC.merge, OutboxLimits(frames=2))
    frames = [Refused("f", SomaError(Reason.CONFLICT)) for _ in range(3)]
    assert [outbox.put(frame) for frame in frames] == [True, True, False]
    outbox.clear()
    assert outbox.take() is None
    assert isinstance(Knock("f"), Knock)


def test_an_allowance_fills_evenly_and_belongs_to_one_user() -> None:
    allowances = Allowances(6)
    assert [allowances.take("ada", 0.0) for _ in range(6)] == [None] * 6
    assert allowances.take("ada", 0.0) == pytest.approx(10.0)
    assert allowances.take("bob", 0.0) is None
    assert allowances.take("ada", 5.0) == pytest.approx(5.0)
    assert allowances.take("ada", 10.0) is None
    assert [allowances.take("ada", 10_000.0) for _ in range(7)][-1] == pytest.approx(10.0)
    assert allowances.take("ada", 0.0) is not None  # a clock that runs backwards gives nothing away


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:20020", True),
        ("localhost:20020", True),
        ("LocalHost:20020", True),
        ("soma.example.org", True),
        ("soma.example.org:20020", True),
        ("proxy.example.org:8443", True),
        ("proxy.example.org", False),
        ("localhost", False),
        ("127.0.0.1", False),
        ("evil.example:20020", False),
        ("localhost:20020.evil", False),
        ("", False),
    ],
)
def test_which_hosts_are_ours(host: str, own: bool) -> None:
    names = ("localhost", "soma.example.org", "proxy.example.org:8443")
    origins = Origins.of("http://127.0.0.1:20020/", 20020, names, ("https://soma.example.org/",))
    try:
        origins.demand_host(Headers({"host": host}))
        accepted = True
    except SomaError as error:
        accepted = error.reason is not Reason.ORIGIN_NOT_ALLOWED
    assert accepted is own
    origins.demand_own(Headers({"origin": "https://soma.example.org"}))
    with pytest.raises(SomaError):
        origins.demand_own(Headers({}))


@pytest.mark.parametrize(
    ("client", "headers", "own"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("127.0.0.1", {"sec-fetch-site": "none"}, True),
        ("127.0.0.1", {"origin": "http://127.0.0.1:1"}, True),
        ("127.0.0.1", {"origin": "http://evil"}, False),
        ("10.0.0.1", {}, False),
        (None, {}, False),
        ("not-an-address", {}, False),
        ("127.0.0.1", {"forwarded": "for=1.2.3.4"}, False),
    ],
)
def test_who_gets_a_session(client: str | None, headers: dict[str, str], own: bool) -> None:
    assert Origins.of("http://127.0.0.1:1/", 1, (), ()).is_own_browser(Headers(headers), client) is own


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_status_and_both_forms(reason: Reason) -> None:
    error = SomaError(reason, {"field": "x"}, retry_after_seconds=1.2)
    status = status_of(error)
    assert 400 <= status < 600
    assert headers_of(error)["retry-after"] == "2"
    ours: Any = to_problem(error)["error"]
    assert (ours["code"], ours["retry_after"], bool(ours["message"])) == (reason.value, 1.2, True)
    theirs: Any = to_openai_problem(error)["error"]
    assert set(theirs) == {"message", "type", "param", "code"}
    assert (theirs["type"] == "server_error") == (status >= 500)


def test_statuses_that_clients_rely_on() -> None:
    expected = {
        Reason.INVALID_FIELD: 400,
        Reason.PAYLOAD_TOO_LARGE: 413,
        Reason.METHOD_UNKNOWN: 404,
        Reason.EXPIRED_TOKEN: 401,
        Reason.SCOPE_MISSING: 403,
        Reason.RESOURCE_NOT_FOUND: 404,
        Reason.REQUEST_ID_REUSED: 409,
        Reason.RATE_LIMITED: 429,
        Reason.BUDGET_EXHAUSTED: 429,
        Reason.INTERNAL: 500,
        Reason.DEPENDENCY_DOWN: 503,
        Reason.MODEL_TIMEOUT: 504,
    }
    assert {reason: status_of(SomaError(reason)) for reason in expected} == expected


def test_server_sent_events() -> None:
    assert to_event(b"{}", "text", "t:1") == b"id: t:1\nevent: text\ndata: {}\n\n"
    assert read_last_event_id(None) is None
    turn = "0198c0de-0000-7000-8000-0000000000a1"
    assert read_last_event_id(f" {turn}:7 ") == (turn, 7)
    for wrong in ("7", f"{turn}:", f"{turn}:-1", f"{turn}:99999999999", f"{turn}:4294967296", "x:1"):
        with pytest.raises(SomaError):
            read_last_event_id(wrong)


def test_a_csrf_token_belongs_to_its_session() -> None:
    assert csrf_of("a") == csrf_of("a") != csrf_of("b")
    assert "a.b.c" not in csrf_of("a.b.c")
