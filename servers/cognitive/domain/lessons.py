"""What a feedback taught, in words. Pure; the numbers come from `adaptation.py`."""

from collections.abc import Mapping
from typing import Final

from servers.cognitive.domain.adaptation import RETRIEVERS, Adaptation, Feedback, Shares

NOTHING_YET: Final = "Nothing has been learned yet."
BACK_TO_DEFAULTS: Final = "The weights were set to their defaults."
NOT_OBSERVED: Final = (
    "No such turn is known here: it has not been observed yet, is older than 30 days, or is another agent's. "
    "Nothing was counted."
)
USED_NOTHING: Final = "The turn used no memory that a retriever is known to have found, so no weight moved."
SAID_BEFORE: Final = "The same was said of this turn before, so nothing moved."
NOTHING_TO_TAKE_BACK: Final = "This turn is not judged, so there was nothing to take back and nothing moved."
OVERTAKEN: Final = "A later judgement of this turn was told before this one, so that one holds and nothing moved."

_FOUND_BY: Final[Mapping[str, tuple[str, str]]] = {
    "vector": ("nearness in meaning", "its"),
    "graph": ("links", "their"),
    "recency": ("recency", "its"),
    "lexical": ("words", "their"),
}


def cause_of(feedback: Feedback) -> str:
    """What made a version, for its history."""
    mood = "Positive" if feedback.signal > 0 else "Negative" if feedback.signal < 0 else "Neutral"
    change = " change of" if feedback.again else ""
    return f"{mood}{change} feedback on a turn whose memories were found mostly by {_most(feedback.shares)}."


def cause_of_rollback(version: int) -> str:
    """What made a version that is an earlier one again."""
    return f"The weights of version {version} were taken back."


def sentence_of(before: Adaptation, after: Adaptation, feedback: Feedback) -> str:
    """What moved, told of the retriever whose weight moved most."""
    name = max(RETRIEVERS, key=lambda each: abs(after.weights.get(each) - before.weights.get(each)))
    old, new = before.weights.get(name), after.weights.get(name)
    if old != new:
        share, mean = feedback.shares.get(name), before.mean_shares.get(name)
        found, its = _FOUND_BY[name]
        went = "rose" if new > old else "fell"
        shown, shown_after = _apart(old, new)
        judged = ", and the answer was judged badly, so" if feedback.signal < 0 else ", so"
        return (
            f"{found.capitalize()} found {share:.2f} of what was used and {mean:.2f} on the average{judged} "
            f"{its} weight {went} from {shown} to {shown_after}."
        )
    if feedback.signal == 0.0:
        return "Neutral feedback counts and moves no weight of a retriever."
    if feedback.rate == 0.0:
        return "The agent does not learn now, as it sleeps or its learning rate is 0: the feedback moved no weight."
    if feedback.shares == before.mean_shares:
        return "Every retriever found as much as on the average, so no weight moved."
    return "The weights that the feedback pulls on are at the ends of their ranges, so none moved."


def _most(shares: Shares) -> str:
    return _FOUND_BY[max(RETRIEVERS, key=shares.get)][0]


def _apart(old: float, new: float) -> tuple[str, str]:
    """Both numbers with as many digits as tell them apart, two at least."""
    for digits in range(2, 17):
        shown = f"{old:.{digits}f}", f"{new:.{digits}f}"
        if shown[0] != shown[1]:
            return shown
    return str(old), str(new)
