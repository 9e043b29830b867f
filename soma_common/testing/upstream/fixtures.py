"""Pytest plugin: one upstream process a session, a clean one a test.

Register with `pytest_plugins = ["soma_common.testing.upstream.fixtures"]`.
"""

from collections.abc import Iterator

import pytest

from soma_common.testing.upstream.process import ScriptedUpstream


@pytest.fixture(scope="session")
def upstream_process() -> Iterator[ScriptedUpstream]:
    """The process that the whole session shares."""
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: ScriptedUpstream) -> ScriptedUpstream:
    """A scripted upstream without memory of earlier tests."""
    upstream_process.start()
    upstream_process.reset()
    return upstream_process
