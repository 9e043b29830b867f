"""What every client of Kafka here needs: topics that are there, failures as ours, and an end however the broker is.

Nothing here publishes or reads.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from soma_common.events.topics import TOPICS, Topic
from soma_common.events.transports.login import KafkaLogin
from soma_common.events.transports.port import TransportError

REQUEST_SECONDS: Final = 10.0
BROKEN: Final = (KafkaError, OSError, TimeoutError)
_CLOSE_SECONDS: Final = 3.0
_REPLICAS: Final = 3


def way_of(bootstrap: Sequence[str], login: KafkaLogin | None) -> dict[str, Any]:
    """The words by which every client of the library finds the brokers and logs in.

    Raises OSError and ssl.SSLError for a file of certificates that is none.
    """
    login = login or KafkaLogin()
    words: dict[str, Any] = {"bootstrap_servers": list(bootstrap), "security_protocol": login.protocol}
    if login.encrypted:
        words["ssl_context"] = ssl.create_default_context(cafile=login.ca)
    if login.user is not None:
        words |= {"sasl_plain_username": login.user, "sasl_plain_password": login.password}
        words["sasl_mechanism"] = login.mechanism
    return words


async def make_topics(way: Mapping[str, Any], prefix: str, milliseconds: int) -> None:
    """Make the topics that are missing. Raises what is in BROKEN."""
    admin = AIOKafkaAdminClient(**way, request_timeout_ms=milliseconds)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        lacking = [topic for topic in TOPICS if prefix + topic.name not in there]
        if lacking:
            brokers = (await admin.describe_cluster())["brokers"]
            replicas = min(_REPLICAS, len(brokers))
            missing = [_new_topic(prefix + topic.name, topic, replicas) for topic in lacking]
            answer = await admin.create_topics(missing, timeout_ms=milliseconds)
            for _, code, message, *_ in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(message)
    finally:
        await admin.close()


async def ended(client: Any) -> None:
    """Stop a client of the library, however its broker is."""
    with suppress(*BROKEN):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.stop()


def broken(problem: BaseException) -> TransportError:
    """The failure of a broker as ours."""
    return TransportError(f"Kafka does not serve: {str(problem) or type(problem).__name__}")


def _new_topic(name: str, topic: Topic, replicas: int) -> Any:
    milliseconds = str(int(topic.retention.total_seconds() * 1000))
    # The state of a stream stays, and its whole history for as long as that of any other.
    state = {"cleanup.policy": "compact", "min.compaction.lag.ms": milliseconds}
    kept = {"cleanup.policy": "delete", "retention.ms": milliseconds}
    return NewTopic(name, topic.partitions, replicas, topic_configs=state if topic.state else kept)
