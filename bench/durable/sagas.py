"""Sagas of three steps that do nothing, one after the other by several callers.

A program: see `programs.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import uuid4

from prometheus_client import CollectorRegistry

from bench.durable.appends import tenant_of
from bench.durable.programs import READY, answer
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.metrics import SagaMetrics
from soma_common.sagas.models import SagaDefinition, SagaFilter, SagaStep, Status, StepCall, Values
from soma_common.sagas.orchestrator import SagaOrchestrator

TENANT: Final = tenant_of(0)
_CALLER: Final = Caller(TENANT, "bench", frozenset({"member"}))
_TIMEOUT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05


async def _do(call: StepCall) -> Values:
    return {"of": call.input["of"]}


async def _undo(_: StepCall) -> Values:
    return {}


_WALK: Final = SagaDefinition("walk", tuple(SagaStep(name, _do, _undo) for name in ("first", "second", "third")))


async def work(job: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    """`runs` sagas by `callers`, after `warm_runs`.

    The end is waited for by the library; for counting statements by looking at the list, and `looks` says how often.
    """
    database = await Database.open(HouseDatabase(**job["urls"]))
    conduct = Conduct(metrics=SagaMetrics(CollectorRegistry()))
    sagas = SagaOrchestrator(database, EventStore("chat"), [_WALK], Clock(), Ids(), conduct)
    running = asyncio.create_task(sagas.run())

    async def go(runs: int) -> int:
        looks = 0
        for number in range(runs):
            saga = await sagas.start_saga(TENANT, _CALLER, "walk", {"of": str(number)}, uuid4())
            if job["way"] == "timed":
                done = await sagas.finished(TENANT, saga.saga_id, _TIMEOUT_SECONDS)
                assert done.status is Status.COMPLETED, done
            else:
                looks += await _look_until_done(sagas)
        return looks

    async def crowd(runs: int) -> int:
        return sum(await asyncio.gather(*(go(runs // job["callers"]) for _ in range(job["callers"]))))

    await crowd(job["warm_runs"])
    yield READY
    yield {"runs": job["runs"], "looks": await crowd(job["runs"])}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()


async def _look_until_done(sagas: SagaOrchestrator) -> int:
    looks = 1
    while await sagas.list_sagas(TENANT, SagaFilter(status=Status.RUNNING)):
        looks += 1
        await asyncio.sleep(_LOOK_SECONDS)
    return looks


if __name__ == "__main__":
    answer(work)
