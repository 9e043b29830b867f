"""Secrets of the settings that stand in Vault: `secret/soma/settings` by name, and each provider's key at its own path.

Read once at the start, through the secrets port; nothing here is read again later.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import SecretStr

from config.known_models import providers
from config.problems import Problem
from config.settings_registry import ROWS, Registry
from config.sources import Found, Origin, Source
from config.values import Environment, SecretsStore
from soma_common.kernel.errors import SomaError
from soma_common.security.secrets import VaultLogin, VaultSecrets

_SETTINGS: Final = "settings"
_LOGIN: Final = ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID")
# Who calls models, or shows all settings; nobody else needs the right to read these keys.
_READS_KEYS: Final = (None, "chat")
# Below Vault in weight: what the first start made and what a person wrote into a file.
_LIGHTER: Final = (Source.PROFILE, Source.FIRST_START, Source.FILE)
_BY_HAND: Final = (Source.ENVIRONMENT, Source.OLDER_NAME)


def vault_login(registry: Registry) -> VaultLogin:
    """How this process logs in."""
    names = (registry.vault_token, registry.vault_role_id, registry.vault_secret_id)
    return VaultLogin(*(None if secret is None else secret.get_secret_value() for secret in names))


def secrets_from_vault(values: Mapping[str, Found], house: str | None, problems: list[Problem]) -> dict[str, Found]:
    """The secret settings that stand in Vault, where secrets are kept there and a login is set."""
    if str(_plain(values, "SOMA_SECRETS")) != SecretsStore.VAULT:
        return {}
    address, *login = (_plain(values, name) for name in _LOGIN)
    if not address or not (login[0] or (login[1] and login[2])):
        return {}  # the rules say what is missing
    try:
        found = asyncio.run(_read(VaultSecrets(address, VaultLogin(*login)), house in _READS_KEYS))
    except SomaError as error:
        wrong = f"is vault, but {address} cannot be used: {error.metadata['problem']}"
        problems.append(Problem("SOMA_SECRETS", wrong, "Start Vault, or correct VAULT_ADDR and its login."))
        return {}
    unknown = sorted(name for name in found if name not in ROWS or not ROWS[name].secret or name in _LOGIN)
    problems += [
        Problem(name, "in secret/soma/settings is no secret setting", "Correct its name, or remove it.")
        for name in unknown
    ]
    origin = Origin(Source.VAULT, address)
    return {
        name: Found(value, origin)
        for name, value in found.items()
        if name not in unknown and (name not in values or values[name].origin.source in _LIGHTER)
    }


def outside_vault(registry: Registry, origins: Mapping[str, Origin]) -> Iterator[Problem]:
    """Secrets in the environment although they are kept in Vault: of providers' keys always, of all others in prod."""
    if registry.secrets is not SecretsStore.VAULT:
        return
    keys = {provider.key: name for name, provider in providers().items() if provider.key}
    for name, origin in origins.items():
        if not ROWS[name].secret or name in _LOGIN or origin.source not in _BY_HAND:
            continue
        place = f"secret/soma/{keys[name]}, as value" if name in keys else f"secret/soma/{_SETTINGS}, under its name"
        if name in keys or registry.env is Environment.PROD:
            yield Problem(name, f"stands in {origin.place}, but secrets are kept in Vault", f"Move it to {place}.")


async def _read(vault: VaultSecrets, with_keys: bool) -> dict[str, str]:
    try:
        found = {name: str(value) for name, value in ((await vault.read_entry(_SETTINGS)) or {}).items()}
        for provider in providers().values() if with_keys else ():
            if provider.key is not None and (key := await vault.read(provider.name)) is not None:
                found[provider.key] = key
        return found
    finally:
        await vault.close()


def _plain(values: Mapping[str, Found], name: str) -> str | None:
    value = values[name].value if name in values else None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return None if value is None else str(value)
