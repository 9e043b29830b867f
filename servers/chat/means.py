"""What the use cases of one chat process share: its database, its log of events, its name, its numbers, time and ids.

Plain references; the composition root fills them in.
"""

from dataclasses import dataclass

from servers.chat.instance import Instance
from servers.chat.metrics import TurnMetrics
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database


@dataclass(frozen=True, slots=True)
class Means:
    """Shared by everything that works on turns."""

    database: Database
    events: EventStore
    instance: Instance
    metrics: TurnMetrics
    clock: Clock
    ids: Ids
