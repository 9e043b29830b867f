"""The settings of servers that are not ours: Redis, Kafka, Milvus, and who knows users and what they may do.

Nothing here reads a value.
"""

from pathlib import Path

from pydantic import BaseModel, SecretStr

from config.setting import Port, Words, setting
from config.values import KafkaProtocol, SaslMechanism


class SharedServers(BaseModel):
    """Addresses and logins of the servers of others; what is not set is done without."""

    # shared infrastructure of a cluster
    redis_url: SecretStr | None = setting("SOMA_REDIS_URL", "The Redis server.", "redis://redis:6379/0")
    kafka_bootstrap: Words | None = setting("SOMA_KAFKA_BOOTSTRAP", "The Kafka brokers.", "kafka:9092")
    kafka_security: KafkaProtocol | None = setting(
        "SOMA_KAFKA_SECURITY",
        "How the brokers are spoken to: plaintext, ssl, sasl_plaintext or sasl_ssl.",
        "sasl_ssl",
    )
    kafka_ca: Path | None = setting(
        "SOMA_KAFKA_CA",
        "The certificates by which the brokers are known, where they are not those of the system.",
        "/etc/soma/kafka-ca.crt",
    )
    kafka_sasl_mechanism: SaslMechanism | None = setting(
        "SOMA_KAFKA_SASL_MECHANISM",
        "How we log in at the brokers: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
        "SCRAM-SHA-512",
    )
    kafka_user: str | None = setting("SOMA_KAFKA_USER", "Our name at the brokers.", "somastack")
    kafka_password: SecretStr | None = setting(
        "SOMA_KAFKA_PASSWORD", "Our password at the brokers.", "a long random word"
    )
    local_kafka: bool | None = setting(
        "SOMA_LOCAL_KAFKA",
        "Whether `somastack up` runs a Kafka of its own; `up --kafka` and `up --no-kafka` remember it.",
        "false",
    )
    local_redis: bool | None = setting(
        "SOMA_LOCAL_REDIS",
        "Whether `somastack up` runs a Redis of its own; `up --redis` and `up --no-redis` remember it.",
        "false",
    )
    milvus_host: str | None = setting("MILVUS_HOST", "The Milvus server.", "milvus")
    milvus_port: Port | None = setting("MILVUS_PORT", "The port of the Milvus server.", "19530")
    keycloak_url: str | None = setting("KEYCLOAK_URL", "The Keycloak server.", "https://login.example.org")
    keycloak_realm: str | None = setting("KEYCLOAK_REALM", "The realm of this installation.", "somastack")
    keycloak_client_id: str | None = setting("KEYCLOAK_CLIENT_ID", "The client name of the edge.", "soma-agent")
    spicedb_url: str | None = setting("SPICEDB_URL", "The SpiceDB server.", "spicedb:50051")
    spicedb_api_key: SecretStr | None = setting("SPICEDB_API_KEY", "The key for SpiceDB.", "a long random word")
    opa_url: str | None = setting("OPA_URL", "The OPA server.", "http://opa:8181")
    memory_api_token: SecretStr | None = setting(
        "SOMA_MEMORY_API_TOKEN",
        "A static service token that memory accepts outside prod.",
        "a long random word",
    )
