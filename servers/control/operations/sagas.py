"""Sagas of all houses: one list, and each decision handed to the house that has the saga.

Nothing here decides what becomes of one.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from servers.control.domain.merging import BEGINNING, Place, merge, places_of, token_of
from servers.control.operations.houses import PATIENCE_SECONDS, Houses, Stub
from soma.control.v1 import saga_service_pb2 as control_pb
from soma.control.v1 import saga_service_pb2_grpc as control_grpc
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import saga_pb2 as saga_pb
from soma_common.kernel.paging import page_of, unreadable_token

_FILTERS: Final = ("status", "name", "house")


class SagaServicer(control_grpc.SagaServiceServicer):
    """`soma.control.v1.SagaService`."""

    def __init__(self, houses: Houses) -> None:
        self._houses = houses

    async def ListSagas(  # noqa: N802 - the contract's name
        self, request: control_pb.ListSagasRequest, _: Any
    ) -> control_pb.ListSagasResponse:
        """Sagas of all houses, the newest first."""
        filters = {name: getattr(request, name) for name in _FILTERS}
        page = page_of(request.page_size, request.page_token, filters)
        places = places_of(page, self._houses.names(request.house))
        after = positions(places)

        async def question(name: str, house: Stub) -> list[saga_pb.Saga]:
            asked = operations_pb.ListSagasRequest(
                page_size=page.size + 1, status=request.status, name=request.name, after=after[name]
            )
            return list((await house.ListSagas(asked, timeout=PATIENCE_SECONDS)).sagas)

        answers = await self._houses.ask(places, question)
        found = merge(answers.given, places, page.size, _place_of, falling=True)
        return control_pb.ListSagasResponse(
            sagas=found.items,
            next_page_token=token_of(found.places, answers.given, filters),
            unreachable_houses=answers.missing,
        )

    async def GetSaga(  # noqa: N802 - the contract's name
        self, request: control_pb.GetSagaRequest, _: Any
    ) -> control_pb.GetSagaResponse:
        """One saga with its steps."""
        found = await self._houses.house(request.house).GetSaga(operations_pb.GetSagaRequest(saga_id=request.saga_id))
        return control_pb.GetSagaResponse(saga=found.saga)

    async def ResumeSaga(  # noqa: N802 - the contract's name
        self, request: control_pb.ResumeSagaRequest, _: Any
    ) -> control_pb.ResumeSagaResponse:
        """Have a stuck one go on."""
        asked = operations_pb.ResumeSagaRequest(saga_id=request.saga_id, request_id=request.request_id)
        done = await self._houses.house(request.house).ResumeSaga(asked)
        return control_pb.ResumeSagaResponse(saga=done.saga)

    async def CompensateSaga(  # noqa: N802 - the contract's name
        self, request: control_pb.CompensateSagaRequest, _: Any
    ) -> control_pb.CompensateSagaResponse:
        """Have one undone."""
        asked = operations_pb.CompensateSagaRequest(saga_id=request.saga_id, request_id=request.request_id)
        done = await self._houses.house(request.house).CompensateSaga(asked)
        return control_pb.CompensateSagaResponse(saga=done.saga)


def positions(places: Mapping[str, Place]) -> dict[str, operations_pb.SagaPosition | None]:
    """Each house's place as it is asked. Raises INVALID_FIELD for places that are none of this list."""
    return {house: None if place == BEGINNING else _position(place) for house, place in places.items()}


def _position(place: Place) -> operations_pb.SagaPosition:
    microseconds, saga_id = place
    start_time = Timestamp()
    try:
        start_time.FromMicroseconds(int(microseconds))
        return operations_pb.SagaPosition(start_time=start_time, saga_id=str(UUID(str(saga_id))))
    except ValueError:
        raise unreadable_token() from None


def _place_of(saga: saga_pb.Saga) -> Place:
    return saga.start_time.ToMicroseconds(), saga.saga_id
