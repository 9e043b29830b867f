"""The real servers of the tests: they come, they answer, or are missed by name.

That Kafka keeps what it has when it is killed and started again is what `tests/chaos/test_faults.py` stands on.
"""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

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


def test_a_missing_server_skips_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert program_of("kafka") is None
    with pytest.raises(pytest.skip.Exception, match=r"kafka is not here: bring it with `make servers ONLY=kafka`"):
        skip_without("kafka", "SOMA_TEST_KAFKA")
