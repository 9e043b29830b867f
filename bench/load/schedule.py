"""When the turns of an open loop begin, and what is asked: pure, the same for the same seed."""

import random
from collections.abc import Iterator
from typing import Final

SUBJECTS: Final = (
    "river bridge lantern garden harbour engine winter market orchard signal mountain window compass island velvet "
    "station horizon thunder canyon ember lattice timber beacon glacier legend mosaic oasis quarry summit valley"
).split()


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Times of a Poisson process in [0, seconds): what many people who do not know of one another do."""
    source = random.Random(f"arrivals:{seed}")
    times: list[float] = []
    now = source.expovariate(rate)
    while now < seconds:
        times.append(now)
        now += source.expovariate(rate)
    return times


def questions(words: int, seed: int) -> Iterator[str]:
    """Questions without end, no two alike."""
    source = random.Random(f"questions:{seed}")
    number = 0
    while True:
        number += 1
        said = " ".join(source.choice(SUBJECTS) for _ in range(words))
        yield f"Question {seed}.{number}: what of the {said}?"
