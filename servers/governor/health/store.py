"""The reports of all processes in the governor's database, read and written by named statements.

Nothing here decides what they mean.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from servers.governor.domain.health import Report
from servers.governor.domain.levels import Health, Observation
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/health.sql")


@dataclass(frozen=True, slots=True)
class ValidReport:
    """A report, whose it is, when a governor heard it, and for how long it counts yet."""

    instance: str
    report: Report
    heard_at: datetime
    seconds_left: float


class HealthStore:
    """Every statement on reports; a repeated one changes nothing, so a lost connection does no harm."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, valid: ValidReport) -> None:
        """Keeps the newest report of a process."""
        seen = [[each.name, int(each.health), each.detail] for each in valid.report.seen]
        await self._database.worker_statement(
            _SQL.put_report,
            valid.instance,
            valid.report.house,
            orjson.dumps(seen).decode(),
            valid.seconds_left,
            valid.heard_at,
        )

    async def valid(self, now: datetime) -> list[ValidReport]:
        """All reports that count now."""
        rows: list[Any] = await self._database.worker_statement(_SQL.valid_reports, now)
        return [
            ValidReport(row["instance"], _report(row["house"], row["seen"]), row["report_time"], row["seconds_left"])
            for row in rows
        ]


def _report(house: str, seen: str) -> Report:
    return Report(house, tuple(Observation(name, Health(state), detail) for name, state, detail in orjson.loads(seen)))
