"""The calls of the commands that deal with dead letters: one function each, by the owner's session.

Nothing here prints or asks a person.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.operations.partial import checked_beginning, not_there
from soma.control.v1 import dlq_service_pb2 as dlq_pb
from soma.control.v1 import dlq_service_pb2_grpc as dlq_grpc
from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT

PAGE: Final = 200
_OUTCOME_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.25
_BATCH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters are meant; empty means any, and all that are not discarded."""

    consumer: str = ""
    house: str = ""
    stream: str = ""
    status: "letter_pb.DeadLetterStatus.ValueType" = letter_pb.DEAD_LETTER_STATUS_UNSPECIFIED
    system: bool = False

    @property
    def is_any(self) -> bool:
        """Whether nothing was asked for in particular."""
        return self == Wanted()


@dataclass(slots=True)
class Found:
    """Letters, the houses that did not answer, and whether there are more."""

    letters: list[letter_pb.DeadLetter] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    more: bool = False


async def listed(doors: Doors, wanted: Wanted, most: int | None) -> Found:
    """Letters, the oldest event first; all of them where `most` is None. Raises SomaError."""
    found, token = Found(), ""
    while True:
        size = PAGE if most is None else min(PAGE, most - len(found.letters))
        page = await _dlq(doors).ListDeadLetters(
            dlq_pb.ListDeadLettersRequest(
                page_size=size,
                page_token=token,
                status=wanted.status,
                consumer=wanted.consumer,
                stream=wanted.stream,
                house=wanted.house,
                system=wanted.system,
            )
        )
        found.letters += page.dead_letters
        found.missing.update(page.unreachable_houses)
        token = page.next_page_token
        if not token or (most is not None and len(found.letters) >= most):
            found.more = bool(token)
            return found


async def find(doors: Doors, text: str, wanted: Wanted) -> letter_pb.DeadLetter:
    """The letter whose event id begins so. Raises CommandError when it is none or several, SomaError."""
    begin = checked_beginning(text, "dead letter")
    letters: list[letter_pb.DeadLetter] = []
    missing: set[str] = set()
    statuses = (letter_pb.DEAD_LETTER_STATUS_UNSPECIFIED, letter_pb.DEAD_LETTER_STATUS_DISCARDED)
    for status in statuses:
        page = await _dlq(doors).ListDeadLetters(
            dlq_pb.ListDeadLettersRequest(
                page_size=PAGE,
                event_id_prefix=begin,
                status=status,
                consumer=wanted.consumer,
                house=wanted.house,
                system=wanted.system,
            )
        )
        letters += page.dead_letters
        missing.update(page.unreachable_houses)
    if len(letters) == 1:
        return letters[0]
    if letters:
        raise CommandError(_several(begin, letters), Exit.WRONG_USE)
    raise not_there("dead letter", begin, missing, "somastack dlq list")


def _several(begin: str, letters: list[letter_pb.DeadLetter]) -> str:
    if len({letter.event_id for letter in letters}) == 1:
        names = ", ".join(sorted({letter.consumer for letter in letters}))
        return f"Several consumers have {begin}: {names}. Name one with --consumer."
    return f"{begin} is the beginning of {len(letters)} ids. Give more digits."


async def whole(doors: Doors, letter: letter_pb.DeadLetter) -> letter_pb.DeadLetter:
    """The letter with its event and bytes. Raises SomaError."""
    request = dlq_pb.GetDeadLetterRequest(
        house=letter.house, consumer=letter.consumer, event_id=letter.event_id, system=_is_the_installations(letter)
    )
    return (await _dlq(doors).GetDeadLetter(request)).dead_letter


async def retry(doors: Doors, letter: letter_pb.DeadLetter, payload: bytes = b"") -> letter_pb.DeadLetter:
    """Have it tried again, as it is or with another payload. Raises SomaError."""
    request = dlq_pb.RetryDeadLetterRequest(
        house=letter.house,
        consumer=letter.consumer,
        event_id=letter.event_id,
        edited_payload=payload,
        request_id=doors.request_id(),
        system=_is_the_installations(letter),
    )
    return (await _dlq(doors).RetryDeadLetter(request)).dead_letter


async def outcome(doors: Doors, before: letter_pb.DeadLetter) -> letter_pb.DeadLetter | None:
    """What became of a letter that is tried again: None when its event has had its effect; a moment is waited for it.

    One whose tries have not grown is still to be tried. Raises SomaError.
    """
    now = before
    try:
        async with asyncio.timeout(_OUTCOME_SECONDS):
            while now.attempts == before.attempts:
                await asyncio.sleep(_LOOK_SECONDS)
                now = await whole(doors, before)
    except TimeoutError:
        return now
    except SomaError as problem:
        if problem.reason is Reason.RESOURCE_NOT_FOUND:
            return None
        raise
    return now


async def retry_all(doors: Doors, wanted: Wanted, tell: Callable[[int], None]) -> tuple[int, set[str]]:
    """Have all that are parked and meant tried again: how many, and which houses did not answer. Raises SomaError."""
    retried, missing, token = 0, set[str](), ""
    while True:
        request = dlq_pb.RetryDeadLettersRequest(
            page_size=PAGE,
            page_token=token,
            consumer=wanted.consumer,
            stream=wanted.stream,
            house=wanted.house,
            request_id=doors.request_id(),
        )
        page = await _dlq(doors).RetryDeadLetters(request, timeout=_BATCH_SECONDS)
        retried += page.retried_count
        tell(page.retried_count)
        missing.update(page.unreachable_houses)
        token = page.next_page_token
        if not token:
            return retried, missing


async def refuse_if_settled(doors: Doors, letter: letter_pb.DeadLetter, wanted: str) -> None:
    """Say at once why a letter cannot be retried or discarded. Raises CommandError, SomaError."""
    if letter.status == letter_pb.DEAD_LETTER_STATUS_DISCARDED:
        raise CommandError(f"{letter.event_id} was discarded; it cannot be {wanted} any more.")
    if letter.status == letter_pb.DEAD_LETTER_STATUS_WAITING:
        ahead = await _first_of_stream(doors, letter)
        first = f" That one is {ahead.event_id}: decide about it first." if ahead else ""
        raise CommandError(f"{letter.event_id} has not failed: it waits behind an earlier event of its stream.{first}")


async def _first_of_stream(doors: Doors, letter: letter_pb.DeadLetter) -> letter_pb.DeadLetter | None:
    """The letter behind which this one waits. Raises SomaError."""
    found = await listed(
        doors, Wanted(letter.consumer, letter.house, letter.stream, system=_is_the_installations(letter)), 1
    )
    ahead = [each for each in found.letters if each.event_id != letter.event_id]
    return ahead[0] if ahead else None


async def discard(doors: Doors, letter: letter_pb.DeadLetter) -> letter_pb.DeadLetter:
    """Give it up. Raises SomaError."""
    request = dlq_pb.DiscardDeadLetterRequest(
        house=letter.house,
        consumer=letter.consumer,
        event_id=letter.event_id,
        request_id=doors.request_id(),
        system=_is_the_installations(letter),
    )
    return (await _dlq(doors).DiscardDeadLetter(request)).dead_letter


def status_number(name: str) -> "letter_pb.DeadLetterStatus.ValueType":
    """The number of a status by the word for it."""
    return letter_pb.DeadLetterStatus.Value(f"DEAD_LETTER_STATUS_{name.upper()}")


def _is_the_installations(letter: letter_pb.DeadLetter) -> bool:
    return letter.tenant_id == str(SYSTEM_TENANT)


def _dlq(doors: Doors) -> dlq_grpc.DlqServiceStub:
    return doors.stub("control", dlq_grpc.DlqServiceStub)
