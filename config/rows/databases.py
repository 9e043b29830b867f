"""The settings of the databases: their addresses, and a password for every role.

Nothing here reads a value.
"""

from pathlib import Path

from pydantic import BaseModel, SecretStr

from config.setting import setting


class Databases(BaseModel):
    """Where the databases are and who logs in."""

    # databases
    postgres_dsn: SecretStr | None = setting(
        "SOMA_POSTGRES_DSN",
        "The PostgreSQL server of all houses; roles and database names are filled in.",
        "postgresql://postgres:5432/",
    )
    agent_dsn: SecretStr | None = setting(
        "SOMA_AGENT_DSN",
        "The PostgreSQL server and database of chat, governor and control.",
        "postgresql://postgres:5432/somaagent",
    )
    brain_dsn: SecretStr | None = setting(
        "SOMA_BRAIN_DSN",
        "The PostgreSQL server and database of cognitive.",
        "postgresql://postgres:5432/somabrain",
    )
    memory_dsn: SecretStr | None = setting(
        "SOMA_MEMORY_DSN",
        "The PostgreSQL server and database of memory.",
        "postgresql://postgres:5432/somamemory",
    )
    bus_dsn: SecretStr | None = setting(
        "SOMA_BUS_DSN",
        "The PostgreSQL server and database of the bus, where it is not that of SOMA_AGENT_DSN.",
        "postgresql://postgres:5432/somaagent",
    )

    # one password per database role; the first start makes them where PostgreSQL is our own
    postgres_socket: Path | None = setting(
        "SOMA_POSTGRES_SOCKET",
        "The folder of the embedded PostgreSQL's socket.",
        "written at every start",
    )
    memory_app_password: SecretStr | None = setting(
        "SOMA_MEMORY_APP_PASSWORD",
        "The role that serves requests of memory.",
        "made at first start",
    )
    memory_worker_password: SecretStr | None = setting(
        "SOMA_MEMORY_WORKER_PASSWORD",
        "The role that works on queues of memory.",
        "made at first start",
    )
    memory_owner_password: SecretStr | None = setting(
        "SOMA_MEMORY_OWNER_PASSWORD",
        "The role that runs migrations of memory.",
        "made at first start",
    )
    cognitive_app_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_APP_PASSWORD",
        "The role that serves requests of cognitive.",
        "made at first start",
    )
    cognitive_worker_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_WORKER_PASSWORD",
        "The role that works on queues of cognitive.",
        "made at first start",
    )
    cognitive_owner_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_OWNER_PASSWORD",
        "The role that runs migrations of cognitive.",
        "made at first start",
    )
    governor_app_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_APP_PASSWORD",
        "The role that serves requests of governor.",
        "made at first start",
    )
    governor_worker_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_WORKER_PASSWORD",
        "The role that works on queues of governor.",
        "made at first start",
    )
    governor_owner_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_OWNER_PASSWORD",
        "The role that runs migrations of governor.",
        "made at first start",
    )
    chat_app_password: SecretStr | None = setting(
        "SOMA_CHAT_APP_PASSWORD",
        "The role that serves requests of chat.",
        "made at first start",
    )
    chat_worker_password: SecretStr | None = setting(
        "SOMA_CHAT_WORKER_PASSWORD",
        "The role that works on queues of chat.",
        "made at first start",
    )
    chat_owner_password: SecretStr | None = setting(
        "SOMA_CHAT_OWNER_PASSWORD",
        "The role that runs migrations of chat.",
        "made at first start",
    )
    control_app_password: SecretStr | None = setting(
        "SOMA_CONTROL_APP_PASSWORD",
        "The role that serves requests of control.",
        "made at first start",
    )
    control_worker_password: SecretStr | None = setting(
        "SOMA_CONTROL_WORKER_PASSWORD",
        "The role that works on queues of control.",
        "made at first start",
    )
    control_owner_password: SecretStr | None = setting(
        "SOMA_CONTROL_OWNER_PASSWORD",
        "The role that runs migrations of control.",
        "made at first start",
    )
    bus_app_password: SecretStr | None = setting(
        "SOMA_BUS_APP_PASSWORD",
        "The role that reads what one tenant published on the bus.",
        "made at first start",
    )
    bus_worker_password: SecretStr | None = setting(
        "SOMA_BUS_WORKER_PASSWORD",
        "The role that reads the bus for consumers.",
        "made at first start",
    )
    bus_relay_password: SecretStr | None = setting(
        "SOMA_BUS_RELAY_PASSWORD",
        "The role that publishes on the bus.",
        "made at first start",
    )
    bus_owner_password: SecretStr | None = setting(
        "SOMA_BUS_OWNER_PASSWORD",
        "The role that runs migrations of the bus.",
        "made at first start",
    )
