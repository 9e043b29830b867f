"""Sagas that cannot go on by themselves: kept as dead letters, with the event that tells of it, until a person acts.

Nothing here decides when that is.
"""

from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.letters import Failure
from soma_common.dlq.policy import Decision, LetterPolicy, LetterStatus
from soma_common.events.codec import to_message
from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.events.topics import SAGAS
from soma_common.events.transports.port import Delivery, Shard
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.sagas.failpoints import Reached, SagaFailpoint
from soma_common.sagas.held import Held, Tried, Written
from soma_common.sagas.models import consumer_of
from soma_common.sagas.plan import Then
from soma_common.sagas.store import SagaStore
from soma_common.sagas.telling import moved

_LOG = get_logger("soma.sagas")


class StuckSagas:
    """Parks them, each in one transaction with its events."""

    def __init__(
        self, database: Database, events: EventStore, store: SagaStore, policy: LetterPolicy, reached: Reached
    ) -> None:
        self._database = database
        self._events = events
        self._store = store
        self._letters = DLQHandler(database, events)
        self._policy = policy
        self._reached = reached

    async def park(self, held: Held, tried: Tried, to: Written, problem: Exception) -> bool:
        """Have it wait for a person, or for the time after which it is tried again by itself.

        False when another process has taken the saga meanwhile.
        """

        async def work(connection: Connection) -> bool:
            if not await self._store.move(held, tried, to, [], connection):
                return False
            drafts = list(moved(held, tried, to, Then.STUCK))
            *_, last = await self._events.append(connection, held.tenant_id, drafts)
            await self._keep(connection, held, tried, last, problem)
            self._reached(SagaFailpoint.PARKING)
            return True

        parked = await self._database.run(held.tenant_id, work)
        if parked:
            words = {"saga": held.definition.name, "saga_id": str(held.saga_id), "step": tried.step}
            _LOG.error("a saga is stuck", reason=tried.error_reason, error_id=tried.error_id, **words)
        return parked

    async def _keep(self, connection: Connection, held: Held, tried: Tried, event: Event, problem: Exception) -> None:
        body = to_message(event).SerializeToString()
        delivery = Delivery(Shard(SAGAS.name, 0), 0, body, event.timestamp)
        failure = Failure.of(problem, tried.error_id)
        again = self._policy.later_seconds if held.stuck_times < self._policy.later_times else None
        decision = Decision(LetterStatus.PARKED, again)
        attempts = tried.position.attempts + 1
        consumer = consumer_of(held.definition.name)
        await self._letters.keep(connection, consumer, event, delivery, failure, attempts, decision)
