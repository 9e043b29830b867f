"""A conversation as a tree: its messages, its branches, and the calls that read and change which one is shown.

Nothing here prints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.doors import Doors
from cli.exits import CommandError
from cli.views.words import count, moment, one_line
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import message_pb2 as message_pb

HEADINGS: Final = ("", "NUMBER", "MESSAGES", "LAST QUESTION", "ANSWER", "WRITTEN")
_LONGEST: Final = 48
_PAGE: Final = 500
_RECENT: Final = 8


@dataclass(frozen=True, slots=True)
class Branch:
    """The messages from the first one to a leaf."""

    messages: tuple[message_pb.Message, ...]

    @property
    def leaf_id(self) -> str:
        """The message that it ends in."""
        return self.messages[-1].message_id


def branches_of(messages: Sequence[message_pb.Message]) -> list[Branch]:
    """Every branch, in the order in which their leaves were made."""
    known = {message.message_id: message for message in messages}
    parents = {message.parent_message_id for message in messages}
    leaves = [message for message in messages if message.message_id not in parents]
    return [Branch(_path(known, leaf)) for leaf in leaves]


def _path(known: dict[str, message_pb.Message], leaf: message_pb.Message) -> tuple[message_pb.Message, ...]:
    path = [leaf]
    while (parent := known.get(path[-1].parent_message_id)) is not None:
        path.append(parent)
    return tuple(reversed(path))


def row(branch: Branch, number: int, shown_leaf_id: str) -> tuple[str, ...]:
    """A branch under the headings; the one that is shown has a mark."""
    return (
        "›" if branch.leaf_id == shown_leaf_id else "",
        str(number),
        count(len(branch.messages)),
        one_line(_said(branch.messages, message_pb.ROLE_USER), _LONGEST),
        one_line(_said(branch.messages, message_pb.ROLE_ASSISTANT), _LONGEST),
        moment(branch.messages[-1], "create_time"),
    )


def text_of(message: message_pb.Message) -> str:
    """What a message says."""
    return "\n".join(part.text for part in message.content)


def _said(messages: Sequence[message_pb.Message], role: message_pb.Role.ValueType) -> str:
    return next((text_of(message) for message in reversed(messages) if message.role == role), "")


async def last(doors: Doors, conversation_id: str, *roles: message_pb.Role.ValueType) -> message_pb.Message:
    """The last message of the branch that is shown by one of these. Raises SomaError, and CommandError for none."""
    if conversation_id:
        request = conversation_pb.ListMessagesRequest(conversation_id=conversation_id, page_size=_RECENT, from_end=True)
        found = (await _chat(doors).ListMessages(request)).messages
        for message in reversed(found):
            if message.role in roles:
                return message
    raise CommandError("Nothing was said yet. Ask something first, or /open a conversation.")


async def all_branches(doors: Doors, conversation_id: str) -> tuple[list[Branch], str]:
    """Every branch of a conversation, and the leaf of the one that is shown. Raises SomaError."""
    if not conversation_id:
        raise CommandError("Nothing was said yet, so there is no branch.")
    messages: list[message_pb.Message] = []
    token = ""
    while True:
        request = conversation_pb.ListMessagesRequest(
            conversation_id=conversation_id, page_size=_PAGE, page_token=token, all_branches=True
        )
        page = await _chat(doors).ListMessages(request)
        messages += page.messages
        token = page.next_page_token
        if not token:
            break
    asked = conversation_pb.GetConversationRequest(conversation_id=conversation_id)
    shown = (await _chat(doors).GetConversation(asked)).conversation
    return branches_of(messages), shown.current_leaf_message_id


async def show_branch(doors: Doors, conversation_id: str, number: int) -> Branch:
    """Makes a branch the one that is shown and continued. Raises SomaError, and CommandError for none."""
    branches, _ = await all_branches(doors, conversation_id)
    if not 1 <= number <= len(branches):
        raise CommandError(f"There is no branch {number}; there are {len(branches)}. /branches lists them.")
    changed = conversation_pb.Conversation(
        conversation_id=conversation_id, current_leaf_message_id=branches[number - 1].leaf_id
    )
    request = conversation_pb.UpdateConversationRequest(conversation=changed, request_id=doors.request_id())
    request.update_mask.paths.append("current_leaf_message_id")
    await _chat(doors).UpdateConversation(request)
    return branches[number - 1]


def _chat(doors: Doors) -> conversation_grpc.ConversationServiceStub:
    return doors.stub("chat", conversation_grpc.ConversationServiceStub)
