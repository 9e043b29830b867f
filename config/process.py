"""How a service's process begins: its settings, its log, its trace, then its own main.

Nothing here serves; `soma_common.rpc.process` does.
"""

import sys
from collections.abc import Callable, Coroutine
from typing import Any

from config.environment import quiet_libraries
from config.loading import load_settings
from config.logs import begin_log
from config.problems import SettingsError
from config.settings import Settings
from soma_common.events.transports.opening import TransportSettings
from soma_common.rpc.process import ProcessSettings, run


def run_service(service: str, main: Callable[[Settings, ProcessSettings], Coroutine[Any, Any, None]]) -> int:
    """Run a service with a database of its own to its end; answers the exit code of the process."""
    quiet_libraries()
    try:
        settings = load_settings(house=service)
    except SettingsError as problems:
        sys.stderr.write(f"{problems}\n")
        return 1
    begin_log(service, settings)
    own = process_settings(service, settings)
    return run(lambda: main(settings, own))


def process_settings(service: str, settings: Settings) -> ProcessSettings:
    """The slice that every such process needs. Raises RuntimeError where this shape gives the service no gRPC door."""
    own = settings.endpoint(service)
    if own.grpc_listen is None:
        raise RuntimeError(f"{service} has no gRPC address in this shape")
    return ProcessSettings(
        service=service,
        package=f"servers.{service}",
        grpc_listen=own.grpc_listen,
        http_listen=own.http_listen,
        database=settings.database(service),
        jwks_path=settings.identity.jwks_path,
        service_key_path=settings.identity.service_key_path(service),
        transport=transport_settings(settings),
        control_targets=settings.endpoint("control").targets,
    )


def transport_settings(settings: Settings) -> TransportSettings:
    """How events travel: by Kafka where brokers are named, else over the bus. Raises SettingsError."""
    brokers = settings.infrastructure.kafka_bootstrap
    if brokers:
        return TransportSettings(kafka_bootstrap=brokers)
    return TransportSettings(relay=settings.bus("relay"), reader=settings.bus("worker"))
