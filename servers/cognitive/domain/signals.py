"""What a turn's facts pull on. Pure.

    dopamine       up: tool success, reward above expectation        down: failures, reward below expectation
                   up: positive feedback                             down: negative feedback
    serotonin      up: a low error rate over the last 20 turns       down: errors, interruptions
    noradrenaline  up: urgency, failed dependencies, deadline        down: a calm turn
    acetylcholine  up: novelty, memory-heavy turns, corrections      down: repetition

The strengths are stated here, one line each; `neuromodulators.py` applies them.
"""

import math
from dataclasses import dataclass
from typing import Final

from servers.cognitive.domain.neuromodulators import Signal

ERROR_WINDOW: Final = 20
_TOLERABLE_ERROR_RATE: Final = 0.2
_MANY_MEMORIES: Final = 10
_REPETITION_BELOW: Final = 0.2
_DEADLINE_REASONS: Final = frozenset(("MODEL_TIMEOUT", "DEADLINE_EXCEEDED"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened in a turn, as numbers and names; AIQ in 0-100, novelty and urgency in 0-1."""

    finish_reason: str
    error_reason: str = ""
    interrupted: bool = False
    tool_attempts: int = 0
    tool_successes: int = 0
    memories_used: int = 0
    novelty: float = 0.0
    urgency: float = 0.0
    correction: bool = False
    failed_dependencies: tuple[str, ...] = ()
    aiq_observed: float = 0.0
    aiq_predicted: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether the turn ended in an error of the system, not by the user's wish."""
        return self.finish_reason == "error"


def signals_of(facts: Facts, recent_failures: tuple[bool, ...]) -> tuple[Signal, ...]:
    """The signals of a turn; `recent_failures` are the turns before it, newest first, at most 20 are read."""
    window = (facts.failed, *recent_failures)[:ERROR_WINDOW]
    found = [*_reward(facts), *_calm(facts, window), *_urgency(facts), *_attention(facts)]
    return tuple(signal for signal in found if signal.strength > 0.0)


def feedback_signals(reward: float) -> tuple[Signal, ...]:
    """What feedback of -1 to 1 pulls on; at 0, and where it is no number, on nothing."""
    if reward == 0.0 or math.isnan(reward):
        return ()
    cause = "positive feedback" if reward > 0.0 else "negative feedback"
    return (Signal("dopamine", reward > 0.0, min(1.0, abs(reward)), cause),)


def error_rate(failures: tuple[bool, ...]) -> float:
    """The part of the last turns that failed, 0-1; 0 before the first."""
    return sum(failures) / len(failures) if failures else 0.0


def _reward(facts: Facts) -> list[Signal]:
    signals = []
    if facts.tool_attempts:
        share = min(facts.tool_successes, facts.tool_attempts) / facts.tool_attempts
        signals.append(Signal("dopamine", True, share, "tool success"))
        signals.append(Signal("dopamine", False, 1.0 - share, "tool failures"))
    if facts.failed:
        signals.append(Signal("dopamine", False, 1.0, "the turn failed"))
    elif not facts.interrupted:
        surprise = (facts.aiq_observed - facts.aiq_predicted) / 100.0
        cause = "reward above expectation" if surprise > 0 else "reward below expectation"
        signals.append(Signal("dopamine", surprise > 0, abs(surprise), cause))
    return signals


def _calm(facts: Facts, window: tuple[bool, ...]) -> list[Signal]:
    trust = len(window) / ERROR_WINDOW
    calm = max(0.0, 1.0 - error_rate(window) / _TOLERABLE_ERROR_RATE) * trust
    return [
        Signal("serotonin", True, calm, "few errors lately"),
        Signal("serotonin", False, 1.0 if facts.failed else 0.0, "the turn failed"),
        Signal("serotonin", False, 0.5 if facts.interrupted else 0.0, "the answer was stopped"),
    ]


def _urgency(facts: Facts) -> list[Signal]:
    pulls = (
        (facts.urgency, "urgency"),
        (min(1.0, len(facts.failed_dependencies) / 2), "failed dependencies"),
        (1.0 if facts.error_reason in _DEADLINE_REASONS else 0.0, "deadline pressure"),
    )
    strength, cause = max(pulls)
    if strength <= 0.0:
        return [Signal("noradrenaline", False, 1.0, "a calm turn")]
    return [Signal("noradrenaline", True, strength, cause)]


def _attention(facts: Facts) -> list[Signal]:
    pulls = (
        (facts.novelty if facts.novelty >= _REPETITION_BELOW else 0.0, "novelty"),
        (min(1.0, facts.memories_used / _MANY_MEMORIES), "many memories in use"),
        (1.0 if facts.correction else 0.0, "a correction by the user"),
    )
    strength, cause = max(pulls)
    if strength <= 0.0:
        return [Signal("acetylcholine", False, 1.0 - facts.novelty, "repetition")]
    return [Signal("acetylcholine", True, strength, cause)]
