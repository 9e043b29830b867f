"""Which transport and which history a process uses: Kafka where brokers are named, else the bus in PostgreSQL.

Nothing here reads a setting.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from soma_common.events.transports.bus_history import BusHistory
from soma_common.events.transports.history import History
from soma_common.events.transports.login import KafkaLogin
from soma_common.events.transports.port import Transport
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """The brokers of Kafka, or the addresses of the bus: for those who write to it, consume from it, look back.

    `history` sees one tenant at a time; it is set only where a house looks back.
    """

    kafka_bootstrap: Sequence[str] = ()
    kafka_login: KafkaLogin | None = None
    relay: HouseDatabase | None = None
    reader: HouseDatabase | None = None
    history: HouseDatabase | None = None


async def open_transport(settings: TransportSettings, clock: Clock, ids: Ids) -> Transport:
    """The transport; it connects on first use. Raises ValueError when neither is configured."""
    if settings.kafka_bootstrap:
        # aiokafka takes 5 MiB of memory: only where there are brokers.
        from soma_common.events.transports.kafka import KafkaTransport

        return KafkaTransport(settings.kafka_bootstrap, login=settings.kafka_login)
    if settings.relay is None or settings.reader is None:
        raise ValueError("neither Kafka nor the bus is configured")
    relay = await Database.open(settings.relay, app_pool=1, worker_pool=1)
    return PostgresTransport(relay, await Database.open(settings.reader, app_pool=1, worker_pool=2), clock, ids)


async def open_history(settings: TransportSettings) -> History:
    """The history of the transport; it connects on first use. Raises ValueError when neither is configured."""
    if settings.kafka_bootstrap:
        from soma_common.events.transports.kafka_history import KafkaHistory

        return KafkaHistory(settings.kafka_bootstrap, login=settings.kafka_login)
    if settings.history is None:
        raise ValueError("neither Kafka nor a way to look back on the bus is configured")
    return BusHistory(await Database.open(settings.history, app_pool=2, worker_pool=1))
