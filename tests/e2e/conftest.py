"""The whole mesh as processes, once a session, and people who use it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from soma_common.testing.mesh import Mesh, fresh_sub, mesh_upstream
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person, person_of
from tests.e2e.support.terminal import Terminal

HERE = Path(__file__).parent
UP_SECONDS = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a journey; those that take the mesh apart run last."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.e2e)
        # A stack that starts on a busy machine is waited for.
        item.add_marker(pytest.mark.timeout(UP_SECONDS))
    last = ("test_dependency_down.py", "test_outage.py", "test_kill.py", "test_tenant_saga.py")
    rough = [item for item in ours if item.path.name in last]
    items[:] = [item for item in items if item not in rough] + rough


@pytest.fixture(scope="session")
def mesh() -> Iterator[Mesh]:
    """The running stack."""
    with mesh_upstream() as model, Mesh(model) as running:
        yield running


@pytest.fixture
def model(mesh: Mesh) -> ScriptedUpstream:
    """The model upstream of the mesh, without memory of earlier tests."""
    mesh.upstream.start()
    mesh.upstream.reset()
    return mesh.upstream


@pytest.fixture
async def ada(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """A member of the tenant."""
    sub = fresh_sub()
    async with person_of(mesh, sub, mesh.token_for(sub)) as person:
        yield person


@pytest.fixture
async def bob(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """Another member of the same tenant."""
    sub = fresh_sub()
    async with person_of(mesh, sub, mesh.token_for(sub)) as person:
        yield person


@pytest.fixture
async def eve(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """An administrator of another tenant."""
    sub = fresh_sub()
    async with person_of(mesh, sub, mesh.token_for(sub, ("admin",), uuid4())) as person:
        yield person


@pytest.fixture
async def hermit(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """An administrator alone in a tenant, whose budget holds nothing that another test began."""
    async with person_of(mesh, "hermit", mesh.token_for("hermit", ("admin",), uuid4())) as person:
        yield person


@pytest.fixture
async def admin(mesh: Mesh, model: ScriptedUpstream) -> AsyncIterator[Person]:
    """An administrator of the tenant."""
    sub = fresh_sub()
    async with person_of(mesh, sub, mesh.token_for(sub, ("admin",))) as person:
        yield person


@pytest.fixture
def chat(mesh: Mesh, model: ScriptedUpstream) -> Iterator[Callable[..., Terminal]]:
    """Opens `somastack chat`, with these words behind it, in a terminal."""
    opened: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        opened.append(Terminal(mesh, "chat", *words))
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.close()
