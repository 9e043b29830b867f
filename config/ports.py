"""Which component listens where, as the profiles say, and the ranges that keep the platforms apart.

Nothing here opens a port.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.values import Endpoint

PortRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """The ports of a service's first worker, and how far the next worker's are from them."""

    http: int
    grpc: int | None = None
    ops: int | None = None
    worker_step: int = 0

    def numbers(self, worker: int = 0) -> tuple[int, ...]:
        """All ports that one worker binds."""
        return tuple(port + worker * self.worker_step for port in (self.http, self.grpc, self.ops) if port is not None)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The host words of a shape: where services bind and where one's own machine finds them."""

    bind: str
    loopback: str
    shift: int


@dataclass(frozen=True, slots=True)
class PortTable:
    """All components of one shape; `beside` are servers of others, which run with ours where they are asked for."""

    services: Mapping[str, ServicePorts]
    ranges: Mapping[str, tuple[PortRange, ...]]
    beside: Mapping[str, int] = field(default_factory=dict)

    def endpoint(self, service: str, addresses: Addresses, *, worker: int, workers: int) -> Endpoint:
        """Where `worker` of a service listens, and where all of its workers are found."""
        ports = self.services[service]
        every = range(workers)

        def address(host: str, port: int | None, number: int) -> str:
            return f"{host}:{(port or 0) + number * ports.worker_step + addresses.shift}"

        return Endpoint(
            grpc_listen=None if ports.grpc is None else address(addresses.bind, ports.grpc, worker),
            http_listen=address(addresses.bind, ports.http, worker),
            ops_listen=None if ports.ops is None else address(addresses.bind, ports.ops, worker),
            targets=() if ports.grpc is None else tuple(address(addresses.loopback, ports.grpc, n) for n in every),
            probes=tuple(address(addresses.loopback, ports.ops or ports.http, n) for n in every),
        )

    def bound(self, workers: Mapping[str, int], shift: int) -> Iterator[tuple[str, int]]:
        """Every port that will be bound, with the service that binds it."""
        for service, ports in self.services.items():
            for worker in range(workers.get(service, 1)):
                for port in ports.numbers(worker):
                    yield service, port + shift


def read_ports(profile: Mapping[str, Any], *, aaas: bool) -> PortTable:
    """The port table of a profile; of the one-process shape when `aaas`."""
    services = profile.get("aaas_ports" if aaas and "aaas_ports" in profile else "ports", {})
    ranges = {name: tuple((low, high) for low, high in pairs) for name, pairs in profile["ranges"].items()}
    every = {name: ServicePorts(**row) for name, row in services.items()}
    return PortTable(every, ranges, profile.get("beside", {}))
