"""How this process saw the mesh in each of the last seconds, so that a level can recover although nobody speaks.

Nothing here knows what a state demands.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from servers.governor.domain.levels import Observation
from servers.governor.domain.standing import CHECK, MOST_SECONDS, View
from soma_common.kernel.clock import Clock

_KEPT: Final = (MOST_SECONDS + 10) * CHECK
# A look speaks for the time until the next one; one that is late by more does not.
_SPEAKS_FOR: Final = timedelta(seconds=2.5)

OwnView = Callable[[], Sequence[Observation]]


@dataclass(slots=True)
class _Stretch:
    """From when until when the mesh was seen like this."""

    begin: datetime
    end: datetime
    view: View


class RecentLooks:
    """The looks of about the last two minutes; equal ones in a row are one stretch."""

    def __init__(self, own_view: OwnView, clock: Clock) -> None:
        self._own_view = own_view
        self._clock = clock
        self._stretches: deque[_Stretch] = deque()

    async def look(self) -> None:
        """One look; the process does so every second."""
        self.now()

    def now(self) -> View:
        """How the mesh is, which is a look."""
        moment, view = self._clock.now(), tuple(self._own_view())
        last = self._stretches[-1] if self._stretches else None
        if last is not None and moment - last.end <= _SPEAKS_FOR:
            last.end = max(last.end, moment)
            if last.view == view:
                return view
        self._stretches.append(_Stretch(moment, moment, view))
        while self._stretches[0].end < moment - _KEPT:
            self._stretches.popleft()
        return view

    def at(self, moment: datetime) -> View | None:
        """How the mesh was seen then; None where nobody looked."""
        for stretch in reversed(self._stretches):
            if stretch.begin <= moment:
                return stretch.view if moment <= stretch.end else None
        return None
