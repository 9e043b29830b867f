"""The calls about receipts, and which one is meant: an id, the newest, one before it.

Nothing here prints.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from cli.doors import Doors, checked_id
from cli.exits import CommandError
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma.governor.v1 import receipt_pb2 as receipt_pb

_PAGE: Final = 200
_MESSAGES: Final = 500
_LAST: Final = re.compile(r"last(?:~(\d{1,5}))?")
_NONE: Final = "There is no answer yet, so there is no receipt. Ask something with `somastack chat`."


@dataclass(frozen=True, slots=True)
class Which:
    """A receipt as it was asked for: by an id, or by its place before the newest one (0)."""

    receipt_id: str = ""
    back: int = 0


def meant(text: str) -> Which:
    """What the words mean. Raises CommandError (wrong use)."""
    word = text.strip()
    last = _LAST.fullmatch(word)
    if last is not None:
        return Which(back=int(last[1] or 0))
    return Which(checked_id(word, "receipt or turn"))


async def find(doors: Doors, wanted: Which) -> str:
    """The id of the receipt, which may be that of its turn. Raises SomaError, and CommandError where there is none."""
    if wanted.receipt_id:
        return wanted.receipt_id
    request = governor_pb.ListReceiptsRequest(page_size=min(wanted.back + 1, _PAGE))
    number = 0
    async with aclosing(listed(doors, request, everybody=False)) as receipts:
        async for receipt in receipts:
            if number == wanted.back:
                return receipt.receipt_id
            number += 1
    raise CommandError(f"There are only {number} receipts of yours." if number else _NONE)


async def fetch(doors: Doors, receipt_id: str) -> receipt_pb.Receipt:
    """One receipt, by its id or its turn's. Raises SomaError."""
    return (await _governor(doors).GetReceipt(governor_pb.GetReceiptRequest(receipt_id=receipt_id))).receipt


async def listed(
    doors: Doors, wanted: governor_pb.ListReceiptsRequest, *, everybody: bool
) -> AsyncGenerator[receipt_pb.ReceiptSummary, None]:
    """Receipts, the newest first; those of the whole tenant or the owner's own. Raises SomaError."""
    governor = _governor(doors, "admin" if everybody else "member")
    while True:
        page = await governor.ListReceipts(wanted)
        for receipt in page.receipts:
            yield receipt
        wanted.page_token = page.next_page_token
        if not wanted.page_token:
            return


async def newest(doors: Doors, amount: int) -> list[receipt_pb.ReceiptSummary]:
    """The owner's newest receipts. Raises SomaError."""
    request = governor_pb.ListReceiptsRequest(page_size=amount)
    return list((await _governor(doors, "member").ListReceipts(request)).receipts)


async def differences(doors: Doors, one: str, other: str) -> list[receipt_pb.ReceiptDifference]:
    """In what two receipts differ. Raises SomaError."""
    request = governor_pb.DiffReceiptsRequest(receipt_id=one, other_receipt_id=other)
    return list((await _governor(doors).DiffReceipts(request)).differences)


async def prompt(doors: Doors, wanted: Which, leg: int) -> turn_pb.RebuildPromptResponse:
    """The body of a model call, made again from what is kept. Raises SomaError, CommandError."""
    receipt = await fetch(doors, await find(doors, wanted))
    request = turn_pb.RebuildPromptRequest(turn_id=receipt.turn_id, leg=leg)
    return await doors.stub("chat", turn_grpc.TurnServiceStub).RebuildPrompt(request)


async def last_in(doors: Doors, conversation_id: str) -> str:
    """The receipt of the last answer on the branch that is shown. Raises SomaError, CommandError."""
    if not conversation_id:
        raise CommandError(_NONE)
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub, role="member")
    request = conversation_pb.ListMessagesRequest(conversation_id=conversation_id, page_size=_MESSAGES, from_end=True)
    said = (await chat.ListMessages(request)).messages
    answers = (it for it in reversed(said) if it.role == message_pb.ROLE_ASSISTANT and it.receipt_id)
    found = next(answers, None)
    if found is None:
        raise CommandError(_NONE)
    return str(found.receipt_id)


def _governor(doors: Doors, role: str = "admin") -> governor_grpc.GovernorServiceStub:
    return doors.stub("governor", governor_grpc.GovernorServiceStub, role=role)
