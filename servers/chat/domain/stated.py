"""The simplest facts in a sentence: what is said of the person, and its value, so that a later one replaces it exactly.

What holds one value has one name ("lives_in"); what holds many has the value in its name ("likes tea": yes or no).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MOST_NAME: Final = 128
_FIRST: Final = re.compile(
    r"^\W*(?:(?:oh|well|no|nope|sorry|actually|correction|by the way|btw|also|hi|hello|hey|fyi|so|and|"
    r"but)\b[,:;!. ]+)+",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(
    r"^\W*(?:please\s+)?(?:remember|don['’]t forget|do not forget|keep in mind|bear in mind|note|"
    r"for the record)(?:\s+that)?[:, ]+",
    re.IGNORECASE,
)
_REST: Final = re.compile(
    r"\s*(?:[,;(–—].*|\b(?:because|since|but|though|although|so|which|who|where|when|while|and|und|et|y|"
    r"with my|for (?:now|\d+)|until|if|these days|at the moment)\b.*)$",
    re.IGNORECASE,
)
_LATE: Final = re.compile(
    r"\s+(?:now|any ?more|any longer|instead|again|too|as well|again|currently|at all|a lot|very much|so much)$",
    re.IGNORECASE,
)
_NOTHING: Final = re.compile(
    r"^(?:it|(?:this|that|these|those|your?)\b.*|them|him|her|the (?:idea|way|first|second|last|one|"
    r"answer|text|code|sound)\b.*|"
    r"how\b.*|when\b.*|what\b.*|where\b.*|to (?:know|see|hear|ask|have|thank|point|say|add)\b.*|help|more|"
    r"some|something|everything|a lot)$",
    re.IGNORECASE,
)
_CALLINGS: Final = (
    r"(?:[\w-]+ ){0,2}?(?:nurse|teacher|engineer|doctor|developer|programmer|student|lawyer|architect|"
    r"designer|manager|accountant|"
    r"scientist|researcher|writer|author|artist|musician|journalist|chef|cook|baker|driver|pilot|"
    r"electrician|plumber|carpenter|"
    r"mechanic|farmer|dentist|pharmacist|physicist|chemist|biologist|psychologist|therapist|consultant|"
    r"analyst|administrator|"
    r"translator|librarian|photographer|firefighter|paramedic|vet|veterinarian|surgeon|midwife|secretary|"
    r"salesperson|waiter|"
    r"waitress|barista|gardener|freelancer|professor|lecturer|founder|entrepreneur|data scientist|"
    r"product owner|violinist|pianist)"
)
_ONE_OF: Final = r"wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|boss|manager|mother|father|mom|mum|dad"
_OWN: Final = (
    r"email(?: address)?|e-mail(?: address)?|phone(?: number)?|address|time ?zone|shoe size|"
    r"native language|mother tongue|"
    r"blood type|birthday|job|nationality|star sign|height|weight|surname|last name|first name|"
    r"middle name|nickname|pronouns"
)
_LIKING: Final = (
    r"(?:really |also |still |absolutely |quite |now )*(?:like|love|enjoy|adore|am fond of|'m fond of|"
    r"am a (?:big )?fan of)"
)
_DISLIKING: Final = (
    r"(?:really |also |still |absolutely |now )*(?:hate|dislike|detest|can['’]t stand|cannot stand|"
    r"don['’]t (?:really )?(?:like|enjoy)|"
    r"do not (?:like|enjoy)|no longer (?:like|enjoy|love)|don['’]t (?:like|love|enjoy))"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What is said of the person, and its value; an empty value says that there is none any more."""

    predicate: str
    object: str


_Make = Callable[[re.Match[str]], Fact | None]


def _one(predicate: str) -> _Make:
    return lambda match: _fact(predicate, match[match.lastindex or 0])


def _value(predicate: str, value: str) -> _Make:
    return lambda _match: Fact(predicate, value)


def _many(verb: str, value: str) -> _Make:
    def make(match: re.Match[str]) -> Fact | None:
        thing = _bare(match[1]).lower()
        return None if not thing or _NOTHING.match(thing) else Fact(f"{verb} {thing}"[:_MOST_NAME], value)

    return make


def _named(match: re.Match[str]) -> Fact | None:
    return _fact(" ".join(match[1].lower().replace("favorite", "favourite").split()), match[2])


_AM: Final = r"i(?:['’]m| am)"
_TABLE: Final[tuple[tuple[str, _Make], ...]] = (
    (
        (
            r"(?:my (?:full )?name is|my name['’]s|i changed my name to|ich hei(?:ß|ss)e|je m['’]appelle|me llamo|"
            r"mein name ist) (?-i:([A-ZÀ-Þ].*))"
        ),
        _one("name"),
    ),
    (r"(?:(?:please |just )?call me|you can call me|i go by) (?-i:([A-ZÀ-Þ][\w-]*))", _one("called")),
    (
        (
            rf"(?:i (?:now |currently |just )?(?:live|reside) in|{_AM} (?:now |currently )?(?:living|based) in|"
            rf"i(?:['’]ve| have)? (?:just |recently )?(?:moved|relocated) (?:from [\w ]+ )?to|ich (?:wohne|"
            rf"lebe) in|j['’]habite à|vivo en) (?-i:([A-ZÀ-Þ].*))"
        ),
        _one("lives_in"),
    ),
    (r"i (?:no longer|don['’]t|do not) live in .*", _value("lives_in", "")),
    (rf"(?:{_AM} originally from|{_AM} from|i come from|i was born in) (?-i:([A-ZÀ-Þ].*))", _one("comes_from")),
    (
        (
            r"i (?:no longer|don['’]t) work (?:as|at|for) .*|i (?:quit|lost|left) my job.*|i(?:['’]m|"
            r" am) (?:retired|unemployed).*|i(?:['’]ve| have)? retired.*"
        ),
        _value("works_as", ""),
    ),
    (
        (
            r"(?:i (?:now |currently )?work as|my job is(?: being)?|i(?:['’]ve| have)? became|ich arbeite als|"
            r"je travaille comme|trabajo como) (?:an? |the |eine? )?(.+)"
        ),
        _one("works_as"),
    ),
    (rf"(?:{_AM}|i(?:['’]m| am) now|ich bin) (?:an? |eine? )?({_CALLINGS})\b.*", _one("works_as")),
    (
        (
            r"(?:i (?:now |currently )?work (?:at|for)|i(?:['’]ve| have)? (?:just |recently )?(?:joined|"
            r"started (?:working )?(?:at|for))) (?-i:([A-ZÀ-Þ].*))"
        ),
        _one("works_at"),
    ),
    (
        rf"(?:{_AM} (\d{{1,3}})(?: years old)?|i (?:just )?turned (\d{{1,3}})|ich bin (\d{{1,3}}) jahre alt)",
        lambda m: Fact("age", m[m.lastindex or 0]),
    ),
    (
        (
            rf"(?:{_AM}|i became|i(?:['’]ve| have) become|i(?:['’]ve|"
            rf" have) gone) (?:now )?(?:an? )?(?:strict )?(vegan|vegetarian|pescatarian)"
        ),
        _one("diet"),
    ),
    (
        (
            rf"{_AM} no longer (?:an? )?(?:vegan|vegetarian|pescatarian)|{_AM} not (?:an? )?(?:vegan|vegetarian|"
            rf"pescatarian) any ?more"
        ),
        _value("diet", ""),
    ),
    (rf"(?:{_AM}|i(?:['’]ve| have)) (?:not|no longer) allergic to (.+)", _many("allergic_to", "no")),
    (rf"{_AM} (?:very |highly |also )?allergic to (.+)", _many("allergic_to", "yes")),
    (rf"{_AM} (?:now )?(married|single|divorced|engaged|widowed)\b.*", _one("marital_status")),
    (r"(?:i|we) (?:just )?(?:got) (married|divorced|engaged)\b.*", _one("marital_status")),
    (r"my (favou?rite [\w ]{2,40}?) is (?:now )?(.+)", _named),
    (rf"my ({_ONE_OF})(?:['’]s name)? is (?:called |named )?(?-i:([A-ZÀ-Þ][\w-]+))$", _named),
    (rf"my ({_OWN})(?:['’]s| is| are) (?:now )?(?:on )?(?:the )?(.+)", _named),
    (rf"i(?: |)(?:{_DISLIKING}) (.+)", _many("likes", "no")),
    (rf"i(?: |)(?:{_LIKING}) (.+)", _many("likes", "yes")),
)
_RULES: Final = tuple((re.compile(pattern, re.IGNORECASE), make) for pattern, make in _TABLE)


def fact_in(sentence: str) -> Fact | None:
    """The fact that a sentence states of the person who says it; None where it states none of the simple ones."""
    plain = opened(sentence).rstrip(".! ")
    for pattern, make in _RULES:
        match = pattern.match(plain)
        fact = None if match is None else make(match)
        if fact is not None:
            return fact
    return None


def opened(sentence: str) -> str:
    """A sentence without the words that only open it."""
    return _ASKED.sub("", _FIRST.sub("", sentence)).strip()


def _fact(predicate: str, value: str) -> Fact | None:
    bare = _bare(value)
    return Fact(predicate[:_MOST_NAME], bare) if bare and not _NOTHING.match(bare) else None


def _bare(value: str) -> str:
    return _LATE.sub("", _REST.sub("", value)).strip(" .!\"'“”")[:200]
