"""What many processes see of the mesh as one view: who speaks for a house, and whom a service must fail to be down.

Nothing here knows a clock, a message or a store; what a state demands stands in `levels.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from servers.governor.domain.levels import Health, Observation, merge_observations

# Whether such a one answers depends on who asks; everything else is one thing that all of them lean on.
SERVICES: Final = frozenset(("chat", "memory", "cognitive", "governor", "control", "edge"))
# A turn stands in their tables, so it means theirs when it speaks of the database.
_OF_TURNS: Final = frozenset(("chat", "governor"))
# A turn that is planned came by these; and each tenant has models of its own, so only the turn knows whom it calls.
_PROVED_BY_TURNS: Final = frozenset(("model", "chat", "governor", "edge"))


@dataclass(frozen=True, slots=True)
class Report:
    """What one process of a house sees."""

    house: str
    seen: tuple[Observation, ...]


def merge_reports(reports: Iterable[Report]) -> tuple[Observation, ...]:
    """All reports as one view, by name.

    A house speaks with the best that any of its processes sees, so a sick process among healthy ones speaks for nobody.
    Among the houses the worst counts, for what they all lean on. A service is down when no house reaches it, and
    degraded when some do.
    """
    houses: dict[str, dict[str, Observation]] = {}
    for report in reports:
        best = houses.setdefault(report.house, {})
        for seen in report.seen:
            known = best.get(seen.name)
            if seen.health is not Health.UNKNOWN and (known is None or seen.health < known.health):
                best[seen.name] = seen
    views: dict[str, list[Observation]] = {}
    for house, seen_there in sorted(houses.items()):
        for seen in seen_there.values():
            name = _name_outside(house, seen.name)
            views.setdefault(name, []).append(Observation(name, seen.health, seen.detail))
    return tuple(_judged(views[name]) for name in sorted(views))


def view_of_turn(seen: Iterable[Observation], reported: Iterable[Observation]) -> tuple[Observation, ...]:
    """What a turn saw itself, and what others report of the rest, by name.

    Whoever was asked a moment ago and answered, or did not, is as the turn says. A restriction may hide more than one
    turn can see, so there the worse of the two counts. Who answered has its database. That the rest is well need not be
    said.
    """
    own = {each.name: each for each in merge_observations(seen)}
    certain = {name for name, each in own.items() if each.health in (Health.UP, Health.DOWN)} | _PROVED_BY_TURNS
    certain |= {f"{name}_database" for name, each in own.items() if each.health is Health.UP}
    told = (other for other in reported if other.health > Health.UP and other.name not in certain)
    return merge_observations(own.values(), told)


def _name_outside(house: str, name: str) -> str:
    return f"{house}_{name}" if name == "database" and house not in _OF_TURNS else name


def _judged(views: list[Observation]) -> Observation:
    worst = max(views, key=lambda seen: seen.health)
    if worst.name in SERVICES and worst.health is Health.DOWN and _reachable(views):
        return Observation(worst.name, Health.DEGRADED, worst.detail)
    return worst


def _reachable(views: Iterable[Observation]) -> bool:
    return any(seen.health is not Health.DOWN for seen in views)
