"""The servers that are not ours as every process sees them: those that were named, or those that run beside us.

Nothing here reads a setting's source or reaches a server.
"""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import SecretStr

from config.home import Home
from config.settings_registry import Registry
from config.values import (
    InfrastructureSettings,
    KafkaLogin,
    KafkaProtocol,
    LocalKafka,
    LocalRedis,
    SaslMechanism,
)

KAFKA = "kafka"
KAFKA_CONTROLLER = "kafka_controller"


def infrastructure(registry: Registry, home: Home, loopback: str, ports: Mapping[str, int]) -> InfrastructureSettings:
    """All of them. `ports` are those of servers beside us, shifted already; where a shape has none, none can run."""
    kafka = _local_kafka(registry, home, loopback, ports)
    redis = LocalRedis(home.path / "redis", home.run / "redis.sock") if registry.local_redis and ports else None
    return InfrastructureSettings(
        redis_url=registry.redis_url if redis is None else SecretStr(f"unix://{quote(str(redis.socket))}?db=0"),
        kafka_bootstrap=registry.kafka_bootstrap or () if kafka is None else (kafka.address,),
        kafka_login=KafkaLogin(
            protocol=registry.kafka_security or KafkaProtocol.PLAINTEXT,
            ca=registry.kafka_ca,
            mechanism=registry.kafka_sasl_mechanism or SaslMechanism.PLAIN,
            user=registry.kafka_user,
            password=registry.kafka_password,
        ),
        local_kafka=kafka,
        local_redis=redis,
        milvus_address=f"{registry.milvus_host}:{registry.milvus_port}" if registry.milvus_host else None,
        keycloak_url=registry.keycloak_url,
        keycloak_realm=registry.keycloak_realm,
        keycloak_client_id=registry.keycloak_client_id,
        spicedb_url=registry.spicedb_url,
        spicedb_api_key=registry.spicedb_api_key,
        opa_url=registry.opa_url,
        memory_api_token=registry.memory_api_token,
    )


def _local_kafka(registry: Registry, home: Home, loopback: str, ports: Mapping[str, int]) -> LocalKafka | None:
    if not registry.local_kafka or not ports:
        return None
    return LocalKafka(home.path / "kafka", loopback, ports[KAFKA], ports[KAFKA_CONTROLLER])
