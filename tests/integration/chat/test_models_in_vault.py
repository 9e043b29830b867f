"""A tenant's key in a real Vault: a turn uses it, and what happens when Vault is down."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import hvac
import pytest

from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from soma_common.testing.upstream.records import masked
from soma_common.testing.vault import LaunchedVault, launched_vault
from tests.integration.chat.person import Person
from tests.integration.chat.stack import ChatStack

KEY = "sk-of-a-tenant"


@pytest.fixture
async def vault(stack: ChatStack, tmp_path: Path) -> AsyncIterator[LaunchedVault]:
    """A server of one's own, and a chat that keeps keys there."""
    launched = launched_vault(tmp_path)
    await asyncio.to_thread(launched.start)
    stack.kill("chat")
    server = launched.server
    settings = {"SOMA_SECRETS": "vault", "VAULT_ADDR": server.address, "VAULT_TOKEN": server.token}
    await asyncio.to_thread(lambda: stack.start("chat", **settings))
    yield launched
    launched.kill()
    stack.kill("chat")


async def test_a_key_in_vault_opens_its_model_and_a_vault_that_is_down_is_told(
    stack: ChatStack, vault: LaunchedVault, ada: Person, tenant: TenantId
) -> None:
    channel = stack.channel()
    models = channel.stub(ModelServiceStub)

    async def add(name: str) -> model_pb.ModelProfile:
        wanted = model_pb.ModelProfile(
            provider="custom", model="scripted", model_profile_id=name, base_url=stack.upstream.base_url
        )
        request = model_pb.CreateModelRequest(model=wanted, api_key=KEY, make_default=True, request_id=str(uuid4()))
        with acting_as(user("olga", tenant, ("operator",)), "test"):
            return (await models.CreateModel(request)).model

    try:
        assert (await add("mine")).own_key
        root = hvac.Client(url=vault.server.address, token=vault.server.token)
        [key_id] = root.secrets.kv.v2.list_secrets(f"soma/{tenant}/mine")["data"]["keys"]
        kept = root.secrets.kv.v2.read_secret_version(f"soma/{tenant}/mine/{key_id}", raise_on_deleted_version=True)
        assert kept["data"]["data"] == {"value": KEY}

        told = await ada.say("Hello")
        assert told.last.HasField("completed"), told.last
        sent = masked({"authorization": f"Bearer {KEY}"})["authorization"]
        assert [record.headers["authorization"] for record in stack.upstream.requests()] == [sent]

        vault.kill()
        told = await ada.say("Hello again")
        assert told.last.HasField("completed"), "a key that is known goes on working"
        with pytest.raises(SomaError) as refused:
            await add("other")
        assert refused.value.reason is Reason.SECRETS_UNAVAILABLE
        assert "The store of keys (vault) cannot be used: it does not answer" in refused.value.sentence
        assert KEY not in stack.log_of("chat")
        assert vault.server.token not in stack.log_of("chat")
    finally:
        await channel.close()
