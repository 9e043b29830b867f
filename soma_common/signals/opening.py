"""Which signals a process uses, by what is configured: Redis where there is one, else PostgreSQL.

Nothing here reads a setting.
"""

from dataclasses import dataclass, field

from soma_common.postgres.house import HouseDatabase
from soma_common.signals.port import Signals
from soma_common.signals.postgres import PostgresSignals


@dataclass(frozen=True, slots=True)
class SignalsSettings:
    """The house's database, and the address of a Redis where there is one."""

    database: HouseDatabase
    redis_url: str | None = field(default=None, repr=False)


def open_signals(settings: SignalsSettings) -> Signals:
    """The signals; they connect on first use."""
    if settings.redis_url is None:
        return PostgresSignals(settings.database)
    # The library costs a start a moment: only where it is used.
    from soma_common.signals.redis import RedisSignals

    return RedisSignals(settings.redis_url)
