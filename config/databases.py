"""The addresses of the databases as every process uses them: one a role, made of what was named and of the shape.

Nothing here reads a setting's source or reaches a server.
"""

from typing import Final, cast
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from config.problems import SettingsError
from config.rules import BUS_DSN_NAMES, DSN_NAMES, missing_for_bus, missing_for_database, value_of
from config.settings_registry import Registry
from config.values import DeployMode
from soma_common.postgres.house import PLACES, ROLES, HouseDatabase

BUS: Final = "bus"


def house_database(registry: Registry, mode: DeployMode, house: str) -> HouseDatabase:
    """The addresses of a house's database, one a role. Raises SettingsError when something of it is missing."""
    problems = missing_for_database(registry, mode, house)
    if problems:
        raise SettingsError(problems)
    migrates = PLACES[house].role("owner") in role_passwords(registry)
    return HouseDatabase(
        house=house,
        schema=PLACES[house].schema,
        app_dsn=role_dsn(registry, mode, house, "app"),
        worker_dsn=role_dsn(registry, mode, house, "worker"),
        owner_dsn=role_dsn(registry, mode, house, "owner") if migrates else None,
    )


def bus_database(registry: Registry, mode: DeployMode, right: str) -> HouseDatabase:
    """The addresses of the bus for one right: relay, worker or app. Raises SettingsError."""
    problems = missing_for_bus(registry, mode, looks_back=right == "app")
    if problems:
        raise SettingsError(problems)
    dsn = role_dsn(registry, mode, BUS, right)
    return HouseDatabase(BUS, PLACES[BUS].schema, app_dsn=dsn, worker_dsn=dsn)


def role_passwords(registry: Registry) -> dict[str, str]:
    """The password of every database role that is known here, by role."""
    secrets = {role: getattr(registry, f"{role}_password") for role in ROLES}
    return {role: secret.get_secret_value() for role, secret in secrets.items() if secret is not None}


def role_dsn(registry: Registry, mode: DeployMode, house: str, right: str) -> str:
    """The address for a role of a house or of the bus. Raises KeyError when its password is missing."""
    place = PLACES[house]
    role = place.role(right)
    login = f"{role}:{quote(role_passwords(registry)[role], safe='')}"
    if mode is DeployMode.STANDALONE:
        return f"postgresql://{login}@/{place.database}?host={quote(str(registry.postgres_socket))}"
    names = BUS_DSN_NAMES if house == BUS else (DSN_NAMES[place.database],)
    found = (cast("SecretStr | None", value_of(registry, name)) for name in names)
    own = next((dsn for dsn in found if dsn is not None), None)
    server = own or registry.postgres_dsn
    if server is None:
        raise AssertionError("what is missing for a database was not asked for first")
    parts = urlsplit(server.get_secret_value())
    path = parts.path if own is not None and parts.path.strip("/") else f"/{place.database}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}", path=path))
