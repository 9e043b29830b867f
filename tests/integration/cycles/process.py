"""A process that runs sleep cycles until it kills itself: `python -m tests.integration.cycles.process ORDER.json`."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from servers.cognitive.sleeping.store import SleepStore
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.rpc.dial import dial
from soma_common.security.tokens import ServiceSigner
from soma_common.testing.clock import SetClock
from tests.integration.cycles.cuts import all_cuts
from tests.rpc.cognitive.cycle_parts import cycles_on


@dataclass(frozen=True)
class Order:
    """Where everything is, and at which of all cuts it dies."""

    app_dsn: str
    worker_dsn: str
    memory: str
    key: str
    now: str
    cut: int
    lease_seconds: float


async def main(order: Order) -> None:
    """Until the cut."""
    database = await Database.open(HouseDatabase("cognitive", "cognitive", order.app_dsn, order.worker_dsn))
    channel = dial([order.memory], ServiceSigner("cognitive", Path(order.key)), timeout_seconds=5.0, name="memory")
    cut = replace(all_cuts()[order.cut], die=lambda: os.kill(os.getpid(), signal.SIGKILL))
    memory = cut.memory(channel.stub(MemoryServiceStub))
    clock = SetClock(datetime.fromisoformat(order.now))
    _, sagas = cycles_on(database, SleepStore(database), memory, clock, cut.reached, order.lease_seconds)
    await sagas.run()


if __name__ == "__main__":
    asyncio.run(main(Order(**json.loads(Path(sys.argv[1]).read_text()))))
