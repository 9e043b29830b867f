"""Every setting there is: its name in the environment, its type, what it means and an example. The one list.

No value stands here: values come from a profile, the environment, the settings file or the first start.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.fields import FieldInfo

from config.setting import (
    AnyCaseLevel,
    Count,
    DayLimit,
    OutputTokens,
    Price,
    Seconds,
    WindowTokens,
    Words,
    Workers,
    setting,
)
from config.shared_servers import SharedServers
from config.values import DeployMode, Environment, LogFace, SecretsStore


class _OwnRows(BaseModel):
    """What is ours: the shape, the services, their databases and keys, the model, the page."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    # the shape
    deploy_mode: DeployMode | None = setting(
        "SOMA_DEPLOY_MODE",
        "The shape in which the mesh runs: standalone, somastack or k8s.",
        "standalone",
    )
    aaas_mode: bool | None = setting("SOMA_AAAS_MODE", "Whether all services run in one process.", "false")
    env: Environment | None = setting("SOMA_ENV", "How strict the start is: dev or prod.", "dev")
    deploy_target: str | None = setting("SOMA_DEPLOY_TARGET", "A label for the place of the installation.", "local")
    instance: str | None = setting(
        "SOMA_INSTANCE",
        "The name of this installation; two clones have different ones.",
        "work",
    )
    home: Path | None = setting("SOMA_HOME", "The folder for data, keys and logs.", "/srv/somastack")
    settings_file: Path | None = setting(
        "SOMA_SETTINGS_FILE",
        "A TOML file of settings by name; without it settings.toml in the data folder.",
        "/etc/somastack.toml",
    )
    bind: str | None = setting("SOMA_BIND", "The address on which the services listen.", "192.168.1.20")
    port_shift: int | None = setting(
        "SOMA_PORT_SHIFT",
        "A number added to every port, so that two stacks can run side by side.",
        "3000",
    )
    worker: int | None = setting(
        "SOMA_WORKER",
        "Which worker of its service a process is; the supervisor sets it.",
        "0",
    )

    # logs and traces
    log_level: AnyCaseLevel | None = setting("SOMA_LOG_LEVEL", "The least severe line that is logged.", "info")
    log_face: LogFace | None = setting("SOMA_LOG_FACE", "The form of log lines: json or console.", "json")
    otlp_endpoint: str | None = setting("SOMA_OTLP_ENDPOINT", "Where traces are sent.", "http://collector:4317")

    # workers
    memory_workers: Workers | None = setting("SOMA_MEMORY_WORKERS", "How many processes serve memory.", "1")
    cognitive_workers: Workers | None = setting("SOMA_COGNITIVE_WORKERS", "How many processes serve cognitive.", "1")
    governor_workers: Workers | None = setting("SOMA_GOVERNOR_WORKERS", "How many processes serve governor.", "1")
    control_workers: Workers | None = setting("SOMA_CONTROL_WORKERS", "How many processes serve control.", "1")
    chat_workers: Workers | None = setting("SOMA_CHAT_WORKERS", "How many processes serve chat.", "2")

    # where services are found in a cluster
    memory_targets: Words | None = setting("SOMA_MEMORY_TARGETS", "The gRPC addresses of memory.", "memory:9596")
    cognitive_targets: Words | None = setting(
        "SOMA_COGNITIVE_TARGETS", "The gRPC addresses of cognitive.", "cognitive:30102"
    )
    governor_targets: Words | None = setting(
        "SOMA_GOVERNOR_TARGETS", "The gRPC addresses of governor.", "governor:20022"
    )
    control_targets: Words | None = setting("SOMA_CONTROL_TARGETS", "The gRPC addresses of control.", "control:20043")
    chat_targets: Words | None = setting("SOMA_CHAT_TARGETS", "The gRPC addresses of chat.", "chat:20021")

    # databases
    postgres_dsn: SecretStr | None = setting(
        "SOMA_POSTGRES_DSN",
        "The PostgreSQL server of all houses; roles and database names are filled in.",
        "postgresql://postgres:5432/",
    )
    agent_dsn: SecretStr | None = setting(
        "SOMA_AGENT_DSN",
        "The PostgreSQL server and database of chat, governor and control.",
        "postgresql://postgres:5432/somaagent",
    )
    brain_dsn: SecretStr | None = setting(
        "SOMA_BRAIN_DSN",
        "The PostgreSQL server and database of cognitive.",
        "postgresql://postgres:5432/somabrain",
    )
    memory_dsn: SecretStr | None = setting(
        "SOMA_MEMORY_DSN",
        "The PostgreSQL server and database of memory.",
        "postgresql://postgres:5432/somamemory",
    )
    bus_dsn: SecretStr | None = setting(
        "SOMA_BUS_DSN",
        "The PostgreSQL server and database of the bus, where it is not that of SOMA_AGENT_DSN.",
        "postgresql://postgres:5432/somaagent",
    )

    # one password per database role; the first start makes them where PostgreSQL is our own
    postgres_socket: Path | None = setting(
        "SOMA_POSTGRES_SOCKET",
        "The folder of the embedded PostgreSQL's socket.",
        "written at every start",
    )
    memory_app_password: SecretStr | None = setting(
        "SOMA_MEMORY_APP_PASSWORD",
        "The role that serves requests of memory.",
        "made at first start",
    )
    memory_worker_password: SecretStr | None = setting(
        "SOMA_MEMORY_WORKER_PASSWORD",
        "The role that works on queues of memory.",
        "made at first start",
    )
    memory_owner_password: SecretStr | None = setting(
        "SOMA_MEMORY_OWNER_PASSWORD",
        "The role that runs migrations of memory.",
        "made at first start",
    )
    cognitive_app_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_APP_PASSWORD",
        "The role that serves requests of cognitive.",
        "made at first start",
    )
    cognitive_worker_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_WORKER_PASSWORD",
        "The role that works on queues of cognitive.",
        "made at first start",
    )
    cognitive_owner_password: SecretStr | None = setting(
        "SOMA_COGNITIVE_OWNER_PASSWORD",
        "The role that runs migrations of cognitive.",
        "made at first start",
    )
    governor_app_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_APP_PASSWORD",
        "The role that serves requests of governor.",
        "made at first start",
    )
    governor_worker_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_WORKER_PASSWORD",
        "The role that works on queues of governor.",
        "made at first start",
    )
    governor_owner_password: SecretStr | None = setting(
        "SOMA_GOVERNOR_OWNER_PASSWORD",
        "The role that runs migrations of governor.",
        "made at first start",
    )
    chat_app_password: SecretStr | None = setting(
        "SOMA_CHAT_APP_PASSWORD",
        "The role that serves requests of chat.",
        "made at first start",
    )
    chat_worker_password: SecretStr | None = setting(
        "SOMA_CHAT_WORKER_PASSWORD",
        "The role that works on queues of chat.",
        "made at first start",
    )
    chat_owner_password: SecretStr | None = setting(
        "SOMA_CHAT_OWNER_PASSWORD",
        "The role that runs migrations of chat.",
        "made at first start",
    )
    control_app_password: SecretStr | None = setting(
        "SOMA_CONTROL_APP_PASSWORD",
        "The role that serves requests of control.",
        "made at first start",
    )
    control_worker_password: SecretStr | None = setting(
        "SOMA_CONTROL_WORKER_PASSWORD",
        "The role that works on queues of control.",
        "made at first start",
    )
    control_owner_password: SecretStr | None = setting(
        "SOMA_CONTROL_OWNER_PASSWORD",
        "The role that runs migrations of control.",
        "made at first start",
    )
    bus_app_password: SecretStr | None = setting(
        "SOMA_BUS_APP_PASSWORD",
        "The role that reads what one tenant published on the bus.",
        "made at first start",
    )
    bus_worker_password: SecretStr | None = setting(
        "SOMA_BUS_WORKER_PASSWORD",
        "The role that reads the bus for consumers.",
        "made at first start",
    )
    bus_relay_password: SecretStr | None = setting(
        "SOMA_BUS_RELAY_PASSWORD",
        "The role that publishes on the bus.",
        "made at first start",
    )
    bus_owner_password: SecretStr | None = setting(
        "SOMA_BUS_OWNER_PASSWORD",
        "The role that runs migrations of the bus.",
        "made at first start",
    )

    # identity
    tenant_id: UUID | None = setting(
        "SOMA_TENANT_ID",
        "The tenant of this installation's owner.",
        "0190d3b0-5d3e-7cc2-9a55-6b1f3f1f7a01",
    )
    owner_sub: str | None = setting("SOMA_OWNER_SUB", "The owner of this installation.", "owner")
    issuer: str | None = setting(
        "SOMA_ISSUER",
        "Who issues the tokens of users.",
        "https://login.example.org/realms/somastack",
    )
    jwks_path: Path | None = setting(
        "SOMA_JWKS_PATH",
        "The file of public keys by which tokens are verified.",
        "/etc/soma/jwks.json",
    )
    service_key_path: Path | None = setting(
        "SOMA_SERVICE_KEY_PATH",
        "The service's private key, or the folder of them.",
        "/etc/soma/service.json",
    )
    user_key_path: Path | None = setting(
        "SOMA_USER_KEY_PATH",
        "The private key that signs tokens of users at the edge and the command line.",
        "/etc/soma/user.json",
    )
    token_key_path: Path | None = setting(
        "SOMA_TOKEN_KEY_PATH",
        "The private key with which control signs the short tokens that API keys are exchanged for.",
        "/etc/soma/tokens.json",
    )

    # where secrets are kept
    secrets: SecretsStore | None = setting("SOMA_SECRETS", "Where secrets are kept: files or vault.", "vault")
    vault_address: str | None = setting("VAULT_ADDR", "The Vault server.", "https://vault.example.org:8200")
    vault_token: SecretStr | None = setting("VAULT_TOKEN", "The token for Vault.", "hvs...")
    vault_role_id: SecretStr | None = setting("VAULT_ROLE_ID", "The AppRole for Vault, instead of a token.", "a UUID")
    vault_secret_id: SecretStr | None = setting("VAULT_SECRET_ID", "The secret id of the AppRole.", "a UUID")

    # the model
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

    # budgets
    budget_day_tokens: DayLimit | None = setting(
        "SOMA_BUDGET_DAY_TOKENS", "How many tokens a tenant may use a day.", "20000000"
    )
    budget_day_micros: DayLimit | None = setting(
        "SOMA_BUDGET_DAY_MICROS",
        "How much a tenant may spend a day, in micros.",
        "20000000",
    )

    # features
    feature_memory: bool | None = setting("SOMA_FEATURE_MEMORY", "Whether memories are kept and recalled.", "true")
    feature_voice: bool | None = setting("SOMA_FEATURE_VOICE", "Whether voice is offered.", "false")
    feature_mcp: bool | None = setting("SOMA_FEATURE_MCP", "Whether MCP tools are offered.", "true")
    feature_code_execution: bool | None = setting("SOMA_FEATURE_CODE_EXECUTION", "Whether code may be run.", "false")
    feature_titles: bool | None = setting(
        "SOMA_FEATURE_TITLES", "Whether a model names conversations; without it their first words do.", "true"
    )
    feature_agentiq_governor: bool | None = setting(
        "SOMA_FEATURE_AGENTIQ_GOVERNOR",
        "Whether the governor measures and budgets each turn.",
        "true",
    )

    # the web
    allowed_hosts: Words | None = setting(
        "SOMA_ALLOWED_HOSTS",
        "Host names the page is served under, besides its own address.",
        "soma.example.org",
    )
    allowed_origins: Words | None = setting(
        "SOMA_ALLOWED_ORIGINS",
        "Origins that may open sockets, besides the page's own.",
        "https://soma.example.org",
    )
    messages_per_minute: Count | None = setting(
        "SOMA_MESSAGES_PER_MINUTE", "How many messages one user may send a minute.", "20"
    )
    approval_hours: Count | None = setting(
        "SOMA_APPROVAL_HOURS", "How many hours a tool waits for a person's consent before that counts as denied.", "168"
    )
    connections_per_user: Count | None = setting(
        "SOMA_CONNECTIONS_PER_USER", "How many WebSockets one user may have open.", "200"
    )
    connections_per_tenant: Count | None = setting(
        "SOMA_CONNECTIONS_PER_TENANT", "How many WebSockets one tenant may have open.", "10000"
    )
    session_minutes: Count | None = setting(
        "SOMA_SESSION_MINUTES", "How long a browser's session on this machine lasts before the page renews it.", "60"
    )
    tls_cert: Path | None = setting("SOMA_TLS_CERT", "The certificate of the edge.", "/etc/soma/tls.crt")
    tls_key: Path | None = setting("SOMA_TLS_KEY", "The private key of the certificate.", "/etc/soma/tls.key")


class Registry(SharedServers, _OwnRows):
    """All settings by name. None means: not set; what a shape cannot do without is listed in `config/rules.py`."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a setting without its value."""

    name: str
    field: str
    description: str
    example: str
    secret: bool


def _row(field: str, info: FieldInfo) -> Row:
    return Row(
        name=str(info.alias),
        field=field,
        description=info.description or "",
        example=str((info.examples or [""])[0]),
        secret=SecretStr in get_args(info.annotation),
    )


ROWS: Final = {row.name: row for row in (_row(field, info) for field, info in Registry.model_fields.items())}
