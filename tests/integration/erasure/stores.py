"""Every store of every house, as the erasers know them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from servers.chat import erasing as chat
from servers.cognitive import erasing as cognitive
from servers.control import erasing as control
from servers.governor import erasing as governor
from servers.memory import erasing as memory
from soma_common.events.store import EventStore
from soma_common.events.transports.port import Transport
from soma_common.kernel.clock import Clock
from soma_common.operations.shared_stores import SHARED
from soma_common.operations.subjects import Eraser, Store, Table
from soma_common.postgres.pool import Database

OWN: Final[Mapping[str, Sequence[Store]]] = {
    "chat": (chat.TURNS, chat.INTENTS, chat.WORDS, *chat.STORES),
    "governor": (governor.RECEIPTS, *governor.STORES),
    "cognitive": cognitive.STORES,
    "control": control.STORES,
    "memory": memory.STORES,
}


ERASERS: Final[Mapping[str, Callable[[Database, Transport], Sequence[Eraser]]]] = {
    "chat": lambda database, _: chat.erasers(database, Clock()),
    "governor": lambda database, _: governor.erasers(database),
    "cognitive": lambda database, _: cognitive.erasers(database),
    "control": lambda database, _: control.erasers(database),
    "memory": lambda database, transport: memory.erasers(database, transport, EventStore("memory"), Clock()),
}


def tables_of(house: str) -> dict[str, Table]:
    """The tables of a house by name; each is in one store."""
    tables = [table for store in (*OWN[house], *SHARED) for table in store.tables]
    assert len({table.name for table in tables}) == len(tables), "a table is in two stores"
    return {table.name: table for table in tables}
