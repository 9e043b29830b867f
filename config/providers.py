"""Which model answers: the provider, its address, its key and what is known of the model.

Nothing here calls a provider.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from config.problems import Problem
from config.settings_registry import Registry
from config.values import OFFLINE, Environment, ModelPrices, ModelSettings

CUSTOM: Final = "custom"
_KEYLESS: Final = (OFFLINE, CUSTOM)
_LATER: Final = {"anthropic": "ANTHROPIC_API_KEY"}


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("config").joinpath("profiles/models.toml").read_text("utf-8"))


def choose_model(registry: Registry) -> tuple[ModelSettings, list[Problem]]:
    """The model of these settings; `offline` when none is configured, or when something is wrong."""
    provider = (registry.model_provider or _implied_provider(registry)).lower()
    problems = _judge(provider, registry)
    if problems:
        return _describe(OFFLINE, None, None, registry), problems
    known = _table()["providers"].get(provider, {})
    base_url = None if provider == OFFLINE else registry.model_base_url or known.get("base_url")
    return _describe(provider, base_url, registry.model or known.get("model"), registry), []


def _implied_provider(registry: Registry) -> str:
    """A base URL says that a server of one's own is meant; else the first key that is set decides."""
    if registry.model_base_url:
        return CUSTOM
    keys = _keys(registry)
    return next((name for name in _table()["providers"] if keys.get(name) is not None), OFFLINE)


def _keys(registry: Registry) -> dict[str, SecretStr | None]:
    return {
        "openai": registry.openai_api_key,
        "openrouter": registry.openrouter_api_key,
        "groq": registry.groq_api_key,
        CUSTOM: registry.model_api_key,
    }


def _judge(provider: str, registry: Registry) -> list[Problem]:
    providers = _table()["providers"]
    if provider in _LATER:
        remedy = (
            "Use an OpenAI-compatible address of it with SOMA_MODEL_BASE_URL, or choose openai, openrouter or groq."
        )
        return [
            Problem(
                "SOMA_MODEL_PROVIDER",
                f"is {provider}, which this version cannot speak to yet",
                remedy,
            )
        ]
    if provider not in providers and provider not in _KEYLESS:
        remedy = f"It may be {', '.join(providers)}, {CUSTOM} or {OFFLINE}."
        return [Problem("SOMA_MODEL_PROVIDER", f"is {provider!r}, which is not known", remedy)]
    problems = []
    if provider in providers and not _key_of(provider, registry):
        key = providers[provider]["key"]
        problems.append(
            Problem(
                key,
                f"is not set, but the provider {provider} is chosen",
                f"Set it: {key}=<your key>.",
            )
        )
    if provider == CUSTOM and not registry.model_base_url:
        example = "SOMA_MODEL_BASE_URL=https://models.example.org/v1"
        problems.append(
            Problem(
                "SOMA_MODEL_BASE_URL",
                "is not set, but the provider custom is chosen",
                f"Set it: {example}.",
            )
        )
    if provider == CUSTOM and not registry.model:
        problems.append(
            Problem(
                "SOMA_MODEL",
                "is not set, but SOMA_MODEL_BASE_URL is",
                "Set it to the model's name there.",
            )
        )
    if registry.model_base_url and provider != OFFLINE:
        problems += _judge_address(registry.model_base_url, registry.env)
    return problems


def _judge_address(address: str, env: Environment | None) -> list[Problem]:
    """A server may safely call it: no link-local or metadata address, and no private one in prod."""
    name = "SOMA_MODEL_BASE_URL"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        return [
            Problem(
                name,
                "is not an http or https address",
                f"Set it like {name}=https://models.example.org/v1.",
            )
        ]
    if parts.username or parts.password:
        return [Problem(name, "carries a login", "Take it out and set SOMA_MODEL_API_KEY.")]
    try:
        number = ip_address(host)
    except ValueError:
        return []
    if number.is_link_local or number.is_multicast or number.is_reserved or number.is_unspecified:
        return [
            Problem(
                name,
                f"points to {host}, which is no place for models",
                "Use the server's own address.",
            )
        ]
    if env is Environment.PROD and number.is_private:
        return [
            Problem(
                name,
                f"points to the private address {host}, which prod refuses",
                "Use a name that is allowed.",
            )
        ]
    return []


def _key_of(provider: str, registry: Registry) -> SecretStr | None:
    return registry.model_api_key or _keys(registry).get(provider)


def _describe(provider: str, base_url: str | None, model: str | None, registry: Registry) -> ModelSettings:
    name = OFFLINE if provider == OFFLINE or model is None else model
    models = _table()["models"]
    known: Mapping[str, int] = models.get(name, models["unknown"])

    def chosen(setting: int | None, key: str) -> int:
        return known[key] if setting is None or provider == OFFLINE else setting

    window = chosen(registry.model_window, "window")
    return ModelSettings(
        provider=provider,
        base_url=base_url.rstrip("/") if base_url else None,
        model=name,
        api_key=None if provider == OFFLINE else _key_of(provider, registry),
        window=window,
        max_output_tokens=min(chosen(registry.model_max_output_tokens, "max_output_tokens"), window // 2),
        prices=ModelPrices(
            input_micros=chosen(registry.price_input, "input"),
            cached_input_micros=chosen(registry.price_cached_input, "cached_input"),
            output_micros=chosen(registry.price_output, "output"),
            reasoning_micros=chosen(registry.price_reasoning, "reasoning"),
        ),
    )
