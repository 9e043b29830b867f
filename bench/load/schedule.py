"""When the turns of an open loop begin, and what is asked: pure, the same for the same seed."""

import random
from collections.abc import Iterator
from typing import Final

SUBJECTS: Final = (
    "river bridge lantern garden harbour engine winter market orchard signal mountain window compass island velvet "
    "station horizon thunder canyon ember lattice timber beacon glacier legend mosaic oasis quarry summit valley"
).split()
_SYLLABLES: Final = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bel cor dan fen gil".split()


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Times of a Poisson process in [0, seconds): what many people who do not know of one another do."""
    source = random.Random(f"arrivals:{seed}")
    times: list[float] = []
    now = source.expovariate(rate)
    while now < seconds:
        times.append(now)
        now += source.expovariate(rate)
    return times


def history(tokens: int, seed: int) -> list[dict[str, str]]:
    """The messages of a long conversation: about `tokens` words, 500 a message."""
    source = random.Random(f"history:{seed}")
    roles = ("user", "assistant")
    lengths = [500] * (tokens // 500)
    return [
        {"role": roles[number % 2], "content": " ".join(source.choice(SUBJECTS) for _ in range(length))}
        for number, length in enumerate(lengths)
    ]


def questions(words: int, seed: int) -> Iterator[str]:
    """Questions without end, no two alike."""
    source = random.Random(f"questions:{seed}")
    number = 0
    while True:
        number += 1
        said = " ".join(source.choice(SUBJECTS) for _ in range(words))
        yield f"Question {seed}.{number}: what of the {said}?"


def memories(count: int, seed: int) -> Iterator[str]:
    """Sentences of a large vocabulary, common words often and rare ones seldom, as in talk."""
    source = random.Random(f"memories:{seed}")
    vocabulary = ["".join(source.choice(_SYLLABLES) for _ in range(source.randint(2, 4))) for _ in range(5000)]
    for number in range(count):
        said = " ".join(vocabulary[int(5000 * source.random() ** 3)] for _ in range(14))
        yield f"Note {number}: {said} near the {source.choice(SUBJECTS)}."
