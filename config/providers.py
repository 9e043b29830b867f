"""Which model answers: the provider, its address, its key and what is known of the model.

Nothing here calls a provider.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import SecretStr

from config.known_models import CUSTOM, LITELLM, Provider, known_model, providers
from config.problems import Problem
from config.settings_registry import ROWS, Registry
from config.values import OFFLINE, Environment, ModelPrices, ModelSettings
from soma_common.kernel.addresses import AddressRules

_BASE_URL: Final = "SOMA_MODEL_BASE_URL"
_PATIENCE_SECONDS: Final = 60.0


def choose_model(registry: Registry) -> tuple[ModelSettings, list[Problem]]:
    """The model of these settings; `offline` when none is configured, or when something is wrong."""
    name = (registry.model_provider or _implied_provider(registry)).lower()
    if name == OFFLINE:
        return _offline(registry), []
    provider = providers().get(name)
    if provider is None:
        remedy = f"It may be {', '.join(providers())} or {OFFLINE}."
        return _offline(registry), [Problem("SOMA_MODEL_PROVIDER", f"is {name!r}, which is not known", remedy)]
    problems = list(_judge(provider, registry))
    return (_offline(registry) if problems else _describe(provider, registry)), problems


def address_rules(registry: Registry) -> AddressRules:
    """Where models may be called: private addresses outside prod only, or where a host is allowed by name."""
    hosts = frozenset(host.lower() for host in registry.model_private_hosts or ())
    return AddressRules(private_allowed=registry.env is not Environment.PROD, private_hosts=hosts)


def embedder_problems(registry: Registry) -> Iterator[Problem]:
    """What is missing or wrong in the embedder of the settings."""
    parts = {
        "SOMA_EMBEDDER_URL": registry.embedder_url,
        "SOMA_EMBEDDER_MODEL": registry.embedder_model,
        "SOMA_EMBEDDER_DIMENSIONS": registry.embedder_dimensions,
    }
    absent = [name for name, value in parts.items() if value is None]
    if absent and (len(absent) < len(parts) or registry.embedder_key is not None):
        yield Problem(absent[0], "is not set, but the rest of the embedder is", f"Set {', '.join(parts)}, or none.")
    if registry.embedder_url is not None:
        wrong = address_rules(registry).url_problem(registry.embedder_url)
        if wrong is not None:
            remedy = "Use an address that may be called, or name its host in SOMA_MODEL_PRIVATE_HOSTS."
            yield Problem("SOMA_EMBEDDER_URL", f"cannot be used: {wrong}", remedy)


def provider_keys(registry: Registry) -> Mapping[str, SecretStr]:
    """The keys of the installation by provider, each for the provider's own address only."""
    found = {provider.name: _own_key(provider, registry) for provider in providers().values()}
    return {name: key for name, key in found.items() if key is not None}


def _implied_provider(registry: Registry) -> str:
    """A base URL says that a server of one's own is meant; else the first key that is set decides."""
    return CUSTOM if registry.model_base_url else next(iter(provider_keys(registry)), OFFLINE)


def _own_key(provider: Provider, registry: Registry) -> SecretStr | None:
    if provider.key is None:
        return None
    key: SecretStr | None = getattr(registry, ROWS[provider.key].field)
    return key


def _judge(provider: Provider, registry: Registry) -> Iterator[Problem]:
    if provider.key is not None and registry.model_api_key is None and _own_key(provider, registry) is None:
        wrong = f"is not set, but the provider {provider.name} is chosen"
        yield Problem(provider.key, wrong, f"Set it: {provider.key}=<your key>.")
    if provider.protocol != LITELLM and not (registry.model_base_url or provider.base_url):
        wrong = f"is not set, but the provider {provider.name} is chosen"
        yield Problem(_BASE_URL, wrong, f"Set it: {_BASE_URL}=https://models.example.org/v1.")
    if not (registry.model or provider.model):
        cause = f"{_BASE_URL} is" if registry.model_base_url else f"the provider {provider.name} is chosen"
        yield Problem("SOMA_MODEL", f"is not set, but {cause}", "Set it to the model's name there.")
    if registry.model_base_url:
        wrong_address = address_rules(registry).url_problem(registry.model_base_url)
        if wrong_address is not None:
            remedy = f"Set it like {_BASE_URL}=https://models.example.org/v1"
            remedy += ", or name its host in SOMA_MODEL_PRIVATE_HOSTS." if "private" in wrong_address else "."
            yield Problem(_BASE_URL, f"cannot be used: {wrong_address}", remedy)


def _describe(provider: Provider, registry: Registry) -> ModelSettings:
    base_url = registry.model_base_url or provider.base_url
    name = registry.model or provider.model or ""
    known = known_model(name)
    window = registry.model_window or known.window
    longest = registry.model_max_output_tokens or known.max_output_tokens
    return ModelSettings(
        provider=provider.name,
        protocol=provider.protocol,
        base_url=base_url.rstrip("/") if base_url else None,
        model=name,
        api_key=registry.model_api_key or _own_key(provider, registry),
        window=window,
        max_output_tokens=min(longest, window // 2),
        prices=_prices(registry, known.prices),
        patience_seconds=registry.model_patience or _PATIENCE_SECONDS,
    )


def _prices(registry: Registry, known: ModelPrices) -> ModelPrices:
    def chosen(setting: int | None, otherwise: int) -> int:
        return otherwise if setting is None else setting

    return ModelPrices(
        input_micros=chosen(registry.price_input, known.input_micros),
        cached_input_micros=chosen(registry.price_cached_input, known.cached_input_micros),
        output_micros=chosen(registry.price_output, known.output_micros),
        reasoning_micros=chosen(registry.price_reasoning, known.reasoning_micros),
    )


def _offline(registry: Registry) -> ModelSettings:
    known = known_model(OFFLINE)
    return ModelSettings(
        provider=OFFLINE,
        protocol=OFFLINE,
        base_url=None,
        model=OFFLINE,
        api_key=None,
        window=known.window,
        max_output_tokens=known.max_output_tokens,
        prices=known.prices,
        patience_seconds=registry.model_patience or _PATIENCE_SECONDS,
    )
