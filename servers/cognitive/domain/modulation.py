"""What an agent's mind makes of a turn: the effects of its state, scaled by how it sleeps, and what it learned. Pure.

    sleep_temperature      temperature · ratio             sleep_recall_breadth  max(1, int(recall limit · ratio))
    sleep_recall_time      time that recall may take · ratio
    sleep_learning_rate    learning rate · ratio           sleep_store_threshold   threshold + barrier

The ratios are those of `sleeping.SCHEDULES`. An effect that is switched off leaves its knob as the state left it; an
agent that is awake has none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from servers.cognitive.domain.adaptation import Adaptation
from servers.cognitive.domain.effects import Bases, Effect, Knobs, knobs_of, shown
from servers.cognitive.domain.load import Load
from servers.cognitive.domain.neuromodulators import Values
from servers.cognitive.domain.sleeping import SCHEDULES, Schedule, Sleep, SleepState
from servers.cognitive.domain.state import State


@dataclass(frozen=True, slots=True)
class Mind:
    """All that is known of an agent: what it feels, how it sleeps, what it learned and how loaded it is."""

    state: State
    sleep: Sleep
    adaptation: Adaptation
    load: Load


@dataclass(frozen=True, slots=True)
class Modulation:
    """The knobs of a turn, and what they were made from."""

    values: Values
    state_version: int
    knobs: Knobs
    sleep_state: SleepState
    adaptation: Adaptation


@dataclass(frozen=True, slots=True)
class _Law:
    """How sleep changes one knob, which it finds by the name of its field."""

    knob: str
    subject: str
    value: Callable[[float, Schedule], float]
    # Whether the knob is a whole number.
    counted: bool = False


def _recalled(limit: float, schedule: Schedule) -> float:
    # A whole number may come out of the ratio a hair too small.
    return min(limit, float(max(1, int(limit * schedule.recall_width + 1e-9))))


_LAWS: Final[Mapping[str, _Law]] = {
    "sleep_temperature": _Law("temperature", "the temperature", lambda it, s: it * s.temperature),
    "sleep_recall_breadth": _Law("recall_limit", "the number of memories recalled", _recalled, counted=True),
    "sleep_recall_time": _Law(
        "recall_time_factor", "the share of time that recall may take", lambda it, s: it * s.time_budget
    ),
    "sleep_learning_rate": _Law("learning_rate_factor", "the learning rate", lambda it, s: it * s.learning_rate),
    "sleep_store_threshold": _Law("store_threshold", "the threshold for new memories", lambda it, s: it + s.barrier),
}
_NAMED: Final[Mapping[SleepState, str]] = {
    SleepState.LIGHT: "light sleep",
    SleepState.DEEP: "deep sleep",
    SleepState.FREEZE: "freezing",
}
SLEEP_EFFECT_NAMES: Final = tuple(_LAWS)


def modulation_of(
    mind: Mind, now: datetime, bases: Bases, switched_off: frozenset[str] = frozenset(), values: Values | None = None
) -> Modulation:
    """The knobs of a turn that begins now; `values` are those of the state where another moment of it is meant."""
    felt = mind.state.at(now) if values is None else values
    sleep = mind.sleep.at(now).state
    knobs = asleep(knobs_of(felt, bases, switched_off), sleep, switched_off)
    return Modulation(felt, mind.state.version, knobs, sleep, mind.adaptation)


def asleep(knobs: Knobs, sleep: SleepState, switched_off: frozenset[str] = frozenset()) -> Knobs:
    """The knobs as sleep scales them, with its effects behind those of the state; the same ones for who is awake."""
    if sleep is SleepState.ACTIVE:
        return knobs
    effects = [_effect(name, knobs, sleep, name in switched_off) for name in SLEEP_EFFECT_NAMES]
    after = {effect.name: effect.after for effect in effects}
    return replace(
        knobs,
        temperature=after["sleep_temperature"],
        recall_limit=int(after["sleep_recall_breadth"]),
        recall_time_factor=after["sleep_recall_time"],
        learning_rate_factor=after["sleep_learning_rate"],
        store_threshold=after["sleep_store_threshold"],
        effects=(*knobs.effects, *effects),
    )


def _effect(name: str, knobs: Knobs, sleep: SleepState, off: bool) -> Effect:
    law = _LAWS[name]
    before = float(getattr(knobs, law.knob))
    after = before if off else law.value(before, SCHEDULES[sleep])
    subject = law.subject[0].upper() + law.subject[1:]
    old, new = shown(before, law.counted), shown(after, law.counted)
    if off:
        sentence = f"{subject} stays at {old}: this effect is switched off."
    elif old == new:
        sentence = f"{subject} stays at {old} ({_NAMED[sleep]})."
    else:
        verb = "raised" if after > before else "lowered"
        sentence = f"{_NAMED[sleep].capitalize()} {verb} {law.subject} from {old} to {new}."
    return Effect(name, before, after, sentence, off)
