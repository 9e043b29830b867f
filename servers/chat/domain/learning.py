"""Which of what a person said is worth keeping: facts about them, what they like, plan and want from now on.

Nothing here knows the memory service, which may still refuse. Questions, orders, small talk and secrets pass by.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from servers.chat.domain.said import sentences, words
from servers.chat.domain.stated import Fact, fact_in, opened

MOST_LEARNED: Final = 12
_ASKED_TO_KEEP: Final = re.compile(
    r"^\W*(?:please\s+|and\s+|also\s+|so\s+)*(?:remember(?! (?:when|how|what|where|why|if)\b)|"
    r"don['’]t (?:let me )?forget|do not forget|keep in mind|bear in mind|"
    r"note that|make a note|for the record|remind me|for future reference|merke? dir|vergiss nicht|"
    r"souviens-toi|n['’]oublie pas|recuerda)\b|"
    r"\bremember (?:this|that)[:,]",
    re.IGNORECASE,
)
_FROM_NOW_ON: Final = re.compile(
    r"\b(?:from now on|in (?:the )?future|going forward|henceforth|every time|each time|whenever|ab jetzt|"
    r"in zukunft|désormais|a partir de ahora)\b|"
    r"^\W*(?:please\s+)?(?:always|never(?! mind\b)|call me|do not ever|don['’]t ever|stop (?:calling|"
    r"using|adding|ending|starting))\b|"
    r"\byou (?:should|must|can) (?:always|never|call me)\b|\bi (?:want|need|['’]?d like) you to (?:always|"
    r"never)\b|\bimmer\b.*\bantworte|antworte.*\bimmer\b",
    re.IGNORECASE,
)
_SECRET: Final = re.compile(
    r"\b(?:passwords?|passwort|passphrase|mot de passe|contraseña|api[ -]?keys?|secret key|private key|"
    r"access token|cvv|pin(?: code| number)?|"
    r"credit card|card number|iban|social security|ssn)\b.*\S|\b(?:sk|pk|ghp|xox[bp])[-_][\w-]{8,}|"
    r"\bAKIA[0-9A-Z]{12,}|\beyJ[\w-]{10,}\.|(?:\d[ -]?){13,19}",
    re.IGNORECASE,
)
_SMALL_TALK: Final = re.compile(
    r"^\W*(?:hi|hello|hey|hallo|good (?:morning|evening|afternoon|night)|thanks?(?: you)?|thx|ok(?:ay)?|"
    r"yes|yeah|no|nope|bye|cool|great|nice|sure|"
    r"perfect|awesome|wow|lol|haha|sorry|welcome|please|danke|merci|gracias|good job|well done|see you|"
    r"never mind|my bad|my pleasure|my apologies|got it|"
    r"sounds good|makes sense|that (?:works|helps)|how are you|nice to meet you)(?:[,\s]+(?:there|"
    r"everyone|all|so much|again|a lot|very much|you|for\b.*|to meet\b.*|"
    r"i (?:see|got it|understand)|that\b.*|it\b.*|buddy|friend|later|tomorrow|then|works|helps|idea|point|"
    r"one|job|work|thanks?|thank you))*\W*$",
    re.IGNORECASE,
)
_ORDER: Final = re.compile(
    r"^\W*(?:(?:please|pls|so|and|then|now|also|ok(?:ay)?|just|but|first|next|kindly|hey|"
    r"bitte)[,\s]+)*(?:can|could|would|will|may|might|shall|should) (?:you|i|we)\b|"
    r"^\W*(?:(?:please|pls|so|and|then|now|also|ok(?:ay)?|just|but|first|next|kindly|hey|"
    r"bitte)[,\s]+)*(?:tell|show|give|write|explain|summari[sz]e|translate|list|make|create|help|say|"
    r"repeat|answer|"
    r"continue|go|try|stop|count|describe|compare|find|search|look|check|fix|add|remove|delete|change|"
    r"update|rewrite|rephrase|convert|calculate|compute|draw|draft|generate|suggest|recommend|"
    r"think|use|read|review|analy[sz]e|correct|improve|shorten|expand|format|sort|plan|let['’]?s|let me|"
    r"let us|pick|choose|name|define|solve|prove|open|close|run|send|call|book|print|play|"
    r"imagine|suppose|pretend|assume|forget|ignore|skip|wait|start|begin|finish|consider|turn|put|set|act|"
    r"simulate|schreib\w*|erklär\w*|zeig\w*|gib|übersetze?|écris|explique|dis|escribe|"
    r"explica)\b(?! me\b.*\bfrom now on)|"
    r"^\W*(?:what|who|whom|whose|where|when|why|how|which|is|are|am|do|does|did|has|have|was|were|if|wer|"
    r"wie|wo|warum|wann|pourquoi|comment|qué|cómo)\b",
    re.IGNORECASE,
)
_FOR_NOW: Final = re.compile(
    r"^\W*(?:(?:well|so|and|but|hmm+|oh|ok(?:ay)?|yes|no)[,\s]+)*(?:"
    r"i (?:really |just |also |do |still )*(?:think|thought|believe|guess|suppose|doubt|hope|mean|meant|"
    r"see|understand|know|note|agree|disagree|wonder|was wondering|"
    r"get it|got it|don['’]t (?:know|understand|get|think|see|care|mind|agree|remember)|do not (?:know|"
    r"understand|think)|didn['’]t (?:get|understand|mean|ask|say)|"
    r"can['’]t (?:see|tell|remember|find)|appreciate|apologi[sz]e|trust you|asked|said|wish|feel like|"
    r"would|want (?:you|to (?:know|ask|see|understand)|a|an|the|some)|"
    r"need (?:you|to (?:know|ask|understand)|a|an|some|help|the|your)|have (?:a|another|one more|one|some|"
    r"two) (?:more )?(?:quick )?questions?|"
    r"like (?:it|that|this|your|the (?:idea|answer|second|first))|love (?:it|that|this|your|the)|"
    r"hate (?:it|that|this|when you)|remember (?:when|that|you))\b|"
    r"i(?:['’]m| am) (?:not sure|sorry|back|here|fine|good|ok(?:ay)?|asking|wondering|looking|trying|"
    r"confused|curious|ready|done|glad|happy (?:to|with|that)|sure|afraid|talking about)\b|"
    r"i['’]d (?:like|love|rather)\b|i['’]ll (?:try|check|see|think|ask|be back|let you know|take)\b|"
    r"you(?:['’]re| are| have| did| said| can| could| were)?\b|your\b|(?:that|this|it|these|those|there|"
    r"here)(?:['’]s|\b)|we (?:can|could|should|need to)\b|"
    r"my (?:question|point|guess|mistake|bad)\b|me too|not (?:really|quite|sure|that)|maybe|perhaps|let['’]s)",
    re.IGNORECASE,
)
_REPORTED: Final = re.compile(
    r"^\W*(?:according to|the (?:article|text|email|book|page|author|paper|error|log|message|"
    r"documentation|docs|report|study|headline|sign|song|story|poem)\b|(?:he|she|they|it|someone|somebody|"
    r"people|everyone) (?:said|says|say|told|wrote|claims?|thinks?)\b|"
    r"as .{1,40} (?:said|wrote)\b)|\bif i (?:were|was|had|could)\b|\bi would (?:be|have|be able)\b|"
    r"\bfor example\b|\bas if\b",
    re.IGNORECASE,
)
_ABOUT_SELF: Final = re.compile(
    r"(?<!\w)(?:i|i['’](?:m|ve|d|ll)|my|mine|me|myself|we|we['’](?:re|ve|ll)|our|ours|us|ich|mein\w*|mich|"
    r"mir|wir|unser\w*|je|j['’]\w+|mon|ma|mes|nous|notre|yo|mi|mis|nuestr\w*|soy|tengo|vivo|trabajo)(?!\w)",
    re.IGNORECASE,
)
_STATES: Final = re.compile(
    r"^\W*(?:i|we) (?:\w+ly )?\w+ \w|\b(?:\w{2,}ed|"
    r"am|is|are|was|were|will|have|has|had|m|s|re|ve|ll|live|lives|work|works|like|likes|"
    r"love|loves|enjoy|hate|hates|prefer|prefers|use|uses|own|owns|need|needs|want|wants|called|"
    r"named|born|moved|started|finished|decided|plan|plans|play|plays|speak|speaks|bought|sold|quit|got|"
    r"went|met|visited|lost|broke|read|eat|eats|drink|drinks|drive|drives|study|studies|run|"
    r"teach|teaches|learn|learning|grew|adopted|joined|booked|married|avoid|collect|collects|can|must|"
    r"celebrate|wake|sleep|take|takes|wear|wears|run|runs|manage|lead|"
    r"bin|ist|sind|habe|haben|heiße|wohne|mag|arbeite|trinke|esse|suis|est|sommes|ai|avons|aime|habite|"
    r"soy|es|somos|tengo|vivo|trabajo|gusta)\b",
    re.IGNORECASE,
)
_NAMED_PERSON: Final = re.compile(
    r"^\W*(?-i:[A-ZÀ-Þ][\wà-ÿ-]+)(?: and (?-i:[A-ZÀ-Þ][\wà-ÿ-]+))? (?:lives?|works?|likes?|loves?|hates?|"
    r"prefers?|studies|plays?|speaks?|is (?:my|our|allergic|coming|moving|getting|pregnant|visiting|"
    r"turning|vegetarian|vegan)|"
    r"are (?:my|our|coming|moving|getting|visiting)|has (?:a|an|two|three)|was born|moved|got (?:married|"
    r"engaged|a|divorced))\b"
)
_NO_PERSON: Final = re.compile(
    r"^\W*(?:he|she|it|they|nobody|everybody|everyone|someone|python|everything|nothing|this|that)\b", re.IGNORECASE
)
_WHEN: Final = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|june|july|august|"
    r"september|october|november|december)\b|\bmay \d|\bin may\b|"
    r"\b(?:today|tonight|tomorrow|yesterday|next (?:week|month|year|summer|winter|spring)|last (?:week|"
    r"month|year|night|summer|winter)|this (?:week|weekend|month|year|summer|winter|morning)|\d+ (?:days|"
    r"weeks|months|years) ago)\b|"
    r"\b\d{1,2}(?:st|nd|rd|th)\b|\b\d{1,2}(?::\d\d)? ?(?:am|pm)\b|\b\d{1,2}:\d\d\b|\b(?:19|20)\d\d\b|"
    r"\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|gestern)\b",
    re.IGNORECASE,
)
_HAPPENS: Final = re.compile(
    r"\b(?:went|bought|sold|met|visited|lost|broke|had|was|were|got|finished|started|saw|ran|adopted|"
    r"booked|will|going to|gonna|['’]ll|planning|plan to|am (?:flying|meeting|going|leaving|visiting|"
    r"getting|having)|"
    r"['’]m (?:flying|meeting|going|leaving|visiting|getting|having))\b",
    re.IGNORECASE,
)
_WEIGHTY: Final = re.compile(
    r"\b(?:allerg\w+|diabet\w+|asthma|pregnant|medication|insulin|epilep\w+|celiac|coeliac|cancer|surgery|"
    r"disabled|wheelchair|blood type|died|passed away|anniversary|birthday)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d")
_CORRECTS: Final = re.compile(
    r"^\W*(?:(?:no|sorry|oh|well)[,:. ]+)*(?:actually|correction)\b|\b(?:no longer|any ?more|"
    r"not any longer|used to|changed my mind)\b",
    re.IGNORECASE,
)
_ANOTHER_CLAUSE: Final = re.compile(
    r",?\s+and\s+(?=(?:i|i['’]m|my)\s)|,?\s+and\s+(?=(?:work|live|love|like|enjoy|hate|am|'m) )", re.IGNORECASE
)
_SOMEBODY: Final = re.compile(
    r"\bmy ((?:\w+ )?(?P<who>sister|mother|mom|mum|wife|daughter|girlfriend|aunt|grandmother|niece|"
    r"brother|father|dad|husband|son|boyfriend|uncle|grandfather|nephew))(?:,? (?-i:[A-ZÀ-Þ][\w-]+))?",
    re.IGNORECASE,
)
_WOMEN: Final = frozenset("sister mother mom mum wife daughter girlfriend aunt grandmother niece".split())
_PRONOUN: Final = re.compile(r"^(she|he)(?=\s|['’](?:s|ll|d)\b)", re.IGNORECASE)


class Sort(Enum):
    """What sort of knowledge it is; the least durable last."""

    PROCEDURAL = "procedural"
    SEMANTIC = "semantic"
    EPISODIC = "episodic"


@dataclass(frozen=True, slots=True)
class Learned:
    """A text worth keeping, how much it matters, 0-1, and the fact in it if it is one of the simple ones."""

    text: str
    importance: float
    sort: Sort = Sort.EPISODIC
    fact: Fact | None = None


def worth_keeping(text: str, threshold: float) -> list[Learned]:
    """What of a message should be stored, each by itself; `threshold` is the least importance that is stored."""
    found: dict[str, Learned] = {}
    before = ""
    for sentence in sentences(text):
        for clause in clauses(explicit(sentence, before)):
            learned = _judged(clause)
            if learned is not None and learned.importance >= threshold:
                found.setdefault(" ".join(learned.text.lower().split()), learned)
        before = sentence
    return list(found.values())[:MOST_LEARNED]


def is_secret(text: str) -> bool:
    """Whether a text has a password, a key or a number that nobody should keep."""
    return _SECRET.search(text) is not None


def explicit(sentence: str, before: str) -> str:
    """A sentence about him or her, with who that is where the sentence before names one relative who fits."""
    pronoun = _PRONOUN.match(sentence)
    people = list(_SOMEBODY.finditer(before))
    if pronoun is None or len(people) != 1:
        return sentence
    if (people[0]["who"].lower() in _WOMEN) != (pronoun[1].lower() == "she"):
        return sentence
    return f"M{people[0][0][1:]}{sentence[pronoun.end() :]}"


def clauses(sentence: str) -> list[str]:
    """Two facts in one sentence are two, where each is understood by itself: what replaces one leaves the other."""
    parts = _ANOTHER_CLAUSE.split(sentence, maxsplit=1)
    if len(parts) == 2:
        first, second = parts
        whole = second.lower().startswith(("i ", "i'", "i’", "my "))
        if not whole:
            second = f"I {second}"
        facts = [fact_in(first) is not None, fact_in(second) is not None]
        if all(facts) or (whole and any(facts) and _judged(first) is not None and _judged(second) is not None):
            return [f"{first}.", f"{second[0].upper()}{second[1:]}"]
    return [sentence]


def _judged(sentence: str) -> Learned | None:
    asked = _ASKED_TO_KEEP.search(sentence) is not None
    rule = _FROM_NOW_ON.search(sentence) is not None
    if _SMALL_TALK.match(sentence) or sentence.endswith("?") or is_secret(sentence):
        return None
    fact = fact_in(sentence)
    if asked or rule:
        sort = Sort.PROCEDURAL if rule else _sort(sentence, fact)
        return Learned(sentence, 0.9 if asked else 0.8, sort, fact) if len(words(sentence)) > 2 else None
    if fact is not None and not _REPORTED.search(sentence):
        return Learned(sentence, 0.9 if _WEIGHTY.search(sentence) else 0.75, Sort.SEMANTIC, fact)
    plain = opened(sentence)
    if len(words(plain)) < 3 or any(it.search(plain) for it in (_ORDER, _FOR_NOW, _REPORTED)):
        return None
    importance = _importance(plain) + (0.1 if _CORRECTS.search(sentence) else 0.0)
    return Learned(sentence, round(min(1.0, importance), 2), _sort(plain, None)) if importance > 0 else None


def _importance(sentence: str) -> float:
    """What speaks of the person, or of somebody or something with a name or a date, and says something of it."""
    about_self = _ABOUT_SELF.search(sentence) is not None
    named = _NAMED_PERSON.search(sentence) is not None and not _NO_PERSON.match(sentence)
    dated = _WHEN.search(sentence) is not None
    if not (about_self or named or (dated and not _NO_PERSON.match(sentence))) or not _STATES.search(sentence):
        return 0.0
    score = 0.5 + (0.05 if about_self else 0.0) + (0.1 if dated or _NUMBER.search(sentence) else 0.0)
    return score + (0.3 if _WEIGHTY.search(sentence) and about_self else 0.0)


def _sort(sentence: str, fact: Fact | None) -> Sort:
    happens = _WHEN.search(sentence) is not None or _HAPPENS.search(sentence) is not None
    return Sort.EPISODIC if happens and fact is None else Sort.SEMANTIC
