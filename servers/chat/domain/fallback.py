"""What follows when a model call failed: the same model once more, another one, or the end. The table is the rule.

Nothing here calls anybody, waits or knows a message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

# How long a rate limit is waited for: longer where nobody else could be asked.
PATIENCE_SECONDS: Final = 5.0
PATIENCE_WITH_OTHERS_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.2


class Move(Enum):
    """What is done after a failure."""

    AGAIN = auto()  # the same model
    NEXT = auto()  # another one
    END = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a failure means: `again` before it wrote anything, `resumes` after it, whether others may be `elsewhere`.

    `why` is a phrase for a person; a lower `use` is worth more to somebody who wants an answer after all.
    """

    why: str
    use: int
    again: bool = False
    resumes: bool = False
    elsewhere: bool = True


# What is not here, as a verdict of a filter is not, ends the turn: another provider is no way around it.
RULES: Final[Mapping[Reason, Rule]] = {
    Reason.MODEL_RATE_LIMITED: Rule("its provider limits requests", 1, again=True, resumes=True),
    Reason.MODEL_UNAVAILABLE: Rule("it failed or cannot be reached", 4, again=True, resumes=True),
    Reason.MODEL_TIMEOUT: Rule("it was silent for too long", 4, again=True, resumes=True),
    Reason.MODEL_PROTOCOL_ERROR: Rule("it sent something that cannot be read", 5, resumes=True),
    Reason.MODEL_CONTEXT_OVERFLOW: Rule("the request does not fit its window", 0),
    Reason.MODEL_REFUSED_KEY: Rule("its provider refused the key", 2),
    Reason.MODEL_ADDRESS_REFUSED: Rule("its address is not allowed", 2),
    Reason.MODEL_REQUEST_REFUSED: Rule("it refused the request", 3),
    Reason.SECRETS_UNAVAILABLE: Rule("its key cannot be read", 4),
}
OPEN_BREAKER: Final = "it failed several times a moment ago"
_NO_RULE: Final = Rule("it failed", 6, elsewhere=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a turn stands when a call failed.

    `tries` of this model failed before their first token, at most `most_tries` may; `amid` says that something of the
    answer was written; `others` that somebody else could be asked; `resumed` that a model went on by itself before.
    """

    tries: int
    most_tries: int
    amid: bool
    others: bool
    resumed: bool


def move_after(error: SomaError, standing: Standing) -> Move:
    """What to do next."""
    rule = RULES.get(error.reason, _NO_RULE)
    if _once_more(error, rule, standing):
        return Move.AGAIN
    return Move.NEXT if standing.others and rule.elsewhere else Move.END


def _once_more(error: SomaError, rule: Rule, standing: Standing) -> bool:
    if standing.amid:
        wanted = rule.resumes and not standing.others and not standing.resumed
    else:
        # With others at hand one repeat is enough, and a silence is not waited for twice.
        slow = standing.others and error.reason is Reason.MODEL_TIMEOUT
        most = min(standing.most_tries, 2) if standing.others else standing.most_tries
        wanted = rule.again and standing.tries < most and not slow
    patience = PATIENCE_WITH_OTHERS_SECONDS if standing.others else PATIENCE_SECONDS
    return wanted and pause_seconds(error) <= patience


def pause_seconds(error: SomaError) -> float:
    """How long to wait before the same model is asked again."""
    if error.reason is Reason.MODEL_RATE_LIMITED:
        return max(PAUSE_SECONDS, error.retry_after_seconds or 0.0)
    return PAUSE_SECONDS


def why_of(error: SomaError) -> str:
    """Why the model failed, as a phrase for a person."""
    return RULES.get(error.reason, _NO_RULE).why


def switch_sentence(before: str, after: str, why: str, *, amid: bool) -> str:
    """What a person reads at the seam."""
    if before == after:
        return f"The model {before} broke off ({why}) and goes on from there."
    if amid:
        return f"The model {before} broke off ({why}), and {after} goes on from there."
    return f"The model {before} cannot answer now ({why}), so {after} answers."


def most_useful(failures: Sequence[SomaError]) -> SomaError:
    """The failure that a turn ends with: the one about which a person can do most, with all models that were tried.

    Of several that say the same it is the one with the shortest wait. What no rule is for, a verdict, stands as it is.
    """
    last = failures[-1]
    if last.reason not in RULES:
        return last
    known = [error for error in reversed(failures) if error.reason in RULES]
    best = min(known, key=lambda error: (RULES[error.reason].use, error.retry_after_seconds or 0.0))
    tried = list(dict.fromkeys(error.metadata["model"] for error in failures if "model" in error.metadata))
    if len(tried) < 2:
        return best
    metadata = {**best.metadata, "tried": ", ".join(tried)}
    return SomaError(best.reason, metadata, retry_after_seconds=best.retry_after_seconds)
