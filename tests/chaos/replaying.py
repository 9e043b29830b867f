"""One replay as a process: `python -m tests.chaos.replaying APP_DSN BUS_DSN TENANT NAME KILL_AT`.

It replays everything to a target that counts, and kills itself in the middle of the effect of the n-th event, or right
after that effect was committed when the number is negative.
"""

import asyncio
import os
import signal
import sys
from uuid import UUID

from soma_common.events.models import Event
from soma_common.events.transports.bus_history import BusHistory
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database, HouseDatabase
from soma_common.replay.engine import ReplayEngine
from soma_common.replay.filters import EventFilters
from soma_common.replay.targets import ReplayTarget


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(app_dsn: str, bus_dsn: str, tenant: str, name: str, kill_at: int) -> None:
    database = await Database.open(HouseDatabase("chat", "chat", app_dsn, app_dsn))
    history = BusHistory(await Database.open(HouseDatabase("bus", "bus", bus_dsn, bus_dsn)))
    effects = 0

    async def effect(connection: Connection, event: Event) -> None:
        nonlocal effects
        if kill_at < 0 and effects == -kill_at:
            die()
        effects += 1
        await connection.execute("insert into effects values ($1, $2)", event.event_id, event.tenant_id)
        if effects == kill_at:
            die()

    engine = ReplayEngine(database, history, Clock())
    filters = EventFilters(TenantId(UUID(tenant)))
    await engine.replay(filters, ReplayTarget("chat.counting", effect), name, dry_run=False)


if __name__ == "__main__":
    app, bus, whose, what, at = sys.argv[1:]
    asyncio.run(main(app, bus, whose, what, int(at)))
