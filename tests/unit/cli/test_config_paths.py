"""The governor's configuration as paths and values, what a change of it sends, and how versions look."""

import json

import pytest

from cli.exits import CommandError, Exit
from cli.governing.paths import assignment, assignments, edits, update, update_of_file, values
from cli.views.governor import bin_rows, calibration_row, differences, lines, version_row
from cli.views.words import to_json
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import plan_pb2 as plan_pb

L0, L1, L2 = level_pb.DEGRADATION_LEVEL_L0, level_pb.DEGRADATION_LEVEL_L1, level_pb.DEGRADATION_LEVEL_L2
CONFIG = config_pb.GovernorConfig(
    weights=config_pb.AiqWeights(context_quality=0.4, tool_relevance=0.3, budget_efficiency=0.3),
    levels=[
        config_pb.LevelRule(
            level=L0, tool_k=5, budget_efficiency=100, shares=config_pb.LaneShares(history=0.25, buffer=0.05)
        ),
        config_pb.LevelRule(level=L1, tool_k=3, budget_efficiency=80, shares=config_pb.LaneShares(history=0.15)),
    ],
    bounds=[config_pb.LaneBound(lane="history", floor=0, ceiling=4000)],
    budget_thresholds=[config_pb.LevelThreshold(at=0.95, level=L2), config_pb.LevelThreshold(at=0.8, level=L1)],
    health=[config_pb.HealthRule(dependency="memory", state=level_pb.DEPENDENCY_STATE_DOWN, level=L1)],
    good_checks_to_recover=3,
    tool_relevance_floor=0.2,
    lane_profile=plan_pb.LANE_PROFILE_AUTO,
    rates=config_pb.RateRules(tenant_calls_per_minute=600),
)


def test_every_value_has_a_path() -> None:
    found = values(CONFIG)
    for path, value in {
        "weights.context_quality": "0.4",
        "levels.L0.tool_k": "5",
        "levels.L0.budget_efficiency": "100",
        "levels.L1.shares.history": "0.15",
        "bounds.history.ceiling": "4000",
        "budget_thresholds.L2": "0.95",
        "health.memory.down": "L1",
        "good_checks_to_recover": "3",
        "lane_profile": "auto",
        "rates.tenant_calls_per_minute": "600",
    }.items():
        assert found[path] == value, path
    assert "receipt_retention_days" not in found, "nobody set it"


def test_what_is_sent_is_whole_and_no_more_than_is_touched() -> None:
    sent = update(CONFIG, [("levels.L0.tool_k", "7"), ("weights.context_quality", "0.5")])
    assert {field.name for field, _ in sent.ListFields()} == {"levels", "weights"}
    assert [(row.level, row.tool_k) for row in sent.levels] == [(L0, 7), (L1, 3)]
    assert (sent.weights.context_quality, sent.weights.tool_relevance) == (0.5, 0.3)


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("levels.l0.shares.history", "0.3", "0.3"),
        ("budget_thresholds.L3", "0.99", "0.99"),
        ("health.memory.degraded", "L2", "L2"),
        ("health.cognitive.DOWN", "l1", "L1"),
        ("lane_profile", "WIDE", "wide"),
        ("receipt_retention_days", "30", "30"),
        ("rates.user_tokens_per_minute", "100,000", "100000"),
        ("tool_relevance_floor", "0", "0"),
    ],
)
def test_a_value_is_read_as_it_is_shown(path: str, value: str, shown: str) -> None:
    found = values(update(CONFIG, [(path, value)]))
    wanted = path.replace("l0", "L0").replace("DOWN", "down")
    assert found[wanted] == shown


def test_a_threshold_can_be_added_in_its_place_and_taken_away() -> None:
    more = update(CONFIG, [("budget_thresholds.L3", "0.99")])
    assert [row.at for row in more.budget_thresholds] == [0.99, 0.95, 0.8], "the worst first"
    assert [row.at for row in update(CONFIG, [("budget_thresholds.L2", "none")]).budget_thresholds] == [0.8]


def test_the_last_threshold_stays() -> None:
    with pytest.raises(CommandError) as caught:
        update(CONFIG, [("budget_thresholds.L1", "none"), ("budget_thresholds.L2", "none")])
    assert "has to stay" in caught.value.sentence


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("weights.context", "1", "Did you mean weights.context_quality?"),
        ("weights", "1", "no value “weights”"),
        ("levels.L0", "1", "no value “levels.L0”"),
        ("levels.L9.tool_k", "1", "no value"),
        ("bounds.attic.floor", "1", "no value"),
        ("budget_thresholds.L1.at", "1", "no value"),
        ("good_checks_to_recover.x", "1", "no value"),
        ("health.memory", "L1", "no value"),
        ("health.memory.up2", "L1", "no word"),
        ("levels.L0.tool_k", "1.5", "no whole number"),
        ("levels.L0.tool_k", "-1", "no number that is possible"),
        ("weights.context_quality", "much", "no number"),
        ("weights.context_quality", "nan", "no number that is possible"),
        ("lane_profile", "huge", "(auto, classic, wide)"),
        ("lane_profile", "unspecified", "no word"),
    ],
)
def test_what_is_no_value_is_named(path: str, value: str, words: str) -> None:
    with pytest.raises(CommandError) as caught:
        update(CONFIG, [(path, value)])
    assert words in caught.value.sentence
    assert caught.value.code is Exit.WRONG_USE


@pytest.mark.parametrize("text", ["weights", "=1", "weights.context_quality=", ""])
def test_what_assigns_nothing_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        assignment(text)


def test_a_version_that_is_shown_can_be_read_again() -> None:
    version = config_pb.ConfigVersion(version=3, config=CONFIG, changed_by="ada", comment="more tools")
    shown = "\n".join(lines(version))
    assert shown.startswith("# Version 3, by ada")
    assert assignments("good_checks_to_recover = 4\n\n# no\n") == [("good_checks_to_recover", "4")]
    assert update_of_file(CONFIG, shown) == CONFIG
    assert update_of_file(CONFIG, to_json(version)) == CONFIG


@pytest.mark.parametrize("text", ["{", '{"config": {"weight": 1}}', json.dumps({"config": {"weights": 1}})])
def test_a_file_that_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        update_of_file(CONFIG, text)
    assert caught.value.code is Exit.WRONG_USE


def test_an_edit_changes_what_is_different_and_takes_thresholds_away() -> None:
    before = list(lines(config_pb.ConfigVersion(config=CONFIG)))
    assert not edits(CONFIG, "\n".join(before))
    after = "\n".join(line for line in before if "budget_thresholds.L2" not in line and "rates" not in line)
    assert edits(CONFIG, after.replace("tool_k = 5", "tool_k = 6")) == [
        ("levels.L0.tool_k", "6"),
        ("budget_thresholds.L2", "none"),
    ]


def test_versions_tell_what_changed() -> None:
    restored = config_pb.ConfigVersion(version=4, changed_by="ada", restores_version=2, changed_fields=["weights"])
    assert version_row(restored)[3] == "restores version 2 · weights"
    after = config_pb.GovernorConfig()
    after.CopyFrom(CONFIG)
    after.budget_thresholds.pop()
    after.levels[0].tool_k = 6
    assert differences(CONFIG, after) == [("levels.L0.tool_k", "5", "6"), ("budget_thresholds.L1", "0.8", "–")]


def test_calibration_tells_errors_and_tens() -> None:
    bins = [config_pb.CalibrationBin(turns=2, mean_predicted=95, mean_observed=90.5, **{"from": 90.0})]
    found = config_pb.Calibration(model="m", turns=1234, mean_error=-4.5, mean_absolute_error=4.5, bins=bins)
    assert calibration_row(found) == ("m", "1,234", "-4.5", "4.5", "0.0")
    assert list(bin_rows([found])) == [("m", "90–100", "2", "95.0", "90.5")]
