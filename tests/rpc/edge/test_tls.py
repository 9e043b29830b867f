"""The edge with a certificate of its own."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.serving import running
from edge.settings import EdgeSettings, TlsSettings


@pytest.fixture
def tls(tmp_path: Path) -> TlsSettings:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    found = TlsSettings(tmp_path / "edge.crt", tmp_path / "edge.key")
    found.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found.key.write_bytes(key.private_bytes(*plain))
    return found


async def test_the_page_over_tls_with_secure_cookies(settings: EdgeSettings, tls: TlsSettings) -> None:
    async with running(replace(settings, tls=tls, page_url="https://127.0.0.1:1/")) as edge:
        trust = ssl.create_default_context(cafile=str(tls.certificate))
        url = f"https://127.0.0.1:{edge.port}/"
        async with aiohttp.ClientSession() as http, http.get(url, ssl=trust) as response:
            assert response.status == 200
            cookies = response.headers.getall("set-cookie")
    assert len(cookies) == 2
    assert all("secure" in cookie.lower() for cookie in cookies)
