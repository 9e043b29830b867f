"""The settings of the shape in which the mesh runs: where, under which name, how many processes, what is logged.

Nothing here reads a value.
"""

from pathlib import Path

from pydantic import BaseModel

from config.setting import AnyCaseLevel, Words, Workers, setting
from config.values import DeployMode, Environment, LogFace


class Shape(BaseModel):
    """The shape of the mesh, its logs and traces, its workers and where they are found."""

    # the shape
    deploy_mode: DeployMode | None = setting(
        "SOMA_DEPLOY_MODE",
        "The shape in which the mesh runs: standalone, somastack or k8s.",
        "standalone",
    )
    aaas_mode: bool | None = setting("SOMA_AAAS_MODE", "Whether all services run in one process.", "false")
    env: Environment | None = setting("SOMA_ENV", "How strict the start is: dev or prod.", "dev")
    deploy_target: str | None = setting("SOMA_DEPLOY_TARGET", "A label for the place of the installation.", "local")
    instance: str | None = setting(
        "SOMA_INSTANCE",
        "The name of this installation; two clones have different ones.",
        "work",
    )
    home: Path | None = setting("SOMA_HOME", "The folder for data, keys and logs.", "/srv/somastack")
    settings_file: Path | None = setting(
        "SOMA_SETTINGS_FILE",
        "A TOML file of settings by name; without it settings.toml in the data folder.",
        "/etc/somastack.toml",
    )
    bind: str | None = setting("SOMA_BIND", "The address on which the services listen.", "192.168.1.20")
    port_shift: int | None = setting(
        "SOMA_PORT_SHIFT",
        "A number added to every port, so that two stacks can run side by side.",
        "3000",
    )
    worker: int | None = setting(
        "SOMA_WORKER",
        "Which worker of its service a process is; the supervisor sets it.",
        "0",
    )

    # logs and traces
    log_level: AnyCaseLevel | None = setting("SOMA_LOG_LEVEL", "The least severe line that is logged.", "info")
    log_face: LogFace | None = setting("SOMA_LOG_FACE", "The form of log lines: json or console.", "json")
    otlp_endpoint: str | None = setting("SOMA_OTLP_ENDPOINT", "Where traces are sent.", "http://collector:4317")

    # workers
    memory_workers: Workers | None = setting("SOMA_MEMORY_WORKERS", "How many processes serve memory.", "1")
    cognitive_workers: Workers | None = setting("SOMA_COGNITIVE_WORKERS", "How many processes serve cognitive.", "1")
    governor_workers: Workers | None = setting("SOMA_GOVERNOR_WORKERS", "How many processes serve governor.", "1")
    control_workers: Workers | None = setting("SOMA_CONTROL_WORKERS", "How many processes serve control.", "1")
    chat_workers: Workers | None = setting("SOMA_CHAT_WORKERS", "How many processes serve chat.", "2")

    # where services are found in a cluster
    memory_targets: Words | None = setting("SOMA_MEMORY_TARGETS", "The gRPC addresses of memory.", "memory:9596")
    cognitive_targets: Words | None = setting(
        "SOMA_COGNITIVE_TARGETS", "The gRPC addresses of cognitive.", "cognitive:30102"
    )
    governor_targets: Words | None = setting(
        "SOMA_GOVERNOR_TARGETS", "The gRPC addresses of governor.", "governor:20022"
    )
    control_targets: Words | None = setting("SOMA_CONTROL_TARGETS", "The gRPC addresses of control.", "control:20043")
    chat_targets: Words | None = setting("SOMA_CHAT_TARGETS", "The gRPC addresses of chat.", "chat:20021")
