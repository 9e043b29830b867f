"""The effects of the state on a turn's knobs, one by one."""

import pytest

from servers.cognitive.domain.effects import EFFECT_NAMES, Bases, knobs_of
from servers.cognitive.domain.modulation import SLEEP_EFFECT_NAMES
from servers.cognitive.domain.neuromodulators import BASELINE, Values
from servers.control.domain.features import DEFINITIONS

BASES = Bases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)


def test_baseline_leaves_the_temperature_at_its_base() -> None:
    assert knobs_of(BASELINE, BASES).temperature == pytest.approx(0.7)


@pytest.mark.parametrize(("dopamine", "expected"), [(0.0, 0.49), (0.58, 0.7945), (0.8, 0.91)])
def test_dopamine_moves_the_temperature(dopamine: float, expected: float) -> None:
    assert knobs_of(BASELINE.with_value("dopamine", dopamine), BASES).temperature == pytest.approx(expected)


def test_temperature_never_passes_its_bound() -> None:
    assert knobs_of(BASELINE.with_value("dopamine", 0.8), Bases(temperature=2.0)).temperature == 1.5


@pytest.mark.parametrize(("base", "expected"), [(1.0, 0.7), (0.6, 0.5), (0.3, 0.3)])
def test_noradrenaline_narrows_top_p_but_not_under_its_floor(base: float, expected: float) -> None:
    knobs = knobs_of(BASELINE.with_value("noradrenaline", 0.1), Bases(top_p=base))
    assert knobs.top_p == pytest.approx(expected)


@pytest.mark.parametrize(("dopamine", "noradrenaline", "delta"), [(0.7, 0.0, 1), (0.4, 0.08, -1), (0.7, 0.08, 0)])
def test_tool_k(dopamine: float, noradrenaline: float, delta: int) -> None:
    assert knobs_of(Values(dopamine, 0.5, noradrenaline, 0.0), BASES).tool_k_delta == delta


def test_serotonin_gives_patience_warmth_and_history() -> None:
    high, low = (knobs_of(BASELINE.with_value("serotonin", value), BASES) for value in (0.9, 0.1))
    assert (high.max_tool_rounds, high.max_retries, high.warm_style, high.history_share_delta) == (3, 3, True, 0.05)
    assert (low.max_tool_rounds, low.max_retries, low.warm_style, low.history_share_delta) == (1, 1, False, 0.0)


def test_acetylcholine_widens_recall() -> None:
    assert knobs_of(BASELINE.with_value("acetylcholine", 0.5), BASES).recall_limit == 15


def test_recall_limit_keeps_its_bound() -> None:
    knobs = knobs_of(BASELINE.with_value("acetylcholine", 0.5), Bases(recall_limit=200))
    assert knobs.recall_limit == 200


def test_learning_rate_and_store_threshold() -> None:
    knobs = knobs_of(Values(0.8, 0.5, 0.1, 0.0), BASES)
    assert knobs.learning_rate_factor == 1.2
    assert knobs.store_threshold == pytest.approx(0.6)


@pytest.mark.parametrize("name", EFFECT_NAMES)
def test_each_effect_can_be_switched_off_alone(name: str) -> None:
    moved = Values(0.8, 1.0, 0.1, 0.5)
    on, off = knobs_of(moved, BASES), knobs_of(moved, BASES, frozenset((name,)))
    for with_effect, without in zip(on.effects, off.effects, strict=True):
        if with_effect.name == name:
            assert without.switched_off
            assert without.after == without.before
            assert "switched off" in without.sentence
        else:
            assert without == with_effect


def test_every_effect_has_a_sentence_with_its_numbers() -> None:
    sentences = {effect.name: effect.sentence for effect in knobs_of(Values(0.8, 1.0, 0.1, 0.5), BASES).effects}
    assert sentences["temperature"] == "Dopamine 0.80 raised the temperature from 0.70 to 0.91."
    assert sentences["patience"] == "Serotonin 1.00 raised the number of tool rounds from 2 to 3."
    assert sentences["recall_breadth"] == "Acetylcholine 0.50 raised the number of memories recalled from 10 to 15."
    assert sentences["store_threshold"] == "Noradrenaline 0.10 raised the threshold for new memories from 0.50 to 0.60."


def test_a_change_that_nobody_would_see_is_not_told_as_one() -> None:
    moved = BASELINE.with_value("dopamine", 0.403)
    sentences = {effect.name: effect.sentence for effect in knobs_of(moved, BASES).effects}
    assert sentences["temperature"] == "The temperature stays at 0.70 (dopamine 0.40)."


def test_every_effect_has_its_flag_and_every_flag_its_effect() -> None:
    flags = {name.removeprefix("effect_") for name in DEFINITIONS if name.startswith("effect_")}
    assert flags == {*EFFECT_NAMES, *SLEEP_EFFECT_NAMES}
