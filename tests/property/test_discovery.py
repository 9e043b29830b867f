"""Property 9.3.2: the servers that a platform shares are found by the names it gives them in the environment."""

from hypothesis import given
from hypothesis import strategies as st

from config import load_settings
from config.modes import OLDER_NAMES
from tests.unit.config.test_modes import CLUSTER

hosts = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,8}){0,2}", fullmatch=True)
ports = st.integers(1, 65535)
addresses = st.tuples(hosts, ports).map(lambda pair: f"{pair[0]}:{pair[1]}")
platforms = st.fixed_dictionaries(
    {},
    optional={
        "SOMASTACK_KAFKA_BOOTSTRAP": st.lists(addresses, min_size=1, max_size=3, unique=True).map(",".join),
        "SOMASTACK_POSTGRES_DSN": addresses.map(lambda place: f"postgresql://{place}/"),
        "SOMASTACK_REDIS_URL": addresses.map(lambda place: f"redis://{place}/0"),
        "SOMASTACK_JAEGER_ENDPOINT": addresses.map(lambda place: f"http://{place}"),
    },
)
TODAY = {
    "SOMASTACK_KAFKA_BOOTSTRAP": "SOMA_KAFKA_BOOTSTRAP",
    "SOMASTACK_POSTGRES_DSN": "SOMA_POSTGRES_DSN",
    "SOMASTACK_REDIS_URL": "SOMA_REDIS_URL",
    "SOMASTACK_JAEGER_ENDPOINT": "SOMA_OTLP_ENDPOINT",
}


def seen(environment: dict[str, str]) -> dict[str, object]:
    """What processes of a cluster use."""
    passwords = {"SOMA_CHAT_APP_PASSWORD": "a", "SOMA_CHAT_WORKER_PASSWORD": "w"}
    settings = load_settings({**CLUSTER, **passwords, **environment})
    dsn = settings.database("chat").app_dsn if settings.registry.postgres_dsn is not None else None
    return {
        "SOMASTACK_KAFKA_BOOTSTRAP": ",".join(settings.infrastructure.kafka_bootstrap) or None,
        "SOMASTACK_POSTGRES_DSN": dsn,
        "SOMASTACK_REDIS_URL": settings.redis_url,
        "SOMASTACK_JAEGER_ENDPOINT": settings.otlp_endpoint,
    }


@given(platforms, st.sets(st.sampled_from(sorted(TODAY))))
def test_prop_9_3_2_discovery_by_environment(platform: dict[str, str], by_todays_name: set[str]) -> None:
    """Each is found under the platform's name as under today's, for itself; what is not named is not invented."""
    environment = {TODAY[name] if name in by_todays_name else name: value for name, value in platform.items()}
    found = seen(environment)
    for name, value in found.items():
        given_value = platform.get(name)
        if name == "SOMASTACK_POSTGRES_DSN" and given_value is not None:
            place = given_value.removeprefix("postgresql://").rstrip("/")
            assert value == f"postgresql://chat_app:a@{place}/somaagent"
        else:
            assert value == given_value


def test_the_platform_has_no_other_names() -> None:
    """The list above is whole: every name of the platform that stands for an address."""
    names = {row.name for row in OLDER_NAMES if row.name.startswith("SOMASTACK_")}
    assert names - {"SOMASTACK_SOFTWARE_MODE"} == set(TODAY)
