"""Conversations for people: rows, what was found with its words marked, and a whole one as markdown.

Nothing here calls a service or prints.
"""

from collections.abc import Iterable, Iterator

from cli.views.words import moment, one_line
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb

FOUND_HEADINGS = ("CONVERSATION", "TITLE", "WHO", "WHEN", "TEXT")
_LONGEST_TITLE = 30
_LONGEST_TEXT = 100
_WHO = {message_pb.ROLE_USER: "you", message_pb.ROLE_ASSISTANT: "assistant"}


def found_row(message: conversation_pb.FoundMessage) -> tuple[str, ...]:
    """A message that was found; the words stand between stars."""
    return (
        message.conversation_id,
        one_line(message.conversation_title, _LONGEST_TITLE),
        _WHO.get(message.role, ""),
        moment(message, "create_time"),
        one_line(marked(message), _LONGEST_TEXT),
    )


def marked(message: conversation_pb.FoundMessage) -> str:
    """The snippet with stars around what was found."""
    pieces, place = list[str](), 0
    for span in message.spans:
        pieces += [message.snippet[place : span.start], "*", message.snippet[span.start : span.end], "*"]
        place = span.end
    return "".join((*pieces, message.snippet[place:]))


def touched(conversation: conversation_pb.Conversation, *, keep_memories: bool) -> str:
    """What deleting it will touch."""
    title = f"“{one_line(conversation.title, 60)}”" if conversation.title else "a conversation without a title"
    learned = "What was learned in it stays." if keep_memories else "What was learned in it is forgotten."
    return f"This deletes {title} with its {conversation.message_count} messages, for good. {learned}"


def branch(
    header: conversation_pb.ConversationHeader, messages: Iterable[message_pb.Message]
) -> list[message_pb.Message]:
    """The messages that end in the current leaf, oldest first; all of them where there is none."""
    by_id = {message.message_id: message for message in messages}
    path, at = list[message_pb.Message](), by_id.get(header.current_leaf_message_id)
    while at is not None:
        path.append(at)
        at = by_id.get(at.parent_message_id)
    return path[::-1] or list(by_id.values())


def markdown(header: conversation_pb.ConversationHeader, messages: Iterable[message_pb.Message]) -> Iterator[str]:
    """A conversation as a document, line by line: the branch that is shown."""
    yield f"# {one_line(header.title, 200) or 'Conversation'}"
    yield ""
    yield f"With {header.agent_name}, {moment(header, 'create_time')}."
    for message in branch(header, messages):
        who = "You" if message.role == message_pb.ROLE_USER else header.agent_name or "Assistant"
        yield ""
        yield f"## {who} · {moment(message, 'create_time')}"
        yield ""
        yield "\n".join(part.text for part in message.content)
        for call in message.tool_calls:
            yield f"\n`{call.name}` {call.arguments_json}"
