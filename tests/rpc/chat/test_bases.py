"""What model calls are made from, kept once: for all conversations, or for the one whose client's words it holds."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from buf.validate import validate_pb2
from servers.chat.answering.bases import KEPT, Bases
from servers.chat.answering.basis import Basis
from servers.chat.domain.composing import Bounds
from servers.chat.domain.model import PromptTool
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.turns.order import Options
from soma.governor.v1 import config_pb2 as config_pb
from soma_common.kernel.clock import Clock
from soma_common.postgres.queries import Queries
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")
SQL = Queries.of("servers.chat", "sql/resources.sql")
PLAIN = Basis(OFFLINE_PROFILE, Bounds(8_000, 3), Options(), None, (), (PromptTool("time.now", "The time.", {}),))


def worded(conversation_id: str) -> Basis:
    """One that holds a client's words."""
    return replace(PLAIN, client_tools=(PromptTool("weather", "The weather.", {}),), conversation=conversation_id)


async def delete(chat: Chat, conversation_id: str, *, erase: bool) -> None:
    async with chat.database.transaction(TENANT) as connection:
        now = chat.clock.now()
        await connection.execute(SQL.set_status, UUID(conversation_id), "deleted", now)
        if erase:
            await connection.execute(SQL.erase_conversation, UUID(conversation_id), now, False, "chat.intents")


async def kept(bases: Bases, digest: bytes) -> Basis:
    async def find() -> Basis | None:
        return await bases.find(TENANT, digest)

    found = await eventually(find)
    assert found is not None
    return found


async def test_a_basis_is_found_again_as_it_was(chat: Chat) -> None:
    made = await make_conversation(chat)
    bases = Bases(chat.database, Clock())
    for basis in (PLAIN, worded(made.conversation_id)):
        found = await kept(bases, bases.keep(TENANT, basis))
        assert found == basis


async def test_words_of_a_client_go_with_their_conversation_and_with_no_other(chat: Chat) -> None:
    first, second = [(await make_conversation(chat)).conversation_id for _ in range(2)]
    bases = Bases(chat.database, Clock())
    digests = [bases.keep(TENANT, basis) for basis in (PLAIN, worded(first), worded(second))]
    for digest in digests:
        await kept(bases, digest)
    await delete(chat, first, erase=True)
    assert [await bases.find(TENANT, digest) is not None for digest in digests] == [True, False, True]


async def test_words_that_come_after_the_deletion_are_not_kept(chat: Chat) -> None:
    made = await make_conversation(chat)
    bases = Bases(chat.database, Clock())
    await delete(chat, made.conversation_id, erase=False)
    late = bases.keep(TENANT, worded(made.conversation_id))
    unknown = bases.keep(TENANT, worded(str(uuid4())))
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "keep the basis of a call"))
    assert (await bases.find(TENANT, late), await bases.find(TENANT, unknown)) == (None, None)


def test_a_basis_is_kept_longer_than_any_receipt() -> None:
    rules = config_pb.GovernorConfig.DESCRIPTOR.fields_by_name["receipt_retention_days"].GetOptions()
    assert rules.Extensions[validate_pb2.field].uint32.lte < KEPT.days
