"""Intents that were given up, as dead letters: put there, tried again when their time has come, taken away when heard.

How an intent is told stands in `delivery.py`.
"""

from typing import Final

from servers.chat.intents.intent import CONSUMER, REQUESTS, DueIntent, delivery_of, event_of, intent_of
from soma_common.dlq import DLQHandler, LetterPolicy
from soma_common.dlq.letters import Failure, resolve
from soma_common.dlq.policy import Decision, LetterStatus
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.intents")

# Some hours of patience; then it is parked, tried by the hour three times, and waits for a person.
PATIENCE: Final = Backoff(first_seconds=0.5, longest_seconds=300.0, factor=2.0, max_attempts=40)
POLICY: Final = LetterPolicy(quick=PATIENCE)
_HOPELESS: Final = Decision(LetterStatus.PARKED, None)
LEASE_SECONDS: Final = 30.0
BATCH: Final = 16


class IntentLetters:
    """The dead letters of the consumer `chat.intents`."""

    def __init__(self, database: Database, letters: DLQHandler, ids: Ids) -> None:
        self._database = database
        self._letters = letters
        self._ids = ids

    async def park(self, intent: DueIntent, error: SomaError, *, hopeless: bool) -> None:
        """Give an intent of the table up: from now on it is a letter and nothing else. Raises SomaError."""
        decision = _HOPELESS if hopeless else POLICY.after(intent.attempts, 0.0)

        async def work(connection: Connection) -> None:
            # Who else delivered it meanwhile has taken it away.
            if await connection.fetchval(_SQL.take_away, intent.intent_id) is not None:
                await self._keep(connection, intent, error, decision)

        await self._database.run(TenantId(intent.tenant_id), work)

    async def put_back(self, intent: DueIntent, error: SomaError, chance: float, *, hopeless: bool) -> None:
        """Keep a letter that was tried again in vain. Raises SomaError."""
        decision = _HOPELESS if hopeless else POLICY.after(intent.attempts, chance)

        async def work(connection: Connection) -> None:
            # What was deleted meanwhile must not come back.
            if await connection.fetchval(_SQL.hold_letter, CONSUMER, intent.intent_id) is not None:
                await self._keep(connection, intent, error, decision)

        await self._database.run(TenantId(intent.tenant_id), work)

    async def _keep(self, connection: Connection, intent: DueIntent, error: SomaError, decision: Decision) -> None:
        event = event_of(intent)
        failure = Failure(error.reason.value, error.sentence, str(self._ids.uuid7()))
        if decision.status is LetterStatus.PARKED:
            _LOG.error(
                "an intent is parked",
                kind=intent.kind,
                turn_id=str(intent.turn_id),
                reason=error.reason.value,
                error_id=failure.error_id,
            )
        await self._letters.keep(
            connection, CONSUMER, event, delivery_of(intent, event), failure, intent.attempts, decision
        )

    async def due(self) -> list[DueIntent]:
        """Intents out of letters whose time has come; later kinds wait for their release. Raises SomaError."""
        letters = await self._letters.claim(CONSUMER, POLICY, BATCH, LEASE_SECONDS)
        return [intent for intent in map(intent_of, letters) if intent.kind in REQUESTS]

    async def heard(self, intent: DueIntent) -> None:
        """Take a letter away that was told at last. Raises SomaError."""
        event = event_of(intent)
        await self._database.run(TenantId(intent.tenant_id), lambda it: resolve(it, CONSUMER, event))
