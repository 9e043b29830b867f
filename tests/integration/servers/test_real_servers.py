"""The real servers of the tests: they come, they answer, and Kafka keeps what it has across its end."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from soma_common.testing.kafka import launched_kafka
from soma_common.testing.servers import program_of, skip_without

pytestmark = pytest.mark.integration


def test_redis_keeps_a_value(redis_url: str) -> None:
    address = urlsplit(redis_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b"SET soma one\r\nGET soma\r\n")
        answer = b""
        while not answer.endswith(b"one\r\n"):
            answer += connection.recv(64)
    assert answer == b"+OK\r\n$3\r\none\r\n"


async def test_kafka_keeps_a_message_across_kill_and_start(tmp_path: Path) -> None:
    broker = launched_kafka(tmp_path)
    try:
        broker.start()
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True) as producer:
            await producer.send_and_wait("kept", b"a fact", b"a key")
        broker.kill()
        broker.start()
        consumer = AIOKafkaConsumer("kept", bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
        async with consumer:
            assert (await consumer.getone()).value == b"a fact"
    finally:
        broker.kill()


def test_a_missing_server_skips_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert program_of("kafka") is None
    with pytest.raises(pytest.skip.Exception, match=r"kafka is not here: bring it with `make servers ONLY=kafka`"):
        skip_without("kafka", "SOMA_TEST_KAFKA")
