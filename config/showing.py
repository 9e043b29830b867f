"""Settings as a person sees them: each with its value, masked where it is a secret, and where it came from.

Nothing here prints.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from config.rules import value_of
from config.settings_registry import ROWS, Registry, Row
from config.sources import Origin


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as `somastack config show` prints it; `value` is masked where it is a secret."""

    row: Row
    value: str | None
    origin: Origin | None


def shown(registry: Registry, origins: Mapping[str, Origin]) -> Iterator[Shown]:
    """Every setting."""
    for name, row in ROWS.items():
        yield Shown(row, _masked(value_of(registry, name)), origins.get(name))


def plain_text(value: Any) -> str:
    """A value as it is written in the environment, secrets too."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _masked(value: Any) -> str | None:
    if isinstance(value, SecretStr):
        return _mask(value.get_secret_value())
    return None if value is None else plain_text(value)


def _mask(secret: str) -> str:
    """Enough of a long secret to tell two apart, nothing of a short one."""
    return f"{secret[:3]}…{secret[-4:]}" if len(secret) >= 20 else "•" * 8
