"""Dead letters of all houses: one list, and each decision handed to the house that has the letter.

Nothing here decides what becomes of one.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from servers.control.domain.merging import BEGINNING, Place, merge, places_of, token_of
from servers.control.operations.houses import PATIENCE_SECONDS, Houses, Stub
from soma.control.v1 import dlq_service_pb2 as dlq_pb
from soma.control.v1 import dlq_service_pb2_grpc as dlq_grpc
from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma_common.kernel.paging import page_of, unreadable_token

_FILTERS: Final = ("status", "consumer", "stream", "house", "event_id_prefix", "system")


class DlqServicer(dlq_grpc.DlqServiceServicer):
    """`soma.control.v1.DlqService`."""

    def __init__(self, houses: Houses) -> None:
        self._houses = houses

    async def ListDeadLetters(  # noqa: N802 - the contract's name
        self, request: dlq_pb.ListDeadLettersRequest, _: Any
    ) -> dlq_pb.ListDeadLettersResponse:
        """Letters of all houses, the oldest event first."""
        filters = {name: getattr(request, name) for name in _FILTERS}
        page = page_of(request.page_size, request.page_token, filters)
        places = places_of(page, self._houses.names(request.house))
        after = positions(places)

        async def question(name: str, house: Stub) -> list[letter_pb.DeadLetter]:
            asked = operations_pb.ListDeadLettersRequest(
                page_size=page.size + 1,
                status=request.status,
                consumer=request.consumer,
                stream=request.stream,
                after=after[name],
                event_id_prefix=request.event_id_prefix,
                system=request.system,
            )
            return list((await house.ListDeadLetters(asked, timeout=PATIENCE_SECONDS)).dead_letters)

        answers = await self._houses.ask(places, question)
        found = merge(answers.given, places, page.size, _place_of)
        return dlq_pb.ListDeadLettersResponse(
            dead_letters=found.items,
            next_page_token=token_of(found.places, answers.given, filters),
            unreachable_houses=answers.missing,
        )

    async def GetDeadLetter(  # noqa: N802 - the contract's name
        self, request: dlq_pb.GetDeadLetterRequest, _: Any
    ) -> dlq_pb.GetDeadLetterResponse:
        """One letter with its bytes."""
        asked = operations_pb.GetDeadLetterRequest(
            consumer=request.consumer, event_id=request.event_id, system=request.system
        )
        found = await self._houses.house(request.house).GetDeadLetter(asked)
        return dlq_pb.GetDeadLetterResponse(dead_letter=found.dead_letter)

    async def RetryDeadLetter(  # noqa: N802 - the contract's name
        self, request: dlq_pb.RetryDeadLetterRequest, _: Any
    ) -> dlq_pb.RetryDeadLetterResponse:
        """Have one tried again."""
        asked = operations_pb.RetryDeadLetterRequest(
            consumer=request.consumer,
            event_id=request.event_id,
            edited_payload=request.edited_payload,
            request_id=request.request_id,
            system=request.system,
        )
        done = await self._houses.house(request.house).RetryDeadLetter(asked)
        return dlq_pb.RetryDeadLetterResponse(dead_letter=done.dead_letter)

    async def RetryDeadLetters(  # noqa: N802 - the contract's name
        self, request: dlq_pb.RetryDeadLettersRequest, _: Any
    ) -> dlq_pb.RetryDeadLettersResponse:
        """Have parked ones tried again, in all houses at once."""
        filters = {name: getattr(request, name) for name in ("consumer", "stream", "house")}
        page = page_of(request.page_size, request.page_token, filters)
        places = places_of(page, self._houses.names(request.house))
        after = positions(places)

        async def question(name: str, house: Stub) -> operations_pb.RetryDeadLettersResponse:
            asked = operations_pb.RetryDeadLettersRequest(
                page_size=page.size,
                consumer=request.consumer,
                stream=request.stream,
                after=after[name],
                request_id=request.request_id,
            )
            return await house.RetryDeadLetters(asked, timeout=PATIENCE_SECONDS)

        answers = await self._houses.ask(places, question)
        left: dict[str, Place] = {name: places[name] for name in answers.missing}
        for name, reply in answers.given.items():
            if reply.HasField("last"):
                left[name] = (reply.last.event_id, reply.last.consumer)
        return dlq_pb.RetryDeadLettersResponse(
            retried_count=sum(reply.retried_count for reply in answers.given.values()),
            next_page_token=token_of(left, answers.given, filters),
            unreachable_houses=answers.missing,
        )

    async def DiscardDeadLetter(  # noqa: N802 - the contract's name
        self, request: dlq_pb.DiscardDeadLetterRequest, _: Any
    ) -> dlq_pb.DiscardDeadLetterResponse:
        """Give one up."""
        asked = operations_pb.DiscardDeadLetterRequest(
            consumer=request.consumer,
            event_id=request.event_id,
            request_id=request.request_id,
            system=request.system,
        )
        done = await self._houses.house(request.house).DiscardDeadLetter(asked)
        return dlq_pb.DiscardDeadLetterResponse(dead_letter=done.dead_letter)


def positions(places: Mapping[str, Place]) -> dict[str, operations_pb.DeadLetterPosition | None]:
    """Each house's place as it is asked. Raises INVALID_FIELD for places that are none of this list."""
    return {house: None if place == BEGINNING else _position(place) for house, place in places.items()}


def _position(place: Place) -> operations_pb.DeadLetterPosition:
    event_id, consumer = place
    try:
        return operations_pb.DeadLetterPosition(event_id=str(UUID(str(event_id))), consumer=str(consumer))
    except ValueError:
        raise unreadable_token() from None


def _place_of(letter: letter_pb.DeadLetter) -> Place:
    return letter.event_id, letter.consumer
