"""How settings come to be: profile, first start, file, older names and environment, typed and judged in one go.

Nothing here is kept between two calls.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from pydantic import ValidationError

from config.environment import read_environment
from config.home import find_home
from config.ports import read_ports
from config.problems import Problem, SettingsError
from config.providers import choose_model
from config.rules import judge
from config.settings import Settings
from config.settings_registry import ROWS, Registry
from config.sources import Found, collect, of_profile
from config.values import DeployMode
from config.vault_loader import outside_vault, secrets_from_vault

_MODE: Final = "SOMA_DEPLOY_MODE"


def load_settings(environment: Mapping[str, str] | None = None, *, house: str | None = None) -> Settings:
    """The settings of this process. Raises SettingsError with everything that is wrong.

    `environment` stands in for the process's own (tests). With `house` its database is demanded as well.
    """
    given = read_environment() if environment is None else {name: value for name, value in environment.items() if value}
    home = find_home(given)
    found, problems = collect(given, home)
    mode = _mode_of(found, problems)
    profile = read_profile(mode)
    values: dict[str, Found] = of_profile(mode, profile["settings"]) | found
    if not problems:
        values |= secrets_from_vault(values, house, problems)
    registry = _typed(values, problems)
    ports = read_ports(profile, aaas=bool(registry.aaas_mode))
    model, model_problems = choose_model(registry)
    problems += model_problems
    problems += judge(registry, mode, ports, house)
    origins = {name: value.origin for name, value in values.items() if name in ROWS}
    problems += outside_vault(registry, origins)
    if problems:
        raise SettingsError(_once(problems))
    return Settings(
        mode=mode,
        home_folders=home,
        registry=registry,
        origins=origins,
        ports=ports,
        loopback=profile["addresses"]["loopback"],
        model=model,
    )


def read_profile(mode: DeployMode) -> dict[str, Any]:
    """The packaged profile of a shape."""
    return tomllib.loads(files("config").joinpath(f"profiles/{mode}.toml").read_text("utf-8"))


def _mode_of(found: Mapping[str, Found], problems: list[Problem]) -> DeployMode:
    if _MODE not in found:
        return DeployMode.STANDALONE
    try:
        return DeployMode(str(found[_MODE].value))
    except ValueError:
        return DeployMode.STANDALONE  # the typed registry reports the value


def _typed(values: Mapping[str, Found], problems: list[Problem]) -> Registry:
    """The registry of all values that fit; each that does not becomes a problem and is left out."""
    plain = {name: value.value for name, value in values.items()}
    try:
        return Registry.model_validate(plain)
    except ValidationError as error:
        wrong = {str(item["loc"][0]): item["msg"] for item in error.errors(include_input=False, include_url=False)}
    for name, message in wrong.items():
        problems.append(_unfit(name, message, values[name]))
    return Registry.model_validate({name: value for name, value in plain.items() if name not in wrong})


def _unfit(name: str, message: str, value: Found) -> Problem:
    row = ROWS[name]
    shown = "" if row.secret else f" {str(value.value)!r}"
    rule = message[:1].lower() + message[1:]
    place = "" if value.origin.place == name else f" (from {value.origin.place})"
    return Problem(
        name,
        f"has the value{shown}{place}, but the {rule}",
        f"Set it like {name}={row.example}.",
    )


def _once(problems: list[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))
