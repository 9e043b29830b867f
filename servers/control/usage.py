"""Usage: counted from the events of turns that ended, and read by day and agent.

The tables stand in `usage_store.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Final
from uuid import UUID

from servers.control.domain.usage import Days, DayUsage, Usage
from servers.control.usage_store import EndedTurn, UsageStore
from soma.events.v1 import payloads_pb2
from soma_common.events.consumption import Consumption
from soma_common.events.models import Event
from soma_common.kernel.clock import Clock
from soma_common.kernel.paging import Page, unreadable_token
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.replay.targets import ReplayTarget

CONSUMER: Final = "control.usage"
_OUTCOMES: Final = {"turn.completed": "completed", "turn.failed": "failed", "turn.cancelled": "cancelled"}
TYPES: Final = frozenset(_OUTCOMES)


class UsageCounting:
    """The consumer that counts turns. Counting is by the event's id, so a turn counts once, whoever brings it."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def consumption(self) -> Consumption:
        """What it takes; a process subscribes to the same."""
        return Consumption.of_types(CONSUMER, TYPES, self.count)

    def target(self) -> ReplayTarget:
        """The same for replays: its own rows tell what is lacking."""
        return ReplayTarget.of(self.consumption(), self.lacks)

    async def count(self, connection: Connection, event: Event) -> None:
        """Count one turn. Raises DecodeError for a payload that is none."""
        ended = payloads_pb2.TurnEnded.FromString(event.payload)
        usage = ended.usage
        turn = EndedTurn(
            event.event_id,
            event.timestamp.astimezone(UTC).date(),
            ended.agent_id,
            _OUTCOMES[event.event_type],
            (
                usage.input_tokens,
                usage.cached_input_tokens,
                usage.output_tokens,
                usage.reasoning_tokens,
                ended.cost_micros,
            ),
        )
        await self._store.add(connection, event.tenant_id, turn)

    async def lacks(self, connection: Connection, events: Sequence[Event]) -> set[UUID]:
        """The events of one tenant whose turns are not counted."""
        ids = {event.event_id for event in events}
        return ids - await self._store.counted(connection, events[0].tenant_id, ids) if events else set()


@dataclass(frozen=True, slots=True)
class UsagePage:
    """Usage of some days, a page of it, and the total of all."""

    days: Days
    rows: list[DayUsage]
    total: Usage


class UsageReading:
    """Reads what was counted."""

    def __init__(self, database: Database, store: UsageStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    def days(self, first_day: str, last_day: str) -> Days:
        """The days that two texts mean today. Raises SomaError(INVALID_FIELD)."""
        return Days.of(first_day, last_day, self._clock.now().date())

    async def read(self, tenant_id: TenantId, days: Days, agent_id: str, page: Page) -> UsagePage:
        """Rows behind the page's place, and the total. Raises SomaError(INVALID_FIELD) for a place that is none."""
        after = (date.min, "") if page.after is None else _place_of(page.after)
        async with self._database.transaction(tenant_id) as connection:
            rows = await self._store.days(connection, tenant_id, days, agent_id, page.size, after)
            total = await self._store.total(connection, tenant_id, days, agent_id)
        return UsagePage(days, rows, total)


def _place_of(after: Sequence[str | int]) -> tuple[date, str]:
    try:
        day, agent_id = after
        return date.fromisoformat(str(day)), str(agent_id)
    except ValueError:
        raise unreadable_token() from None
