"""Which processes make up the standalone shape: their names, commands and addresses, as the settings say.

Nothing here starts a process.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from config.settings import Settings
from config.values import HOUSES, SERVICES
from soma_common.supervision.probe import http_probe, postgres_probe
from soma_common.supervision.status import Door

DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Program:
    """One process. `module` is what Python runs, `probe_address` tells its readiness (None: the database's socket)."""

    name: str
    service: str
    worker: int
    module: str
    arguments: tuple[str, ...]
    address: str
    probe_address: str | None


def programs(settings: Settings) -> tuple[Program, ...]:
    """All processes in the order in which they are started."""
    return (_database(settings), *_services(settings))


def doors(settings: Settings) -> tuple[Door, ...]:
    """Where and how each process is asked whether it serves."""
    return tuple(
        Door(
            program.name,
            program.address,
            http_probe(program.probe_address) if program.probe_address else postgres_probe(settings.postgres_socket),
        )
        for program in programs(settings)
    )


def _database(settings: Settings) -> Program:
    socket = settings.postgres_socket
    return Program(
        name=DATABASE,
        service=DATABASE,
        worker=0,
        module="soma_common.postgres.embedded",
        arguments=(str(settings.home),),
        address=f"unix:{socket}" if socket else "",
        probe_address=None,
    )


def _services(settings: Settings) -> Iterator[Program]:
    if settings.aaas:
        edge = settings.endpoint("edge")
        yield Program("servers", "servers", 0, "servers", (), edge.http_listen, edge.probes[0])
        return
    for service in SERVICES:
        found = settings.endpoint(service)
        module = f"servers.{service}" if service in HOUSES else service
        first = Program(service, service, 0, module, (), settings.page_url, found.probes[0])
        for worker, probe in enumerate(found.probes):
            name = service if worker == 0 else f"{service}-{worker + 1}"
            address = found.targets[worker] if found.targets else settings.page_url
            yield replace(first, name=name, worker=worker, address=address, probe_address=probe)
