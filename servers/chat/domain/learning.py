"""Which of what a person said is worth keeping: statements about themselves, their plans and their world.

Nothing here knows the memory service, which may still refuse. Questions, orders and greetings pass by.
"""

import re
from dataclasses import dataclass
from typing import Final

LONGEST_KEPT_CHARACTERS: Final = 2_000
# Behind this much of a message stands what was pasted, not what somebody says.
_LOOKED_AT_CHARACTERS: Final = 16_384
_BASE: Final = 0.35
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ASKED_TO_KEEP: Final = re.compile(
    r"\b(remember|don'?t forget|do not forget|keep in mind|note that|for the record|"
    r"merke? dir|vergiss nicht|souviens-toi|recuerda)\b",
    re.IGNORECASE,
)
_ABOUT_SELF: Final = re.compile(
    r"\b(i|i'm|i’m|i've|i’ve|i'd|my|mine|me|we|we're|we’re|we've|our|ours|us|ich|mein\w*|wir|unser\w*|je|mon|ma|mes|nous|notre|yo|mi|nuestr\w*)\b",
    re.IGNORECASE,
)
_STATES: Final = re.compile(
    r"\b(am|is|are|was|were|will be|have|has|had|'m|’m|'s|'re|’re|live|lives|work|works|like|likes|love|loves|"
    r"hate|hates|prefer|prefers|use|uses|own|owns|need|needs|want|wants|called|named|born|moved|started|finished|decided|plan|plans|play|plays|speak|"
    r"speaks|bin|ist|sind|habe|haben|heiße|wohne|mag|suis|est|sommes|ai|avons|soy|es|somos|tengo)\b",
    re.IGNORECASE,
)
_ORDER: Final = re.compile(
    r"^\W*(please|pls|can you|could you|would you|will you|tell me|show me|give me|write|explain|summari[sz]e|"
    r"translate|list|make|create|help|say|repeat|answer|continue|go on|try|stop|"
    r"what|who|where|when|why|how|which|is|are|do|does|did|"
    r"count|describe)\b",
    re.IGNORECASE,
)
_SMALL_TALK: Final = re.compile(
    r"^\W*(hi|hello|hey|hallo|good (morning|evening|afternoon|night)|thanks?( you)?|thx|ok(ay)?|yes|no|bye|cool|"
    r"great|nice|sure)(\s+(there|everyone|all|so much|again|a lot))?\W*$",
    re.IGNORECASE,
)
_CONCRETE: Final = re.compile(r"\d|(?<=[a-zß-ÿ,;:] )[A-ZÀ-Þ][\w-]{2,}")


@dataclass(frozen=True, slots=True)
class Learned:
    """A text worth keeping and how much it matters, 0-1."""

    text: str
    importance: float


def worth_keeping(text: str, threshold: float) -> Learned | None:
    """What of a message should be stored, or None; `threshold` is the least importance that is stored."""
    scored = [(sentence, _importance(sentence)) for sentence in _sentences(text[:_LOOKED_AT_CHARACTERS])]
    kept = [(sentence, score) for sentence, score in scored if score >= threshold]
    if not kept:
        return None
    joined = " ".join(sentence for sentence, _ in kept)
    if len(joined) > LONGEST_KEPT_CHARACTERS:
        # Pasted documents are not what somebody said about themselves.
        return None
    return Learned(joined, round(max(score for _, score in kept), 2))


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if _WORD.search(sentence)]


def _importance(sentence: str) -> float:
    words = _WORD.findall(sentence)
    asked = _ASKED_TO_KEEP.search(sentence) is not None
    if _SMALL_TALK.match(sentence) or len(words) < 3 or sentence.endswith("?"):
        return 0.0
    if not asked and _ORDER.match(sentence):
        return 0.0
    score = _BASE + (0.4 if asked else 0.0)
    score += 0.2 if _ABOUT_SELF.search(sentence) else 0.0
    score += 0.1 if _STATES.search(sentence) else 0.0
    score += 0.1 if _CONCRETE.search(sentence) else 0.0
    return min(1.0, score)
