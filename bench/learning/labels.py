"""The labelled set, and precision and recall of rules over it.

Nothing here judges what is said: the rules are handed in.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.chat.domain.learning import Learned

_CASES: Final = Path(__file__).with_name("cases.toml")

# What the rules keep of a message.
Rules = Callable[[str], Sequence[Learned]]


@dataclass(frozen=True, slots=True)
class Said:
    """Something said: whether it is to be kept, and predicate and object of the fact in it, if there is one."""

    text: str
    keep: bool
    fact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well rules did, 0-1: of what they kept, of what was to be kept, of the facts that were to be found."""

    precision: float
    recall: float
    facts: float
    wrong: tuple[str, ...]


def labelled() -> tuple[list[Said], list[Said]]:
    """The half by which the rules were made, and the half that was held out."""
    read = tomllib.loads(_CASES.read_text("utf-8"))
    said = [Said(text, True, tuple(fact)) for text, *fact in read["kept"]]
    said += [Said(text, False) for text in read["passed"]]
    return said[0::2], said[1::2]


def judge(cases: Sequence[Said], rules: Rules) -> Judgement:
    """The rules over these cases."""
    found = [(case, rules(case.text)) for case in cases]
    kept = [case for case, learned in found if learned]
    right = [case for case in kept if case.keep]
    wanted = [(case, learned) for case, learned in found if case.fact]
    told = [case for case, learned in wanted if case.fact in {_fact(each) for each in learned}]
    wrong = [case.text for case, learned in found if bool(learned) != case.keep]
    wrong += [case.text for case, learned in wanted if learned and case not in told]
    return Judgement(
        len(right) / max(1, len(kept)),
        len(right) / max(1, sum(case.keep for case in cases)),
        len(told) / max(1, len(wanted)),
        tuple(wrong),
    )


def _fact(learned: Learned) -> tuple[str, ...]:
    return () if learned.fact is None else (learned.fact.predicate, learned.fact.object)
