"""Which signals a process uses, by what is configured: Redis where there is one, else PostgreSQL.

Nothing here reads a setting.
"""

from soma_common.postgres.house import HouseDatabase
from soma_common.signals.port import Signals
from soma_common.signals.postgres import PostgresSignals


def open_signals(redis_url: str | None, database: HouseDatabase) -> Signals:
    """The signals, within the house's database or through a Redis; they connect on first use."""
    if redis_url is None:
        return PostgresSignals(database)
    # The library costs a start a moment: only where it is used.
    from soma_common.signals.redis import RedisSignals

    return RedisSignals(redis_url)
