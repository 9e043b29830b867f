"""An agent's mind as gauges and sentences; what moved it, and what an examination found, as tables.

Nothing here prints or asks a service.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cli.views.words import NONE, gauge, moment, visible
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb
from soma.common.v1 import modulation_pb2 as effects_pb

GAUGE_HEADINGS: Final = ("NAME", "VALUE", "● VALUE, ┼ BASELINE", "BASELINE", "RANGE")
CHANGE_HEADINGS: Final = ("WHEN", "NAME", "BEFORE", "AFTER", "CAUSE", "TURN")
FINDING_HEADINGS: Final = ("STATE", "WHAT", "FOUND")


def gauge_row(state: mind_pb.NeuromodulatorState) -> tuple[str, ...]:
    """One neuromodulator under the headings."""
    return (
        state.name,
        f"{state.value:.3f}",
        gauge(state.value, state.baseline, (state.minimum, state.maximum)),
        f"{state.baseline:.3f}",
        f"{state.minimum:g}–{state.maximum:g}",
    )


def effects(every: Iterable[effects_pb.ModulationEffect]) -> Iterator[str]:
    """What the values change in a turn, a sentence each; those that are switched off say so."""
    for effect in every:
        off = " (switched off)" if effect.switched_off else ""
        yield effect.sentence or f"{effect.name} {effect.before:g} → {effect.after:g}{off}"


def change_row(change: modulation_pb.StateChange) -> tuple[str, ...]:
    """One change of one value under the headings."""
    return (
        moment(change, "time"),
        change.name,
        f"{change.before:.3f}",
        f"{change.after:.3f}",
        change.cause,
        change.turn_id or NONE,
    )


def finding_row(finding: modulation_pb.Finding) -> tuple[str, ...]:
    """One thing that was examined, under the headings."""
    return ("GOOD" if finding.sound else "WRONG", finding.name, visible(finding.sentence))


def unsound(findings: Iterable[modulation_pb.Finding]) -> str:
    """What is wrong, as a sentence; empty where nothing is."""
    names = [finding.name for finding in findings if not finding.sound]
    return f"Something is wrong with this mind: {', '.join(names)}." if names else ""
