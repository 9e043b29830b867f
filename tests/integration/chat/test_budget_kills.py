"""A small version of `python -m tests.chaos.budgets`: turns at once under hard budgets, with stops and kills."""

import random

from tests.chaos.budgets.play import Play
from tests.integration.chat.stack import ChatStack


async def test_budgets_hold_through_stops_and_kills(stack: ChatStack) -> None:
    outcome = await Play(stack, turns=16, kills=1, chance=random.Random(7)).run()
    assert outcome.found == [], outcome.sentence
    assert outcome.answered > 0
    assert outcome.watch.looks > 5
    assert outcome.kills == 1
