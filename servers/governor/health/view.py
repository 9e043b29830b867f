"""How the mesh is, as all its processes see it: kept in memory, so that a plan asks nobody.

What the reports say together stands in `domain/health.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from servers.governor.domain.health import Report, merge_reports
from servers.governor.domain.levels import Health, Observation
from servers.governor.health.store import HealthStore, ValidReport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.rpc.health import DependencyState
from soma_common.rpc.health_reports import VALID_SECONDS, Sight

LOOK_SECONDS: Final = 1.0
_HEALTH: Final = {
    DependencyState.UNKNOWN: Health.UNKNOWN,
    DependencyState.UP: Health.UP,
    DependencyState.DEGRADED: Health.DEGRADED,
    DependencyState.DOWN: Health.DOWN,
}


@dataclass(frozen=True, slots=True)
class _Heard:
    """A report that counts until `until` on the monotonic clock."""

    report: Report
    heard_at: datetime
    until: float


class HealthView:
    """The newest report of each process, whichever governor heard it."""

    def __init__(self, store: HealthStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._heard: dict[str, _Heard] = {}
        self._merged: tuple[Observation, ...] = ()
        self._merged_until = 0.0

    def observations(self) -> tuple[Observation, ...]:
        """How each dependency is now, by name; who has been silent for too long says nothing."""
        now = self._clock.monotonic()
        if now >= self._merged_until:
            self._merge(now)
        return self._merged

    async def hear(self, instance: str, report: Report, seconds: float) -> None:
        """Takes the report of a process, for this one at once and for the others through the database.

        Raises DATABASE_UNAVAILABLE when the others cannot know of it.
        """
        valid = ValidReport(instance, report, self._clock.now(), seconds)
        self._note([valid])
        await self._store.put(valid)

    async def look(self) -> None:
        """Reads what others heard. Raises DATABASE_UNAVAILABLE; then what is known counts as long as it may."""
        self._note(await self._store.valid(self._clock.now()))

    def _note(self, reports: Sequence[ValidReport]) -> None:
        now = self._clock.monotonic()
        for valid in reports:
            known = self._heard.get(valid.instance)
            if known is None or known.heard_at <= valid.heard_at:
                self._heard[valid.instance] = _Heard(valid.report, valid.heard_at, now + valid.seconds_left)
        self._merge(now)

    def _merge(self, now: float) -> None:
        self._heard = {instance: heard for instance, heard in self._heard.items() if heard.until > now}
        self._merged = merge_reports(heard.report for heard in self._heard.values())
        self._merged_until = min((heard.until for heard in self._heard.values()), default=float("inf"))


class OwnReports:
    """What this governor sees itself, told to its own view."""

    def __init__(self, view: HealthView, ids: Ids) -> None:
        self._view = view
        self._instance = f"governor/{ids.uuid7()}"

    async def tell(self, seen: Sequence[Sight]) -> None:
        """One report. Raises DATABASE_UNAVAILABLE."""
        observations = tuple(Observation(each.name, _HEALTH[each.state], each.detail) for each in seen)
        await self._view.hear(self._instance, Report("governor", observations), VALID_SECONDS)
