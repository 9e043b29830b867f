"""Where values come from, in the order of their weight, with the origin of each kept beside it.

Nothing here judges a value: `settings_registry.py` types it, `rules.py` says what goes together.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from config.home import Home
from config.modes import map_older_names
from config.problems import Problem
from config.settings_registry import ROWS

_NOT_IN_A_FILE: Final = frozenset(("SOMA_HOME", "SOMA_INSTANCE", "SOMA_SETTINGS_FILE", "SOMA_WORKER"))


class Source(StrEnum):
    """The kind of place a value came from; later ones weigh more."""

    PROFILE = "profile"
    FIRST_START = "first start"
    FILE = "file"
    VAULT = "vault"
    OLDER_NAME = "older name"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from: the kind of place, and which one."""

    source: Source
    place: str


@dataclass(frozen=True, slots=True)
class Found:
    """A value as it stood there, not yet typed."""

    value: object
    origin: Origin


def collect(environment: Mapping[str, str], home: Home) -> tuple[dict[str, Found], list[Problem]]:
    """Every value but those of the profile, the heaviest of each name, and what could not be read."""
    problems: list[Problem] = []
    found: dict[str, Found] = {}
    for path in (home.identity_file, home.passwords_file, home.beside_file):
        found |= _first_start(path, problems)
    found |= _settings_file(environment, home, problems)
    older, contradictions = map_older_names(environment)
    problems += contradictions
    found |= {name: Found(row.value, Origin(Source.OLDER_NAME, row.older)) for name, row in older.items()}
    found |= _secret_files(environment, problems)
    present = {name: environment[name] for name in ROWS if name in environment}
    found |= {name: Found(value, Origin(Source.ENVIRONMENT, name)) for name, value in present.items()}
    return found, problems


def of_profile(name: str, settings: Mapping[str, object]) -> dict[str, Found]:
    """The values of a packaged profile."""
    return {key: Found(value, Origin(Source.PROFILE, name)) for key, value in settings.items()}


def _first_start(path: Path, problems: list[Problem]) -> dict[str, Found]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        problems.append(
            Problem(
                str(path),
                "cannot be read",
                "Make it readable for this account, or restore it.",
            )
        )
        return {}
    return {name: Found(value, Origin(Source.FIRST_START, str(path))) for name, value in content.items()}


def _settings_file(environment: Mapping[str, str], home: Home, problems: list[Problem]) -> dict[str, Found]:
    asked = environment.get("SOMA_SETTINGS_FILE")
    path = Path(asked) if asked else home.settings_file
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if asked:
            problems.append(
                Problem(
                    "SOMA_SETTINGS_FILE",
                    f"names {asked}, which does not exist",
                    "Correct the path.",
                )
            )
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(
            Problem(
                str(path),
                f"cannot be read: {error}",
                "It holds lines like SOMA_LOG_LEVEL = “info”.",
            )
        )
        return {}
    misplaced = sorted(set(content) & _NOT_IN_A_FILE)
    problems += [
        Problem(name, f"stands in {path}, which is found by it", "Set it in the environment.") for name in misplaced
    ]
    unknown = sorted(set(content) - set(ROWS))
    problems += [Problem(name, f"in {path} is no setting", "Correct its name, or remove it.") for name in unknown]
    return {name: Found(value, Origin(Source.FILE, str(path))) for name, value in content.items() if name in ROWS}


def _secret_files(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Found]:
    """Secrets that an orchestrator puts into files: `<NAME>_FILE` names the file of the secret `<NAME>`."""
    found: dict[str, Found] = {}
    for name in (name for name, row in ROWS.items() if row.secret and f"{name}_FILE" in environment):
        path = Path(environment[f"{name}_FILE"])
        try:
            found[name] = Found(path.read_text("utf-8").strip(), Origin(Source.FILE, str(path)))
        except (OSError, UnicodeDecodeError):
            problems.append(
                Problem(
                    f"{name}_FILE",
                    f"names {path}, which cannot be read",
                    "Correct the path or its mode.",
                )
            )
    return found
