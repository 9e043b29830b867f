"""The packaged table of providers and of what is known of their usual models, as values.

Nothing here reads a setting or chooses a model.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from config.values import ModelPrices

CUSTOM: Final = "custom"
LITELLM: Final = "litellm"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: how it is spoken to, where, the setting of its key (None: it needs none), its usual model."""

    name: str
    protocol: str
    base_url: str | None
    key: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class KnownModel:
    """Window, longest answer and prices of a model."""

    window: int
    max_output_tokens: int
    prices: ModelPrices


@cache
def providers() -> Mapping[str, Provider]:
    """All providers by name, in the order in which their keys are looked for."""
    rows = _table()["providers"].items()
    return {
        name: Provider(name, row["protocol"], row.get("base_url"), row.get("key"), row.get("model"))
        for name, row in rows
    }


@cache
def known_model(name: str) -> KnownModel:
    """What is known of a model; what holds for one that is not known otherwise."""
    row = _table()["models"].get(name) or _table()["models"]["unknown"]
    prices = ModelPrices(row["input"], row["cached_input"], row["output"], row["reasoning"])
    return KnownModel(row["window"], row["max_output_tokens"], prices)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("config").joinpath("profiles/models.toml").read_text("utf-8"))
