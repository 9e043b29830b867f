"""One scene a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from soma_common.testing.postgres import HouseDatabases, TestServer
from tests.chaos.scene import Scene


@pytest.fixture
async def scene(house_database: HouseDatabases, postgres_server: TestServer, tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(postgres_server, house_database("chat", None), house_database("bus", "soma_common.events"), tmp_path)
    await made.prepare()
    yield made
    made.end_all()
