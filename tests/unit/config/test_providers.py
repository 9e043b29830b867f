"""Which model answers, and what is refused as one."""

import pytest

from config import ModelSettings, SettingsError, load_settings
from config.known_models import known_model, providers
from config.settings_registry import ROWS


def model_of(**environment: str) -> ModelSettings:
    return load_settings({"SOMA_HOME": "/nowhere", **environment}).model


def problems_of(**environment: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        model_of(**environment)
    return {problem.name: str(problem) for problem in caught.value.problems}


def test_without_a_key_the_offline_model_answers() -> None:
    model = model_of(SOMA_MODEL="gpt-4o-mini", SOMA_MODEL_PRICE_INPUT="5")
    assert (model.provider, model.model, model.base_url, model.api_key) == ("offline", "offline", None, None)
    assert model.prices.input_micros == 0


@pytest.mark.parametrize(
    ("key", "provider", "host"),
    [
        ("OPENAI_API_KEY", "openai", "api.openai.com"),
        ("OPENROUTER_API_KEY", "openrouter", "openrouter.ai"),
        ("GROQ_API_KEY", "groq", "api.groq.com"),
    ],
)
def test_a_key_chooses_its_provider(key: str, provider: str, host: str) -> None:
    model = model_of(**{key: "k"})
    assert model.provider == provider
    assert host in str(model.base_url)
    assert model.window > model.max_output_tokens > 0
    assert model.prices.output_micros > 0


def test_the_chosen_provider_wins_over_other_keys() -> None:
    model = model_of(
        OPENAI_API_KEY="a", GROQ_API_KEY="b", SA01_CHAT_PROVIDER="groq", AAAS_DEFAULT_CHAT_MODEL="own-model"
    )
    assert (model.provider, model.model) == ("groq", "own-model")
    assert model.api_key is not None
    assert model.api_key.get_secret_value() == "b"


def test_an_address_of_ones_own_needs_a_model_and_no_key() -> None:
    model = model_of(
        SOMA_MODEL_BASE_URL="http://127.0.0.1:11434/v1/",
        SOMA_MODEL="llama",
        SOMA_MODEL_WINDOW="8192",
        SOMA_MODEL_MAX_OUTPUT_TOKENS="8192",
        SOMA_MODEL_PRICE_OUTPUT="7",
    )
    assert (model.provider, model.base_url, model.api_key) == ("custom", "http://127.0.0.1:11434/v1", None)
    assert (model.window, model.max_output_tokens, model.prices.output_micros) == (8192, 4096, 7)
    assert "SOMA_MODEL" in problems_of(SOMA_MODEL_BASE_URL="http://127.0.0.1:11434/v1")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x/v1",
        "models",
        "http://169.254.169.254/v1",
        "http://[fe80::1]/v1",
        "http://a:b@host/v1",
        "http://0.0.0.0/v1",
        "http://x:99999/",
    ],
)
def test_an_address_that_is_unsafe_or_none_is_refused(address: str) -> None:
    assert "SOMA_MODEL_BASE_URL" in problems_of(SOMA_MODEL_BASE_URL=address, SOMA_MODEL="m")


def test_prod_refuses_private_addresses_of_models() -> None:
    found = problems_of(SOMA_MODEL_BASE_URL="http://10.0.0.7/v1", SOMA_MODEL="m", SOMA_ENV="prod")
    assert "private" in found["SOMA_MODEL_BASE_URL"]


def test_a_private_address_is_allowed_in_prod_by_its_name() -> None:
    allowed = {"SOMA_MODEL": "m", "SOMA_ENV": "prod", "SOMA_MODEL_PRIVATE_HOSTS": "10.0.0.7, models.internal"}
    assert "SOMA_MODEL_BASE_URL" not in problems_of(SOMA_MODEL_BASE_URL="http://10.0.0.7/v1", **allowed)
    assert "SOMA_MODEL_BASE_URL" in problems_of(SOMA_MODEL_BASE_URL="http://10.0.0.8/v1", **allowed)


def test_a_provider_without_its_key_or_its_model_or_one_that_is_unknown_is_told() -> None:
    assert "OPENAI_API_KEY" in problems_of(SOMA_MODEL_PROVIDER="openai")
    assert "ANTHROPIC_API_KEY" in problems_of(SOMA_MODEL_PROVIDER="anthropic")
    assert "openrouter" in problems_of(SOMA_MODEL_PROVIDER="acme")["SOMA_MODEL_PROVIDER"]
    assert "SOMA_MODEL" in problems_of(SOMA_MODEL_PROVIDER="ollama")
    assert "SOMA_MODEL_BASE_URL" in problems_of(SOMA_MODEL_PROVIDER="custom", SOMA_MODEL="m")


def test_a_key_of_a_provider_with_a_language_of_its_own_chooses_it() -> None:
    model = model_of(ANTHROPIC_API_KEY="k")
    assert (model.provider, model.protocol, model.base_url) == ("anthropic", "litellm", None)
    assert model.prices.output_micros > 0


def test_ollama_needs_a_model_and_no_key() -> None:
    model = model_of(SOMA_MODEL_PROVIDER="ollama", SOMA_MODEL="llama3.2")
    assert (model.protocol, model.api_key) == ("openai", None)
    assert str(model.base_url).endswith(":11434/v1")


def test_every_known_model_of_a_provider_is_in_the_table() -> None:
    unknown = known_model("unknown")
    for provider in providers().values():
        assert provider.model is None or known_model(provider.model) != unknown, provider.name
        assert provider.key is None or provider.key in ROWS
