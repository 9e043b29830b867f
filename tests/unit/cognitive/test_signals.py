"""What a turn's facts pull on, and in which direction."""

from servers.cognitive.domain.signals import ERROR_WINDOW, Facts, signals_of


def directions(facts: Facts, recent: tuple[bool, ...] = ()) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    for signal in signals_of(facts, recent):
        assert 0.0 < signal.strength <= 1.0
        found.setdefault(signal.name, set()).add(signal.upward)
    return found


def test_a_failed_turn_lowers_dopamine_and_serotonin() -> None:
    found = directions(Facts(finish_reason="error", error_reason="MODEL_UNAVAILABLE"))
    assert found["dopamine"] == {False}
    assert found["serotonin"] == {False}


def test_a_better_answer_than_expected_raises_dopamine() -> None:
    assert directions(Facts("stop", aiq_observed=90, aiq_predicted=60))["dopamine"] == {True}


def test_a_worse_answer_than_expected_lowers_dopamine() -> None:
    assert directions(Facts("length", aiq_observed=40, aiq_predicted=60))["dopamine"] == {False}


def test_tools_that_work_raise_dopamine_and_broken_ones_lower_it() -> None:
    assert directions(Facts("stop", tool_attempts=2, tool_successes=2))["dopamine"] == {True}
    assert directions(Facts("stop", tool_attempts=2, tool_successes=0))["dopamine"] == {False}


def test_many_good_turns_raise_serotonin_and_errors_take_that_away() -> None:
    good = (False,) * ERROR_WINDOW
    bad = (True,) * (ERROR_WINDOW // 2) + (False,) * (ERROR_WINDOW // 2)
    assert directions(Facts("stop"), good)["serotonin"] == {True}
    assert "serotonin" not in directions(Facts("stop"), bad)


def test_a_stopped_answer_lowers_serotonin_only() -> None:
    found = directions(Facts("cancelled", interrupted=True, aiq_observed=0, aiq_predicted=80), (True,) * ERROR_WINDOW)
    assert found["serotonin"] == {False}
    assert "dopamine" not in found


def test_urgency_failed_dependencies_and_timeouts_raise_noradrenaline() -> None:
    for facts in (
        Facts("stop", urgency=0.5),
        Facts("stop", failed_dependencies=("memory",)),
        Facts("error", error_reason="MODEL_TIMEOUT"),
    ):
        assert directions(facts)["noradrenaline"] == {True}
    assert directions(Facts("stop"))["noradrenaline"] == {False}


def test_novelty_memories_and_corrections_raise_acetylcholine_and_repetition_lowers_it() -> None:
    for facts in (Facts("stop", novelty=0.8), Facts("stop", memories_used=5), Facts("stop", correction=True)):
        assert directions(facts)["acetylcholine"] == {True}
    assert directions(Facts("stop", novelty=0.05))["acetylcholine"] == {False}
