"""What waits for a person in the running stack: events that are parked, sagas that are stuck.

Nothing here decides about them.
"""

from typing import Final

from cli.doctor.finding import Finding, bad, good
from cli.doors import Doors, visit
from cli.exits import CommandError
from cli.operations import letters, sagas
from config import Settings
from soma_common.kernel.errors import SomaError

_NAME: Final = "events"
_STUCK: Final = ("stuck", "compensation-stuck")
_MOST: Final = letters.PAGE


async def waiting(settings: Settings) -> Finding:
    """Whether every event has had its effect, and every saga goes on by itself."""
    try:
        return await visit(settings, _look)
    except (SomaError, CommandError) as problem:
        return bad(_NAME, problem.sentence, "somastack logs control")


async def _look(doors: Doors) -> Finding:
    parked = await letters.listed(doors, letters.Wanted(status=letters.status_number("parked")), _MOST)
    stuck = [await sagas.listed(doors, sagas.Wanted(status=sagas.status_number(word)), _MOST) for word in _STUCK]
    missing = parked.missing.union(*(found.missing for found in stuck))
    return verdict(len(parked.letters), sum(len(found.sagas) for found in stuck), sorted(missing))


def verdict(parked: int, stuck: int, missing: list[str]) -> Finding:
    """What these numbers say; each is counted up to a page."""
    if stuck:
        return bad(_NAME, _amount(stuck, "saga is stuck", "sagas are stuck"), "somastack saga list")
    if parked:
        return bad(_NAME, _amount(parked, "event is parked", "events are parked"), "somastack dlq list")
    if missing:
        return bad(_NAME, f"{', '.join(missing)} did not answer for its events", f"somastack logs {missing[0]}")
    return good(_NAME, "no event is parked, no saga is stuck")


def _amount(number: int, one: str, several: str) -> str:
    if number == 1:
        return f"1 {one}"
    return f"{number} or more {several}" if number >= _MOST else f"{number} {several}"
