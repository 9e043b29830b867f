"""Conversations on the command line: marked words, a document of a branch, and files that are no export."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.conversation_calls import read_export
from cli.exits import CommandError, Exit
from cli.views.conversation import found_row, markdown, marked, touched
from cli.views.words import to_object
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma_common.rpc.options import MAX_MESSAGE_BYTES


def message(key: str, parent: str, role: message_pb.Role.ValueType, text: str) -> message_pb.Message:
    made = message_pb.Message(message_id=key, parent_message_id=parent, role=role)
    made.content.add(text=text)
    made.create_time.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    return made


def test_what_was_found_stands_between_stars() -> None:
    found = conversation_pb.FoundMessage(snippet="东京 and tea", role=message_pb.ROLE_USER)
    found.spans.add(start=0, end=2)
    found.spans.add(start=7, end=10)
    assert marked(found) == "*东京* and *tea*"
    assert found_row(found)[2] == "you"


def test_a_document_is_the_branch_that_is_shown() -> None:
    header = conversation_pb.ConversationHeader(title="Bread", agent_name="Ada", current_leaf_message_id="c")
    told = [
        message("a", "", message_pb.ROLE_USER, "How?"),
        message("b", "a", message_pb.ROLE_ASSISTANT, "Not so."),
        message("c", "a", message_pb.ROLE_ASSISTANT, "With *soda*."),
    ]
    text = "\n".join(markdown(header, told))
    assert text.startswith("# Bread\n")
    assert "## You · 2026-01-01 00:00:00 UTC\n\nHow?" in text
    assert "## Ada · 2026-01-01 00:00:00 UTC\n\nWith *soda*." in text
    assert "Not so." not in text


def test_what_is_deleted_is_said_before() -> None:
    there = conversation_pb.Conversation(title="Bread", message_count=3)
    assert touched(there, keep_memories=False).endswith("What was learned in it is forgotten.")
    assert "“Bread” with its 3 messages" in touched(there, keep_memories=True)


def test_an_export_is_read_as_the_request_that_takes_it_in() -> None:
    header = conversation_pb.ConversationHeader(format=1, title="Bread", message_count=1)
    said = message("a", "", message_pb.ROLE_USER, "How?")
    value = {"header": to_object(header), "messages": [to_object(said)]}
    request = read_export(value, "id")
    assert (request.header, list(request.messages), request.request_id) == (header, [said], "id")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "no exported conversation"),
        ({}, "it has no header"),
        ({"header": {"format": "x"}}, "no exported conversation"),
        ({"header": {"format": 1}, "messages": [{"content": [{"text": "x" * MAX_MESSAGE_BYTES}]}]}, "8 MiB"),
    ],
)
def test_what_is_no_export_is_said(value: Any, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        read_export(value, "id")
    assert refused.value.code in (Exit.WRONG_USE, Exit.FAILED)
