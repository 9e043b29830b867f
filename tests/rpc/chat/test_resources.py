"""Agents, conversations and models through their doors: made, changed, listed, guarded, and nobody else's."""

from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import next_page_token
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import default_agent_id, service_caller
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.chat.resources import Chat, make_conversation

pytestmark = pytest.mark.usefixtures("as_ada")


async def make_agent(chat: Chat, name: str, **fields: Any) -> agent_pb.Agent:
    request = agent_pb.CreateAgentRequest(agent=agent_pb.Agent(name=name, **fields), request_id=str(uuid4()))
    return (await chat.agents.CreateAgent(request)).agent


def updating(agent: agent_pb.Agent, *paths: str) -> agent_pb.UpdateAgentRequest:
    return agent_pb.UpdateAgentRequest(agent=agent, update_mask=FieldMask(paths=paths), request_id=str(uuid4()))


async def test_a_tenant_has_its_default_agent_from_the_start(chat: Chat) -> None:
    (agent,) = (await chat.agents.ListAgents(agent_pb.ListAgentsRequest())).agents
    assert agent.agent_id == str(default_agent_id(TENANT))
    assert agent.tenant_default


async def test_an_agent_gets_the_defaults_for_what_is_not_said(chat: Chat) -> None:
    made = await make_agent(chat, "support")
    assert (made.knobs.intelligence, made.knobs.autonomy, made.knobs.resource_micros_per_turn) == (5, 5, 100_000)
    assert (await chat.agents.GetAgent(agent_pb.GetAgentRequest(agent_id=made.agent_id))).agent == made


async def test_only_named_fields_change_and_the_etag_guards_them(chat: Chat) -> None:
    made = await make_agent(chat, "support", system_prompt="Be brief.", warm_style="Be kind.")
    wanted = agent_pb.Agent(agent_id=made.agent_id, system_prompt="Be long.", name="ignored", etag=made.etag)
    changed = (await chat.agents.UpdateAgent(updating(wanted, "system_prompt"))).agent
    assert (changed.name, changed.system_prompt, changed.warm_style) == ("support", "Be long.", "Be kind.")
    assert changed.etag != made.etag
    with pytest.raises(SomaError) as refused:
        await chat.agents.UpdateAgent(updating(wanted, "system_prompt"))
    assert refused.value.reason is Reason.ETAG_MISMATCH


async def test_rules_about_tools_are_kept_in_order_and_replaced_as_a_whole(chat: Chat) -> None:
    rules = [
        agent_pb.ToolRule(tool="memory.recall", permission=agent_pb.TOOL_PERMISSION_AUTO),
        agent_pb.ToolRule(tool="memory.*", permission=agent_pb.TOOL_PERMISSION_DENIED),
    ]
    made = await make_agent(chat, "clerk", tool_rules=rules)
    assert list(made.tool_rules) == rules
    kept = await chat.agents.UpdateAgent(updating(agent_pb.Agent(agent_id=made.agent_id, name="registrar"), "name"))
    assert list(kept.agent.tool_rules) == rules
    wanted = agent_pb.Agent(agent_id=made.agent_id, tool_rules=rules[1:])
    assert list((await chat.agents.UpdateAgent(updating(wanted, "tool_rules"))).agent.tool_rules) == rules[1:]
    cleared = updating(agent_pb.Agent(agent_id=made.agent_id), "tool_rules")
    assert not (await chat.agents.UpdateAgent(cleared)).agent.tool_rules
    with pytest.raises(SomaError) as refused:
        await make_agent(chat, "other", tool_rules=[agent_pb.ToolRule(tool="a b", permission=rules[0].permission)])
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_a_name_is_taken_once(chat: Chat) -> None:
    await make_agent(chat, "support")
    with pytest.raises(SomaError) as refused:
        await make_agent(chat, " support ")
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata["field"] == "agent.name"


@pytest.mark.parametrize("path", ["archived", "nonsense", "knobs.nonsense"])
async def test_a_mask_with_a_field_that_cannot_change_is_refused(chat: Chat, path: str) -> None:
    made = await make_agent(chat, "support")
    with pytest.raises(SomaError) as refused:
        await chat.agents.UpdateAgent(updating(made, path))
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_an_agent_of_an_unknown_model_is_refused(chat: Chat) -> None:
    with pytest.raises(SomaError) as refused:
        await make_agent(chat, "support", model_profile_id="gpt-99")
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_an_archived_agent_is_not_listed_and_the_default_one_stays(chat: Chat) -> None:
    made = await make_agent(chat, "support")

    def archiving(agent_id: str) -> agent_pb.ArchiveAgentRequest:
        return agent_pb.ArchiveAgentRequest(agent_id=agent_id, request_id=str(uuid4()))

    assert (await chat.agents.ArchiveAgent(archiving(made.agent_id))).agent.archived
    listed = (await chat.agents.ListAgents(agent_pb.ListAgentsRequest())).agents
    assert made.agent_id not in {agent.agent_id for agent in listed}
    with pytest.raises(SomaError) as refused:
        await chat.agents.ArchiveAgent(archiving(str(default_agent_id(TENANT))))
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_the_default_agent_is_made_once_by_whoever_comes_first(chat: Chat) -> None:
    made = await make_agent(chat, "support", system_prompt="Be brief.", tenant_default=True)
    assert (made.agent_id, made.name, made.tenant_default) == (str(default_agent_id(TENANT)), "support", True)
    (listed,) = (await chat.agents.ListAgents(agent_pb.ListAgentsRequest())).agents
    assert listed == made
    with pytest.raises(SomaError) as refused:
        await make_agent(chat, "another", tenant_default=True)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "agent.tenant_default")


async def test_control_takes_the_default_agent_back_when_it_undoes_a_tenant(chat: Chat) -> None:
    with acting_as(service_caller("control", OTHER_TENANT), "saga"):
        agent = agent_pb.Agent(name="assistant", tenant_default=True)
        creating = agent_pb.CreateAgentRequest(agent=agent, request_id=str(uuid4()))
        made = (await chat.agents_for_control.CreateAgent(creating)).agent
        archiving = agent_pb.ArchiveAgentRequest(agent_id=made.agent_id, request_id=str(uuid4()))
        assert (await chat.agents_for_control.ArchiveAgent(archiving)).agent.archived


async def test_agents_come_in_pages(chat: Chat) -> None:
    for name in ("b", "c", "d"):
        await make_agent(chat, name)
    names, token = [], ""
    while True:
        page = await chat.agents.ListAgents(agent_pb.ListAgentsRequest(page_size=2, page_token=token))
        names += [agent.name for agent in page.agents]
        token = page.next_page_token
        if not token:
            break
    assert names == ["assistant", "b", "c", "d"]


async def test_a_token_of_another_list_is_refused(chat: Chat) -> None:
    await make_agent(chat, "b")
    page = await chat.agents.ListAgents(agent_pb.ListAgentsRequest(page_size=1))
    with pytest.raises(SomaError) as refused:
        await chat.agents.ListAgents(agent_pb.ListAgentsRequest(page_token=page.next_page_token, include_archived=True))
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_conversations_are_listed_last_used_first_in_pages(chat: Chat) -> None:
    for number in range(5):
        chat.clock.advance(1)
        await make_conversation(chat, f"talk {number}")
    titles, token = [], ""
    while True:
        request = conversation_pb.ListConversationsRequest(page_size=2, page_token=token)
        page = await chat.conversations.ListConversations(request)
        titles += [conversation.title for conversation in page.conversations]
        token = page.next_page_token
        if not token:
            break
    assert titles == [f"talk {number}" for number in (4, 3, 2, 1, 0)]


async def test_a_conversation_is_renamed_archived_and_deleted(chat: Chat) -> None:
    made = await make_conversation(chat)

    async def change(*paths: str, **values: Any) -> conversation_pb.Conversation:
        wanted = conversation_pb.Conversation(conversation_id=made.conversation_id, **values)
        request = conversation_pb.UpdateConversationRequest(
            conversation=wanted, update_mask=FieldMask(paths=paths), request_id=str(uuid4())
        )
        return (await chat.conversations.UpdateConversation(request)).conversation

    assert (await change("title", title="Violins")).title == "Violins"
    archived = await change("status", status=conversation_pb.CONVERSATION_STATUS_ARCHIVED)
    assert (archived.status, archived.title) == (conversation_pb.CONVERSATION_STATUS_ARCHIVED, "Violins")
    assert (
        list((await chat.conversations.ListConversations(conversation_pb.ListConversationsRequest())).conversations)
        == []
    )
    deleting = conversation_pb.DeleteConversationRequest(conversation_id=made.conversation_id, request_id=str(uuid4()))
    assert await chat.conversations.DeleteConversation(deleting) == await chat.conversations.DeleteConversation(
        deleting
    )
    with pytest.raises(SomaError) as refused:
        await change("title", title="too late")
    assert refused.value.reason is Reason.CONVERSATION_CLOSED
    with pytest.raises(SomaError) as gone:
        await chat.conversations.GetConversation(
            conversation_pb.GetConversationRequest(conversation_id=made.conversation_id)
        )
    assert gone.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_other_people_and_other_tenants_do_not_learn_that_it_exists(chat: Chat) -> None:
    made = await make_conversation(chat)
    for stranger in (user("bob"), user("ada", OTHER_TENANT), user("root", OTHER_TENANT, ("admin",))):
        with acting_as(stranger, "test"):
            wanted = conversation_pb.GetConversationRequest(conversation_id=made.conversation_id)
            listed = conversation_pb.ListMessagesRequest(conversation_id=made.conversation_id)
            for call in (chat.conversations.GetConversation(wanted), chat.conversations.ListMessages(listed)):
                with pytest.raises(SomaError) as refused:
                    await call
                assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    with acting_as(user("root", TENANT, ("operator",)), "test"):
        found = await chat.conversations.GetConversation(
            conversation_pb.GetConversationRequest(conversation_id=made.conversation_id)
        )
        assert found.conversation.owner_sub == "ada"


async def test_an_empty_conversation_has_no_messages(chat: Chat) -> None:
    made = await make_conversation(chat)
    for everything in (False, True):
        request = conversation_pb.ListMessagesRequest(conversation_id=made.conversation_id, all_branches=everything)
        assert list((await chat.conversations.ListMessages(request)).messages) == []


async def test_a_viewer_may_read_and_not_write(chat: Chat) -> None:
    with acting_as(user("vera", roles=("viewer",)), "test"):
        await chat.agents.ListAgents(agent_pb.ListAgentsRequest())
        with pytest.raises(SomaError) as refused:
            await make_conversation(chat)
    assert refused.value.reason is Reason.SCOPE_MISSING


async def test_changes_have_their_events(chat: Chat) -> None:
    await make_agent(chat, "support")
    await make_conversation(chat)
    async with chat.database.transaction(TENANT) as connection:
        rows = await connection.fetch("select event_type from events order by event_id")
    # The conversation needed the default agent, which nobody had made before.
    told = [row["event_type"] for row in rows]
    assert told == ["agent.created", "agent.created", "conversation.created"]


def page_token(filters: dict[str, object], *position: str | int) -> str:
    """A token that somebody made who knows the form."""
    return next_page_token(position, filters)


@pytest.mark.parametrize(
    "position",
    [("x",), (7,), ("2026-01-01T00:00:00+00:00",), ("2026-01-01T00:00:00", str(uuid4())), ("x", "y"), ("9" * 30, "y")],
)
async def test_a_page_token_of_no_place_in_the_list_is_refused(chat: Chat, position: tuple[str | int, ...]) -> None:
    agent_id = str(default_agent_id(TENANT))
    made = await chat.conversations.CreateConversation(
        conversation_pb.CreateConversationRequest(agent_id=agent_id, request_id=str(uuid4()))
    )
    conversation_id = made.conversation.conversation_id
    listing = conversation_pb.ListConversationsRequest(
        page_token=page_token({"status": "active", "title": ""}, *position)
    )
    with pytest.raises(SomaError) as refused:
        await chat.conversations.ListConversations(listing)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "page_token")
    if len(position) == 1:
        token = page_token({"conversation": conversation_id, "leaf": None, "all": True}, *position)
        with pytest.raises(SomaError) as refused:
            await chat.conversations.ListMessages(
                conversation_pb.ListMessagesRequest(
                    conversation_id=conversation_id, all_branches=True, page_token=token
                )
            )
        assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "page_token")


async def test_a_change_of_a_conversation_without_a_proper_id_is_refused(chat: Chat) -> None:
    for given in ("", "x", "\0"):
        request = conversation_pb.UpdateConversationRequest(
            conversation=conversation_pb.Conversation(conversation_id=given, title="t"),
            update_mask=FieldMask(paths=["title"]),
            request_id=str(uuid4()),
        )
        with pytest.raises(SomaError) as refused:
            await chat.conversations.UpdateConversation(request)
        assert refused.value.reason is Reason.INVALID_FIELD
