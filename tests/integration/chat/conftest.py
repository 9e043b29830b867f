"""The stack that the tests of chat share, and a person of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.testing.postgres import TestServer, run_aside
from soma_common.testing.upstream import ScriptedUpstream
from tests.integration.chat.party import Party
from tests.integration.chat.person import Person
from tests.integration.chat.stack import ChatStack


@pytest.fixture(scope="session")
def shared_stack(postgres_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatStack]:
    """The processes, once a session."""
    stack = ChatStack(postgres_server, tmp_path_factory.mktemp("chat-stack"))
    try:
        stack.start_all()
        yield stack
    finally:
        stack.stop_all()


@pytest.fixture
def stack(shared_stack: ChatStack) -> ChatStack:
    """The processes, all serving, with an upstream that remembers nothing."""
    shared_stack.upstream.start()
    shared_stack.upstream.reset()
    shared_stack.revive()
    return shared_stack


@pytest.fixture
def model(stack: ChatStack) -> ScriptedUpstream:
    """What the stack's model is."""
    return stack.upstream


@pytest.fixture
def tenant() -> TenantId:
    """A tenant that was never here before: its budget, its level and its agents are new."""
    return TenantId(uuid4())


@pytest.fixture
def control(postgres_server: TestServer) -> Iterator[HouseDatabase]:
    """The tables of a control that a test serves beside the stack."""
    urls = run_aside(postgres_server.make("control", "servers.control"))
    yield urls
    run_aside(postgres_server.drop(urls))


@pytest.fixture
async def ada(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Person]:
    """Somebody of that tenant."""
    async with Person(stack, "ada", tenant) as person:
        yield person


@pytest.fixture
async def eve(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Person]:
    """Somebody else of the same tenant."""
    async with Person(stack, "eve", tenant) as person:
        yield person


@pytest.fixture
async def party(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Party]:
    """Somebody who may add models."""
    async with Person(stack, "root", tenant, "admin") as person:
        yield Party(person, stack.upstream, person.stub("chat", ModelServiceStub))
