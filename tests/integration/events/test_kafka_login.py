"""Brokers that speak TLS and ask who is there: events go through with the right login, and nothing without it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from soma_common.events.topics import TURNS
from soma_common.events.transports.kafka import KafkaTransport
from soma_common.events.transports.login import KafkaLogin
from soma_common.events.transports.port import Delivery, Envelope
from soma_common.testing.eventually import eventually
from soma_common.testing.kafka import LaunchedKafka, launched_kafka
from soma_common.testing.servers import HOST
from tests.integration.events.conftest import STREAM, House

pytestmark = pytest.mark.integration

PASSWORD = "pw-of-somastack"
_PROPERTIES = """\
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="broker" password="pw-of-broker" user_broker="pw-of-broker" user_somastack="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
"""


def make_certificate(folder: Path) -> Path:
    """A certificate of the broker that vouches for itself, and its key; gives the file that clients know it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "broker.pem").write_bytes(key.private_bytes(*form) + text)
    (folder / "ca.pem").write_bytes(text)
    return folder / "ca.pem"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LaunchedKafka, Path]]:
    folder = tmp_path_factory.mktemp("kafka-login")
    ca = make_certificate(folder)
    launched = launched_kafka(folder, "SASL_SSL", _PROPERTIES.format(password=PASSWORD, folder=folder))
    launched.start()
    yield launched, ca
    launched.kill()


async def test_events_go_through_with_the_right_login(
    house: House, broker: tuple[LaunchedKafka, Path], topic_prefix: str
) -> None:
    launched, ca = broker
    login = KafkaLogin("SASL_SSL", ca, "PLAIN", "somastack", PASSWORD)
    transport = KafkaTransport([launched.bootstrap], login=login, prefix=topic_prefix)
    try:
        written = [event for _ in range(3) for event in await house.write(STREAM)]
        assert await house.settle(house.relay(transport=transport)) == 3
        subscription = await transport.subscribe("reader", [TURNS])
        found: list[Delivery] = []

        async def all_of_them() -> bool:
            found.extend(await subscription.fetch(10, 1.0))
            return len(found) >= 3

        await eventually(all_of_them, within_seconds=20)
        assert [delivery.event().event_id for delivery in found] == [event.event_id for event in written]
        await subscription.close()
    finally:
        await transport.close()


@pytest.mark.parametrize("wrong", ["password", "certificate", "no login"])
async def test_nothing_goes_through_without_it(house: House, broker: tuple[LaunchedKafka, Path], wrong: str) -> None:
    launched, ca = broker
    logins = {
        "password": KafkaLogin("SASL_SSL", ca, "PLAIN", "somastack", "another"),
        "certificate": KafkaLogin("SASL_SSL", None, "PLAIN", "somastack", PASSWORD),
        "no login": KafkaLogin("SSL", ca),
    }
    transport = KafkaTransport([launched.bootstrap], login=logins[wrong], request_seconds=2.0)
    try:
        (event,) = await house.write(STREAM)
        outcome = await transport.publish([Envelope.of(TURNS, event)])
        assert outcome.broken is not None
        assert not outcome.acknowledged
        assert PASSWORD not in str(outcome.broken)
        assert "another" not in str(outcome.broken)
    finally:
        await transport.close()


def test_a_login_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(KafkaLogin("SASL_SSL", None, "PLAIN", "somastack", PASSWORD))
