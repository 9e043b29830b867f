"""Versions of the governor's configuration, their differences, and calibration, as tables and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from cli.governing.paths import values
from cli.views.words import NONE, count, moment, one_line
from soma.governor.v1 import config_pb2 as config_pb

VERSION_HEADINGS: Final = ("VERSION", "MADE", "BY", "CHANGED", "COMMENT")
CALIBRATION_HEADINGS: Final = ("MODEL", "TURNS", "ERROR", "ABSOLUTE", "CALIBRATION ERROR")
BIN_HEADINGS: Final = ("MODEL", "PREDICTED", "TURNS", "MEAN PREDICTED", "MEAN OBSERVED")
_LONGEST: Final = 60


def heading(version: config_pb.ConfigVersion) -> str:
    """A version in one sentence."""
    if not version.version:
        return "Version 0: the values that come with the system."
    comment = f": {one_line(version.comment, _LONGEST)}" if version.comment else "."
    return f"Version {version.version}, by {version.changed_by} at {moment(version, 'create_time')}{comment}"


def lines(version: config_pb.ConfigVersion) -> Iterator[str]:
    """A version as `config set --from` reads it."""
    yield f"# {heading(version)}"
    for path, value in values(version.config).items():
        yield f"{path} = {value}"


def version_row(version: config_pb.ConfigVersion) -> tuple[str, ...]:
    """One version under the headings."""
    restored = f"restores version {version.restores_version}"
    changed = ", ".join(version.changed_fields)
    comment = version.comment if version.version else "the values that come with the system"
    return (
        str(version.version),
        moment(version, "create_time"),
        version.changed_by or NONE,
        " · ".join(part for part in (restored if version.restores_version else "", changed) if part) or NONE,
        one_line(comment, _LONGEST),
    )


def differences(before: config_pb.GovernorConfig, after: config_pb.GovernorConfig) -> list[tuple[str, str, str]]:
    """Each path whose value differs, with both values."""
    one, other = values(before), values(after)
    paths = list(dict.fromkeys([*one, *other]))
    return [(it, one.get(it, NONE), other.get(it, NONE)) for it in paths if one.get(it) != other.get(it)]


def calibration_row(found: config_pb.Calibration) -> tuple[str, ...]:
    """One model under the headings."""
    return (
        found.model,
        count(found.turns),
        f"{found.mean_error:+.1f}",
        f"{found.mean_absolute_error:.1f}",
        f"{found.expected_calibration_error:.1f}",
    )


def bin_rows(found: Sequence[config_pb.Calibration]) -> Iterator[tuple[str, ...]]:
    """What became of the predictions, by tens."""
    for model in found:
        for each in model.bins:
            low = int(getattr(each, "from"))
            mean = f"{each.mean_predicted:.1f}", f"{each.mean_observed:.1f}"
            yield model.model, f"{low}–{100 if low == 90 else low + 9}", count(each.turns), *mean
