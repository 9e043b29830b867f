"""The settings of the model that answers: who serves it, by which key, how large it is, what it costs.

Nothing here reads a value.
"""

from pydantic import BaseModel, SecretStr

from config.setting import OutputTokens, Price, Seconds, WindowTokens, Words, setting


class Model(BaseModel):
    """The model of the settings; tenants add their own."""

    model_provider: str | None = setting(
        "SOMA_MODEL_PROVIDER",
        "Who answers: a provider of `somastack model add --help`, custom or offline.",
        "openai",
    )
    model_base_url: str | None = setting(
        "SOMA_MODEL_BASE_URL",
        "The address of the provider, or of an OpenAI-compatible server of one's own.",
        "http://models:11434/v1",
    )
    model_private_hosts: Words | None = setting(
        "SOMA_MODEL_PRIVATE_HOSTS",
        "Hosts on private networks that may serve models in prod.",
        "models.internal",
    )
    model: str | None = setting("SOMA_MODEL", "The name of the model.", "gpt-4.1-mini")
    model_api_key: SecretStr | None = setting("SOMA_MODEL_API_KEY", "The key for SOMA_MODEL_BASE_URL.", "sk-...")
    openai_api_key: SecretStr | None = setting("OPENAI_API_KEY", "The key for OpenAI.", "sk-...")
    openrouter_api_key: SecretStr | None = setting("OPENROUTER_API_KEY", "The key for OpenRouter.", "sk-or-...")
    groq_api_key: SecretStr | None = setting("GROQ_API_KEY", "The key for Groq.", "gsk_...")
    anthropic_api_key: SecretStr | None = setting(
        "ANTHROPIC_API_KEY",
        "The key for Anthropic.",
        "sk-ant-...",
    )
    gemini_api_key: SecretStr | None = setting("GEMINI_API_KEY", "The key for Google Gemini.", "AIza...")
    mistral_api_key: SecretStr | None = setting("MISTRAL_API_KEY", "The key for Mistral.", "a long random word")
    deepseek_api_key: SecretStr | None = setting("DEEPSEEK_API_KEY", "The key for DeepSeek.", "sk-...")
    cohere_api_key: SecretStr | None = setting("COHERE_API_KEY", "The key for Cohere.", "a long random word")
    model_window: WindowTokens | None = setting(
        "SOMA_MODEL_WINDOW",
        "How many tokens the model can read and write together.",
        "128000",
    )
    model_max_output_tokens: OutputTokens | None = setting(
        "SOMA_MODEL_MAX_OUTPUT_TOKENS", "The longest answer in tokens.", "8192"
    )
    model_patience: Seconds | None = setting(
        "SOMA_MODEL_PATIENCE_SECONDS",
        "How long a model may be silent, before its first word and between two, until another one or nobody answers.",
        "20",
    )
    price_input: Price | None = setting(
        "SOMA_MODEL_PRICE_INPUT",
        "The price of a million input tokens, in micros.",
        "400000",
    )
    price_cached_input: Price | None = setting(
        "SOMA_MODEL_PRICE_CACHED_INPUT",
        "The price of a million cached input tokens, in micros.",
        "100000",
    )
    price_output: Price | None = setting(
        "SOMA_MODEL_PRICE_OUTPUT",
        "The price of a million output tokens, in micros.",
        "1600000",
    )
    price_reasoning: Price | None = setting(
        "SOMA_MODEL_PRICE_REASONING",
        "The price of a million reasoning tokens, in micros.",
        "1600000",
    )
