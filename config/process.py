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
from config.rules import LOOK_BACK
from config.settings import Settings
from soma_common.events.transports.login import KafkaLogin
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
        transport=transport_settings(settings, looks_back=service in LOOK_BACK),
        control_targets=settings.endpoint("control").targets,
        # The governor hears itself without a call.
        governor_targets=() if service == "governor" else settings.endpoint("governor").targets,
    )


def transport_settings(settings: Settings, *, looks_back: bool) -> TransportSettings:
    """How events travel: by Kafka where brokers are named, else over the bus. Raises SettingsError."""
    infrastructure = settings.infrastructure
    if infrastructure.kafka_bootstrap:
        own = infrastructure.kafka_login
        password = None if own.password is None else own.password.get_secret_value()
        login = KafkaLogin(own.protocol.value.upper(), own.ca, own.mechanism.value, own.user, password)
        return TransportSettings(kafka_bootstrap=infrastructure.kafka_bootstrap, kafka_login=login)
    history = settings.bus("app") if looks_back else None
    return TransportSettings(relay=settings.bus("relay"), reader=settings.bus("worker"), history=history)
