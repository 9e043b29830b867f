"""The scripts of the model upstream as values and as JSON."""

import json

import pytest

from soma_common.testing.upstream import Fault, FaultKind, Script, ToolCall, UsageFigures
from soma_common.testing.upstream.script import Scripts

FULL = Script(
    name="all of it",
    match="weather",
    seed=7,
    tool_calls=(ToolCall("look", '{"at": "sky"}', id="call_1"), ToolCall("listen", unoffered=True)),
    usage=UsageFigures(10, 20, reasoning_tokens=5),
    fault=Fault(FaultKind.RATE_LIMITED, at_chunk=3, seconds=1.5),
)


def test_a_script_survives_json() -> None:
    assert Script.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_a_programme_survives_json() -> None:
    programme = Scripts(default=FULL, queue=(Script(name="first"), FULL))
    assert Scripts.from_json(json.loads(json.dumps(programme.to_json()))) == programme


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"chunk": 3}, "chunk"),
        ({"fault": {"kind": "explode"}}, "explode"),
        ({"fault": {"at_chunk": 1}}, "kind"),
        ({"tool_calls": [{"nam": "x"}]}, "nam"),
    ],
)
def test_a_wrong_script_says_what_is_wrong(value: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Script.from_json(value)


def test_a_wrong_programme_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="scripts"):
        Scripts.from_json({"scripts": []})


def test_the_queue_is_taken_in_order_then_the_default_answers() -> None:
    programme = Scripts(Script(name="default"), (Script(name="one"), Script(name="two")))
    names = []
    for _ in range(4):
        script, programme = programme.take("body")
        names.append(script.name)
    assert names == ["one", "two", "default", "default"]


def test_a_queued_script_waits_for_its_request() -> None:
    programme = Scripts(Script(name="default"), (Script(name="rain", match="rain"), Script(name="any")))
    script, programme = programme.take("sun")
    assert script.name == "any"
    assert programme.take("sun")[0].name == "default"
    assert programme.take("rain")[0].name == "rain"
