"""What the values change in a turn: one function per effect, as data with its sentence. Pure.

    temperature      base·(0.7 + 0.75·dopamine), 0-1.5
    top_p            base − 0.3·(noradrenaline/0.1)·base, at least 0.5 (or the base, where that is lower)
    tool_k           +1 when dopamine > 0.6, −1 when noradrenaline > 0.07
    patience         retries and tool rounds: round(base·(0.5 + serotonin))
    warmth           the agent's warm style line when serotonin > 0.6
    history_share    +0.05 when serotonin > 0.6, taken from the memory lane
    recall_breadth   recall limit·(1 + acetylcholine)
    learning_rate    base·clamp(0.5 + dopamine, 0.5, 1.2)
    store_threshold  0.5 + noradrenaline

An effect that is switched off leaves its knob at the base.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from servers.cognitive.domain.neuromodulators import BOUNDS, Values

MOST_RECALLED: Final = 200
_GATE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Bases:
    """The knobs of a turn before modulation."""

    temperature: float = 0.7
    top_p: float = 1.0
    max_tool_rounds: int = 2
    max_retries: int = 2
    recall_limit: int = 15


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect as it came out: the knob before and after, and the sentence that says so."""

    name: str
    before: float
    after: float
    sentence: str
    switched_off: bool


@dataclass(frozen=True, slots=True)
class Knobs:
    """The knobs of a turn after modulation."""

    temperature: float
    top_p: float
    tool_k_delta: int
    max_tool_rounds: int
    max_retries: int
    warm_style: bool
    history_share_delta: float
    recall_limit: int
    learning_rate_factor: float
    store_threshold: float
    effects: tuple[Effect, ...]
    # The share of its time that recall may take, 0.1-1; only sleep lowers it.
    recall_time_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class _Law:
    driver: str
    subject: str
    base: Callable[[Bases], float]
    value: Callable[[Bases, Values], float]
    # What drives the knob down, where that is not the driver.
    lowered_by: str = ""
    # Whether the knob is a whole number.
    counted: bool = False


def _temperature(bases: Bases, values: Values) -> float:
    return min(max(bases.temperature * (0.7 + 0.75 * values.dopamine), 0.0), 1.5)


def _top_p(bases: Bases, values: Values) -> float:
    span = BOUNDS["noradrenaline"].maximum
    lowered = bases.top_p - 0.3 * (values.noradrenaline / span) * bases.top_p
    return max(lowered, min(0.5, bases.top_p))


def _tool_k(_: Bases, values: Values) -> float:
    return float(values.dopamine > _GATE) - float(values.noradrenaline > 0.07)


def _patient(base: int, values: Values) -> float:
    return float(round(base * (0.5 + values.serotonin)))


_LAWS: Final[Mapping[str, _Law]] = {
    "temperature": _Law("dopamine", "the temperature", lambda b: b.temperature, _temperature),
    "top_p": _Law("noradrenaline", "top-p", lambda b: b.top_p, _top_p),
    "tool_k": _Law(
        "dopamine", "the number of additional tools", lambda _: 0.0, _tool_k, lowered_by="noradrenaline", counted=True
    ),
    "patience": _Law(
        "serotonin",
        "the number of tool rounds",
        lambda b: b.max_tool_rounds,
        lambda b, v: _patient(b.max_tool_rounds, v),
        counted=True,
    ),
    "warmth": _Law(
        "serotonin",
        "the number of warm style lines",
        lambda _: 0.0,
        lambda _, v: float(v.serotonin > _GATE),
        counted=True,
    ),
    "history_share": _Law(
        "serotonin", "the additional share of history", lambda _: 0.0, lambda _, v: 0.05 if v.serotonin > _GATE else 0.0
    ),
    "recall_breadth": _Law(
        "acetylcholine",
        "the number of memories recalled",
        lambda b: b.recall_limit,
        lambda b, v: float(min(MOST_RECALLED, int(b.recall_limit * (1.0 + v.acetylcholine)))),
        counted=True,
    ),
    "learning_rate": _Law(
        "dopamine", "the learning rate", lambda _: 1.0, lambda _, v: min(max(0.5 + v.dopamine, 0.5), 1.2)
    ),
    "store_threshold": _Law(
        "noradrenaline", "the threshold for new memories", lambda _: 0.5, lambda _, v: 0.5 + v.noradrenaline
    ),
}

EFFECT_NAMES: Final = tuple(_LAWS)


def knobs_of(values: Values, bases: Bases, switched_off: frozenset[str] = frozenset()) -> Knobs:
    """The knobs of a turn and every effect on them, in the order of the table."""
    effects = tuple(_effect(name, values, bases, name in switched_off) for name in EFFECT_NAMES)
    after = {effect.name: effect.after for effect in effects}
    patient = "patience" not in switched_off
    return Knobs(
        temperature=after["temperature"],
        top_p=after["top_p"],
        tool_k_delta=int(after["tool_k"]),
        max_tool_rounds=int(after["patience"]),
        max_retries=int(_patient(bases.max_retries, values)) if patient else bases.max_retries,
        warm_style=after["warmth"] > 0.0,
        history_share_delta=after["history_share"],
        recall_limit=int(after["recall_breadth"]),
        learning_rate_factor=after["learning_rate"],
        store_threshold=after["store_threshold"],
        effects=effects,
    )


def _effect(name: str, values: Values, bases: Bases, off: bool) -> Effect:
    law = _LAWS[name]
    before = float(law.base(bases))
    after = before if off else law.value(bases, values)
    return Effect(name, before, after, _sentence(law, values, before, after, off), off)


def _sentence(law: _Law, values: Values, before: float, after: float, off: bool) -> str:
    subject = law.subject[0].upper() + law.subject[1:]
    old, new = shown(before, law.counted), shown(after, law.counted)
    if off:
        return f"{subject} stays at {old}: this effect is switched off."
    name = law.lowered_by if law.lowered_by and after < before else law.driver
    driver = f"{name} {values.get(name):.2f}"
    if old == new:
        return f"{subject} stays at {old} ({driver})."
    verb = "raised" if after > before else "lowered"
    return f"{driver.capitalize()} {verb} {law.subject} from {old} to {new}."


def shown(value: float, counted: bool) -> str:
    """A knob as sentences have it."""
    return f"{value:.0f}" if counted else f"{value:.2f}"
