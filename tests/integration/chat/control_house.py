"""Control beside the chat stack, where the others look for it, in this process: its keys, and what it erases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from servers.control.api_keys import ApiKeys
from servers.control.erasing import erasers
from servers.control.hashing import KeyHasher
from servers.control.key_exchange import KeyExchanging
from servers.control.key_rpc import ApiKeyServicer
from servers.control.key_store import KeyStore
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma.events.v1 import house_operations_service_pb2_grpc as operations_grpc
from soma_common.dlq.handler import DLQHandler
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.operations.erasing import Erasing
from soma_common.operations.servicer import FULL_NAME, HouseOperationsServicer
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database
from soma_common.rpc.health import HealthBoard
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.rpc.server import RpcServer
from soma_common.security.tokens import UserSigner
from tests.integration.chat.stack import ChatStack


@asynccontextmanager
async def control_of(stack: ChatStack, urls: HouseDatabase) -> AsyncIterator[Database]:
    """Serves inside the block; gives its database."""
    database, events, clock = await Database.open(urls), EventStore("control"), Clock()
    answers, store, hasher = IdempotencyStore(database), KeyStore(), KeyHasher()
    signer = UserSigner(stack.identity.token_key_path, clock, Ids())
    exchanging = KeyExchanging(database, store, hasher, signer, clock)
    keys = ApiKeyServicer(ApiKeys(database, store, events, hasher, b"a root", clock), exchanging, answers)
    letters = DLQHandler(database, events)
    house = HouseOperationsServicer("control", database, letters, None, Erasing("control", erasers(database)))
    target = stack.target("control")
    server = RpcServer("control", target, stack.identity.verifier(), HealthBoard(clock), idempotency=answers)
    added: Any = operations_grpc.add_HouseOperationsServiceServicer_to_server
    server.add(added, house, FULL_NAME)
    server.add(keys_grpc.add_ApiKeyServiceServicer_to_server, keys, "soma.control.v1.ApiKeyService")
    await server.start()
    try:
        yield database
    finally:
        await server.drain(0.2)
        await database.close()
