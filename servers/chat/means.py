"""What the use cases of one chat process share: database, log of events, name, numbers, time, ids, and who watches.

Plain references; the composition root fills them in.
"""

from dataclasses import dataclass

from servers.chat.conversations.watching import Watchers
from servers.chat.metrics import TurnMetrics
from servers.chat.turns.instance import Instance
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
    watchers: Watchers
