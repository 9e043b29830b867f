"""Which processes make up the standalone shape: their names, commands and addresses, as the settings say.

Nothing here starts a process.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from config.environment import servers_folder
from config.infrastructure import KAFKA
from config.settings import Settings
from config.values import HOUSES, SERVICES
from soma_common.companions.kafka import GREETING as KAFKA_GREETING
from soma_common.companions.redis import GREETED as REDIS_GREETED
from soma_common.companions.redis import GREETING as REDIS_GREETING
from soma_common.supervision.probe import Probe, http_probe, port_probe, postgres_probe, socket_probe
from soma_common.supervision.status import Door

DATABASE = "database"
REDIS = "redis"
# What the services stand on; the servers of others beside the database run only where they were asked for.
GROUND = (DATABASE, KAFKA, REDIS)


@dataclass(frozen=True, slots=True)
class Program:
    """One process. `module` is what Python runs; `probe_address` is where a service tells its readiness over HTTP."""

    name: str
    service: str
    worker: int
    module: str
    arguments: tuple[str, ...]
    address: str
    probe: Probe
    probe_address: str | None = None


def programs(settings: Settings) -> tuple[Program, ...]:
    """All processes in the order in which they are started."""
    return (*_ground(settings), *_services(settings))


def doors(settings: Settings) -> tuple[Door, ...]:
    """Where and how each process is asked whether it serves."""
    return tuple(Door(program.name, program.address, program.probe) for program in programs(settings))


def beside_us(settings: Settings) -> tuple[str, ...]:
    """The servers of others that run beside the database."""
    return tuple(program.name for program in _ground(settings) if program.name != DATABASE)


def _ground(settings: Settings) -> Iterator[Program]:
    socket = settings.postgres_socket
    yield Program(
        name=DATABASE,
        service=DATABASE,
        worker=0,
        module="soma_common.postgres.embedded",
        arguments=(str(settings.home),),
        address=f"unix:{socket}" if socket else "",
        probe=postgres_probe(socket),
    )
    servers, infrastructure = servers_folder(), settings.infrastructure
    words: tuple[str, ...]
    if (kafka := infrastructure.local_kafka) is not None:
        ports = (str(kafka.port), str(kafka.controller_port))
        words = (str(servers / KAFKA / "program"), str(kafka.folder), kafka.host, *ports)
        probe = port_probe(kafka.address, KAFKA_GREETING)
        yield Program(KAFKA, KAFKA, 0, "soma_common.companions.kafka", words, kafka.address, probe)
    if (redis := infrastructure.local_redis) is not None:
        words = (str(servers / REDIS / "program"), str(redis.folder), str(redis.socket))
        probe = socket_probe(redis.socket, REDIS_GREETING, REDIS_GREETED)
        yield Program(REDIS, REDIS, 0, "soma_common.companions.redis", words, f"unix:{redis.socket}", probe)


def _services(settings: Settings) -> Iterator[Program]:
    if settings.aaas:
        edge = settings.endpoint("edge")
        door = edge.probes[0]
        yield Program("servers", "servers", 0, "servers", (), edge.http_listen, http_probe(door), door)
        return
    for service in SERVICES:
        found = settings.endpoint(service)
        module = f"servers.{service}" if service in HOUSES else service
        for worker, door in enumerate(found.probes):
            name = service if worker == 0 else f"{service}-{worker + 1}"
            address = found.targets[worker] if found.targets else settings.page_url
            yield Program(name, service, worker, module, (), address, http_probe(door), door)
