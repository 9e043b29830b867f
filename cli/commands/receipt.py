"""`somastack receipt`: what a turn was allowed, what it used, and why.

Nothing here knows how a receipt is drawn; `cli/views/receipt.py` does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
    from soma.governor.v1 import receipt_pb2 as receipt_pb

_LAST = "last"
_CONVERSATIONS = 20
_MESSAGES = 500


def receipt(
    which: Annotated[str, typer.Argument(metavar="ID|last", help="A receipt by its id, or the newest one.")] = _LAST,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what a turn was allowed, what it used and why: lanes, level, what was dropped, phases, model calls, cost.

    `last` is the receipt of the newest answer in a conversation of your own. With --json: the message
    soma.governor.v1.Receipt as REST answers it at /api/v1/receipts/{receipt_id}.

    Examples:  somastack receipt  ·  somastack receipt last --json  ·
    somastack receipt 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.render import print_line
    from cli.views.words import to_json

    wanted = "" if which == _LAST else checked_id(which, "receipt")

    async def work(doors: "Doors") -> "receipt_pb.Receipt":
        return await fetch(doors, wanted or await last_id(doors))

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    else:
        show(found)


async def fetch(doors: "Doors", receipt_id: str) -> "receipt_pb.Receipt":
    """One receipt. Raises SomaError."""
    from soma.governor.v1 import governor_service_pb2 as governor_pb
    from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc

    governor = doors.stub("governor", governor_grpc.GovernorServiceStub)
    return (await governor.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=receipt_id))).receipt


async def last_id(doors: "Doors", conversation_id: str = "") -> str:
    """The receipt of the newest answer, in one conversation or all of the owner's. Raises SomaError, CommandError."""
    from soma.chat.v1 import conversation_service_pb2 as conversation_pb
    from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc

    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub, role="member")
    if conversation_id:
        candidates = [conversation_id]
    else:
        listed = await chat.ListConversations(conversation_pb.ListConversationsRequest(page_size=_CONVERSATIONS))
        candidates = [conversation.conversation_id for conversation in listed.conversations]
    for candidate in candidates:
        if found := await _last_of(chat, candidate):
            return found
    raise CommandError("There is no answer yet, so there is no receipt. Ask something with `somastack chat`.")


async def _last_of(chat: "conversation_grpc.ConversationServiceStub", conversation_id: str) -> str:
    """The receipt of the last answer of a conversation; empty while it has none."""
    from soma.chat.v1 import conversation_service_pb2 as conversation_pb
    from soma.chat.v1 import message_pb2 as message_pb

    found = token = ""
    while True:
        request = conversation_pb.ListMessagesRequest(
            conversation_id=conversation_id, page_size=_MESSAGES, page_token=token
        )
        page = await chat.ListMessages(request)
        answers = [message for message in page.messages if message.role == message_pb.ROLE_ASSISTANT]
        found = next((message.receipt_id for message in reversed(answers) if message.receipt_id), found)
        token = page.next_page_token
        if not token:
            return found


def show(found: "receipt_pb.Receipt") -> None:
    """Print a receipt for people."""
    from cli.render import print_line, print_table
    from cli.views.receipt import sections, summary

    for line in summary(found):
        print_line(line)
    for section in sections(found):
        if section.rows:
            print_line(f"\n{section.title}")
            print_table(section.headings, section.rows)
