"""Composition root of the governor: `python -m servers.governor`.

The only place that builds its concrete objects.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry

from config import Settings
from config.process import run_service
from servers.governor.calibration.feedback import Feedback, SettledHalf
from servers.governor.calibration.reading import Calibrations
from servers.governor.calibration.store import CalibrationStore
from servers.governor.configuration.changing import ConfigurationChanges, ConfigurationCodec
from servers.governor.configuration.current import Configurations
from servers.governor.configuration.versions import VersionStore
from servers.governor.decoding.configuration import kept_configuration, retention_days
from servers.governor.encoding.calibration import rated_settlement, settled_outcome
from servers.governor.encoding.configuration import stored_configuration
from servers.governor.erasing import erasers
from servers.governor.health.store import HealthStore
from servers.governor.health.view import LOOK_SECONDS, HealthView, OwnReports
from servers.governor.ledger.budget_store import BudgetStore
from servers.governor.ledger.budgets import Budgets
from servers.governor.ledger.holding import Holding
from servers.governor.ledger.releasing import Releasing
from servers.governor.ledger.settlement import Settlement
from servers.governor.ledger.store import LedgerStore
from servers.governor.levels.looks import RecentLooks
from servers.governor.levels.reading import Levels
from servers.governor.levels.standings import StandingStore
from servers.governor.levels.watching import LevelWatch
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.similarity import ToolSimilarity
from servers.governor.planning.store import PlanStore
from servers.governor.planning.turns import Planning
from servers.governor.receipts.keeping import KEEP_SECONDS, ReceiptKeeping
from servers.governor.receipts.reading import Receipts
from servers.governor.receipts.store import ReceiptStore
from servers.governor.rpc.servicer import GovernorServicer
from servers.governor.settings import GovernorSettings
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.operations.erasing import Erasing
from soma_common.postgres.pool import Database
from soma_common.rpc.dial import dial
from soma_common.rpc.process import Process, ProcessSettings, keep_running, opened

SERVICE: Final = "soma.governor.v1.GovernorService"
# Whom the governor asks for itself; the others are seen by those who call them.
_PROBED: Final = ("chat", "memory", "cognitive")
_PROBE_SECONDS: Final = 1.5


def build(
    database: Database,
    events: EventStore,
    registry: CollectorRegistry,
    clock: Clock,
    ids: Ids,
    settings: GovernorSettings,
) -> GovernorServicer:
    """The servicer with everything below it."""
    ledger = LedgerStore(settings.default_day_limit)
    plans = PlanStore(database, ledger)
    metrics = GovernorMetrics(registry, clock)
    versions = VersionStore(database)
    configurations = Configurations(versions, kept_configuration, clock)
    codec = ConfigurationCodec(stored_configuration, kept_configuration)
    feedback = Feedback(CalibrationStore(), SettledHalf(settled_outcome, rated_settlement))
    health = HealthView(HealthStore(database), clock)
    standings, looks = StandingStore(events), RecentLooks(health.observations, clock)
    levels = Levels(database, standings, configurations, looks, clock, ids)
    return GovernorServicer(
        planning=Planning(plans, standings, configurations, looks, metrics, ToolSimilarity(), clock, ids),
        holding=Holding(database, ledger, metrics, clock, ids, configurations.rates),
        releasing=Releasing(database, ledger, metrics, clock),
        settlement=Settlement(database, ledger, plans, feedback, events, metrics, clock),
        receipts=Receipts(ReceiptStore(database)),
        budgets=Budgets(database, ledger, BudgetStore(ledger), events, clock),
        configuration=ConfigurationChanges(database, versions, events, codec, clock),
        calibrations=Calibrations(database, CalibrationStore()),
        health=health,
        levels=levels,
        level_watch=LevelWatch(levels),
        clock=clock,
    )


@asynccontextmanager
async def probing(process: Process, targets: Mapping[str, tuple[str, ...]]) -> AsyncIterator[None]:
    """Asks the standard health service of the other houses inside the block, whether they serve."""
    async with AsyncExitStack() as stack:
        for name, found in targets.items():
            channel = await stack.enter_async_context(dial(found, process.signer, name=name))
            process.health.watch(name, channel.check, _PROBE_SECONDS)
        yield


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    slice_ = GovernorSettings.from_settings(settings)
    targets = {name: found for name in _PROBED if (found := settings.endpoint(name).targets)}
    async with opened(own) as process, probing(process, targets):
        parts = (process.database, process.events, process.server.registry)
        servicer = build(*parts, process.clock, process.ids, slice_)
        process.consume(servicer.settlement.feedback.consumption())
        process.server.add(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
        keeping = ReceiptKeeping(process.database, process.clock, retention_days)
        jobs = [
            asyncio.create_task(keep_running(name, work, pause_seconds), name=name)
            for name, work, pause_seconds in (
                ("return expired holds", servicer.holding.return_expired, slice_.expiry_check_seconds),
                ("look at health reports", servicer.health.look, LOOK_SECONDS),
                ("remember how the mesh is", servicer.planning.looks.look, LOOK_SECONDS),
                ("look at watched levels", servicer.level_watch.run, LOOK_SECONDS),
                ("keep receipts", keeping.keep, KEEP_SECONDS),
            )
        ]
        # In a thread: the start waits for nothing, and the first turn with tools finds the table there.
        loading = asyncio.create_task(asyncio.to_thread(servicer.planning.similarity.load))
        try:
            erasing = Erasing("governor", erasers(process.database))
            tell = OwnReports(servicer.health, process.ids).tell
            await process.serve(servicer.level_watch.drain, tell=tell, erasing=erasing)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await loading


if __name__ == "__main__":
    sys.exit(run_service("governor", main))
