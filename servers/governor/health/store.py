"""The reports of all processes in the governor's database, read and written by named statements.

Nothing here decides what they mean.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from servers.governor.domain.health import Report
from servers.governor.domain.levels import Health, Observation
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/health.sql")


@dataclass(frozen=True, slots=True)
class ValidReport:
    """A report, whose it is, and for how long it counts yet."""

    instance: str
    report: Report
    seconds_left: float


class HealthStore:
    """Every statement on reports; a repeated one changes nothing, so a lost connection does no harm."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, valid: ValidReport) -> None:
        """Keeps the newest report of a process."""
        seen = [[each.name, int(each.health), each.detail] for each in valid.report.seen]
        await self._database.worker_statement(
            _SQL.put_report, valid.instance, valid.report.house, orjson.dumps(seen).decode(), valid.seconds_left
        )

    async def valid(self) -> list[ValidReport]:
        """All reports that count now."""
        rows: list[Any] = await self._database.worker_statement(_SQL.valid_reports)
        return [ValidReport(row["instance"], _report(row["house"], row["seen"]), row["seconds_left"]) for row in rows]


def _report(house: str, seen: str) -> Report:
    return Report(house, tuple(Observation(name, Health(state), detail) for name, state, detail in orjson.loads(seen)))
